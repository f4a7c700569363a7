"""Removing pictures: found by words, chosen from a list, deleted after a second look."""

from __future__ import annotations

import re
from typing import Any, Self, cast

import discord
from discord import ui

from bot.core.messages import Ask, Delete, Hit, Incoming, Reply
from bot.core.texts import Texts, texts_for
from bot.frontends.base import ConversationPort
from bot.frontends.discord_bot.askers import Asker
from bot.frontends.discord_bot.library.parts import (
    ShowsAnswers,
    client_of,
    fresh_view,
    require_admin,
    shown,
)
from bot.frontends.discord_bot.library.presses import Press, press
from bot.frontends.discord_bot.library.sentences import SENTENCES
from bot.frontends.discord_bot.limits import ATTACHMENTS, LABEL_CHARACTERS, OPTION_CHARACTERS, clip
from bot.frontends.discord_bot.pictures import attach
from bot.frontends.discord_bot.sentences import SENTENCES as MEMBERS

_CHOOSE = re.compile(r"lib:choose")
_DELETE = re.compile(r"lib:delete")
_LINE_CHARACTERS = 150


class ChooseSelect(ui.DynamicItem[ui.Select[ui.View]], template=_CHOOSE):
    """The pictures that can be deleted; what is chosen is kept in the message itself."""

    def __init__(self, placeholder: str | None, options: list[discord.SelectOption]) -> None:
        super().__init__(
            ui.Select(
                custom_id=_CHOOSE.pattern,
                placeholder=placeholder,
                options=options,
                min_values=0,
                max_values=len(options),
            )
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: ui.Item[Any], _match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message."""
        select = cast("ui.Select[ui.View]", item)
        return cls(select.placeholder, select.options)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show what is chosen, with a button that deletes it."""
        chosen = set(self.item.values)
        options = [
            discord.SelectOption(
                label=option.label, value=option.value, default=option.value in chosen
            )
            for option in self.item.options
        ]

        async def work(pressed: Press) -> None:
            require_admin(pressed.asker)
            view = _view(pressed.texts, options, len(chosen))
            await interaction.edit_original_response(view=view)

        await press(interaction, work)


class DeleteButton(ui.DynamicItem[ui.Button[ui.View]], template=_DELETE):
    """Deletes what is chosen in the list of the same message."""

    def __init__(self, label: str) -> None:
        super().__init__(
            ui.Button(
                label=clip(label, LABEL_CHARACTERS),
                style=discord.ButtonStyle.danger,
                custom_id=_DELETE.pattern,
            )
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], _match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message."""
        return cls("…")

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Delete, and tell what is gone."""
        conversation = client_of(interaction).conversation

        async def work(pressed: Press) -> None:
            require_admin(pressed.asker)
            asker = pressed.asker
            lines = []
            for image_id in _chosen(interaction.message):
                request = Delete(image_id)
                reply = await _last(
                    conversation,
                    Incoming(asker.collection, asker.person, asker.language, request),
                )
                lines.append(clip(reply.text, _LINE_CHARACTERS))
            await pressed.redraw(shown("\n".join(lines)), None)

        await press(interaction, work)


async def show_choice(
    conversation: ConversationPort, query: str, asker: Asker, outlet: ShowsAnswers
) -> None:
    """Find pictures by words and offer to delete some of them."""
    require_admin(asker)
    texts = texts_for(asker.language)
    reply = await _last(conversation, asker.asks(Ask(query, count=ATTACHMENTS), ATTACHMENTS))
    if not reply.hits:
        await outlet.show(shown(reply.text), [], None)
        return
    pictures = await attach(conversation, asker.collection, reply.hits, outlet.max_file_bytes)
    # Also those that are too large to be shown: they can be known by their captions.
    view = _view(texts, [_option(hit) for hit in reply.hits], 0)
    files = [picture.file() for picture in pictures.values()]
    await outlet.show(shown(reply.text), files, view)


async def _last(conversation: ConversationPort, incoming: Incoming) -> Reply:
    replies = [reply async for reply in conversation.handle(incoming)]
    return replies[-1]


def _option(hit: Hit) -> discord.SelectOption:
    label = clip(f"№ {hit.rank}  {hit.caption}".strip(), OPTION_CHARACTERS)
    return discord.SelectOption(label=label, value=str(hit.image_id))


def _view(texts: Texts, options: list[discord.SelectOption], chosen: int) -> ui.View:
    select = ChooseSelect(texts.say(MEMBERS["choose_delete"]), options)
    if not chosen:
        return fresh_view(select)
    return fresh_view(select, DeleteButton(f"{texts.say(SENTENCES['remove_chosen'])} ({chosen})"))


def _chosen(message: discord.Message | None) -> list[int]:
    rows = message.components if message is not None else []
    return [
        int(option.value)
        for row in rows
        if isinstance(row, discord.ActionRow)
        for part in row.children
        if isinstance(part, discord.SelectMenu) and part.custom_id == _CHOOSE.pattern
        for option in part.options
        if option.default and option.value.isdecimal()
    ]
