"""Buttons and lists below an answer; all they mean is in their ids, so they outlive the bot."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self, cast

import discord
from discord import ui

from bot.core.commands import decode, encode
from bot.core.messages import Hit, MoreLikeThis, Reply, Request
from bot.core.sentences import SENTENCES
from bot.core.texts import Texts
from bot.frontends.discord_bot.limits import (
    LABEL_CHARACTERS,
    OPTION_CHARACTERS,
    SELECT_OPTIONS,
    clip,
)

if TYPE_CHECKING:
    from bot.frontends.discord_bot.client import BotClient

COMMAND = re.compile(r"[a-z]:[!-~]{1,98}")
"""What :func:`bot.core.commands.encode` writes."""
LIKE = re.compile(r"like")


class CommandButton(ui.DynamicItem[ui.Button[ui.View]], template=COMMAND):
    """A button that sends the request written in its id."""

    def __init__(self, label: str, custom_id: str) -> None:
        super().__init__(ui.Button(label=clip(label, LABEL_CHARACTERS), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message, however old."""
        return cls(cast("ui.Button[ui.View]", item).label or "", match[0])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press."""
        await _answer(interaction, self.custom_id)


class LikeSelect(ui.DynamicItem[ui.Select[ui.View]], template=LIKE):
    """A list of the pictures shown; choosing one asks for more like it."""

    def __init__(self, placeholder: str | None, options: list[discord.SelectOption]) -> None:
        super().__init__(
            ui.Select(custom_id=LIKE.pattern, placeholder=placeholder, options=options)
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message, however old."""
        select = cast("ui.Select[ui.View]", item)
        return cls(select.placeholder, select.options)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the choice."""
        await _answer(interaction, next(iter(self.item.values), ""))


ITEMS = (CommandButton, LikeSelect)


def is_known(custom_id: str) -> bool:
    """Tell whether a component is one of this version's."""
    return any(template.fullmatch(custom_id) for template in (COMMAND, LIKE))


def components(reply: Reply, shown: Collection[int], texts: Texts) -> ui.View | None:
    """Build what belongs below a reply of which these pictures are shown."""
    view = ui.View(timeout=None)
    for choice in reply.choices:
        view.add_item(CommandButton(choice.label, encode(choice.request)))
    hits = [hit for hit in reply.hits if hit.image_id in shown]
    if hits:
        options = [_option(hit) for hit in hits[:SELECT_OPTIONS]]
        view.add_item(LikeSelect(texts.say(SENTENCES["similar"]), options))
    return view if view.children else None


def _option(hit: Hit) -> discord.SelectOption:
    label = clip(f"№ {hit.rank}  {hit.caption}".strip(), OPTION_CHARACTERS)
    return discord.SelectOption(label=label, value=encode(MoreLikeThis(hit.image_id)))


async def _answer(interaction: discord.Interaction[Any], command: str) -> None:
    client = cast("BotClient", interaction.client)
    request: Request | None = decode(command)
    if request is None:
        await client.answers.say_expired(interaction)
    else:
        await client.answers.to_interaction(interaction, request)
