"""Which channels are watched: begun and ended by commands, or chosen in the settings."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Self, cast

import discord
from discord import ui

from bot.core.policy import Policy
from bot.core.texts import Texts, texts_for
from bot.frontends.discord_bot.askers import Asker
from bot.frontends.discord_bot.library.channels import (
    Readable,
    check_admin,
    check_bot,
    check_content,
    find_channel,
)
from bot.frontends.discord_bot.library.parts import (
    RefusedError,
    ShowsAnswers,
    client_of,
    fresh_view,
    kindly,
    mention,
    require_admin,
)
from bot.frontends.discord_bot.library.sentences import SENTENCES
from bot.frontends.discord_bot.limits import LABEL_CHARACTERS, SELECT_OPTIONS, clip

MAX_WATCHED = SELECT_OPTIONS
"""More cannot be shown as chosen in the settings."""
_ID = re.compile(r"lib:import:(?P<channel>[0-9]{1,20})")


class ImportThereButton(ui.DynamicItem[ui.Button[ui.View]], template=_ID):
    """Imports what was posted in a channel before it was watched."""

    def __init__(self, label: str, custom_id: str) -> None:
        super().__init__(ui.Button(label=clip(label, LABEL_CHARACTERS), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message, however old."""
        return cls(cast("ui.Button[ui.View]", item).label or "…", match[0])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Begin the import."""
        match = _ID.fullmatch(self.custom_id)
        if match is not None:
            work = importing(interaction, int(match["channel"]))
            await client_of(interaction).answers.attend(interaction, work)


def importing(interaction: discord.Interaction[Any], channel_id: int) -> Any:
    """Return the work of beginning an import where a command or a button was used."""

    async def work(asker: Asker, outlet: ShowsAnswers) -> None:
        require_admin(asker)
        channel = await checked(interaction, channel_id, history=True)
        importer = client_of(interaction).importer
        await importer.begin(asker, channel, interaction.channel_id or 0)
        text = texts_for(asker.language).say(SENTENCES["import_begun"])
        await outlet.show(text, [], None)

    return kindly(work)


def watching(interaction: discord.Interaction[Any], channel_id: int, *, begins: bool) -> Any:
    """Return the work of beginning, or ending, to watch a channel."""

    async def work(asker: Asker, outlet: ShowsAnswers) -> None:
        require_admin(asker)
        texts, name = texts_for(asker.language), str(channel_id)
        policies = client_of(interaction).watcher.policies
        if begins:
            await checked(interaction, channel_id, history=False)

        def change(policy: Policy) -> Policy:
            watched = policy.watched | {name} if begins else policy.watched - {name}
            if len(watched) > max(MAX_WATCHED, len(policy.watched)):
                raise RefusedError("too_many_watched", limit=MAX_WATCHED)
            return replace(policy, watched=watched)

        await policies.change(asker.collection, asker.person, change)
        said = SENTENCES["watching" if begins else "unwatched"]
        text = texts.say(said, channel=mention(channel_id))
        await outlet.show(text, [], _offer(channel_id, texts) if begins else None)

    return kindly(work)


async def admitted(
    interaction: discord.Interaction[Any],
    chosen: Sequence[str],
    known: Collection[str],
    texts: Texts,
) -> tuple[list[str], list[str]]:
    """Return which of the channels chosen can be watched, and why the others cannot."""
    channels, refusals = [], []
    for channel_id in chosen:
        if channel_id not in known:
            try:
                await checked(interaction, int(channel_id), history=False)
            except RefusedError as refused:
                refusals.append(refused.told(texts))
                continue
        channels.append(channel_id)
    return channels, list(dict.fromkeys(refusals))


async def checked(
    interaction: discord.Interaction[Any], channel_id: int, *, history: bool
) -> Readable:
    """Return a channel that both the bot and its admin may look at; raises RefusedError."""
    if interaction.guild is None:
        raise RefusedError("no_such_channel")
    check_content(interaction.client)
    channel = await find_channel(interaction.client, interaction.guild, channel_id)
    check_bot(channel, history=history)
    check_admin(channel, interaction)
    return channel


def _offer(channel_id: int, texts: Texts) -> ui.View:
    label = texts.say(SENTENCES["import_there"])
    return fresh_view(ImportThereButton(label, f"lib:import:{channel_id}"))
