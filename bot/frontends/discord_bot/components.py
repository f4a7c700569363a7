"""Buttons and lists below an answer; all they mean is in their ids, so they outlive the bot.

An id ends in ``@`` and the person it is meant for where it is not for everybody who sees it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Self, cast

import discord
from discord import ui

from bot.core.commands import Command, decode, encode
from bot.core.messages import Choice, Delete, Hit, More, MoreLikeThis, NotThis, Reply, Span
from bot.core.texts import Texts
from bot.frontends.discord_bot.limits import (
    LABEL_CHARACTERS,
    OPTION_CHARACTERS,
    SELECT_OPTIONS,
    clip,
)
from bot.frontends.discord_bot.sentences import SENTENCES

if TYPE_CHECKING:
    from bot.frontends.discord_bot.client import BotClient

PREVIOUS, NEXT = "◀", "▶"
_PAGE = re.compile(r"(?P<command>m:[!-?A-~]{1,80})(?:@(?P<owner>[0-9]{1,20}))?")
_SHARE = re.compile(r"share-(?P<command>m:[!-?A-~]{1,80})@(?P<owner>[0-9]{1,20})")
_CHOICE = re.compile(r"(?P<kind>like|not|delete)(?:@(?P<owner>[0-9]{1,20}))?")
_TEMPLATES = (_PAGE, _SHARE, _CHOICE)


class PageButton(ui.DynamicItem[ui.Button[ui.View]], template=_PAGE):
    """Turns to another page of the answer, in its place."""

    def __init__(self, label: str, custom_id: str) -> None:
        super().__init__(ui.Button(label=label, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message, however old."""
        return cls(cast("ui.Button[ui.View]", item).label or "", match[0])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Turn the page."""
        await _press(interaction, _PAGE, self.custom_id)


class ShareButton(ui.DynamicItem[ui.Button[ui.View]], template=_SHARE):
    """Shows a private answer to everybody in the channel."""

    def __init__(self, label: str, custom_id: str) -> None:
        super().__init__(
            ui.Button(label=label, custom_id=custom_id, style=discord.ButtonStyle.primary)
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message."""
        return cls(cast("ui.Button[ui.View]", item).label or "", match[0])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Share it."""
        await _press(interaction, _SHARE, self.custom_id)


class PictureSelect(ui.DynamicItem[ui.Select[ui.View]], template=_CHOICE):
    """A list of the pictures shown; what choosing one does is in the options' values."""

    def __init__(
        self, custom_id: str, placeholder: str | None, options: list[discord.SelectOption]
    ) -> None:
        super().__init__(ui.Select(custom_id=custom_id, placeholder=placeholder, options=options))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message, however old."""
        select = cast("ui.Select[ui.View]", item)
        return cls(match[0], select.placeholder, select.options)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what was chosen."""
        match = _CHOICE.fullmatch(self.custom_id)
        owner = int(match["owner"] or 0) if match else 0
        request = decode(next(iter(self.item.values), ""))
        client = cast("BotClient", interaction.client)
        await client.presses.on_press(interaction, request, owner)


ITEMS: tuple[type[ui.DynamicItem[Any]], ...] = (PageButton, ShareButton, PictureSelect)


def components(
    reply: Reply, shown: Collection[int], asker_id: int, texts: Texts, *, is_private: bool
) -> ui.View | None:
    """Build what belongs below an answer of which these pictures are shown."""
    hits = [hit for hit in reply.hits if hit.image_id in shown]
    span = reply.span
    rest = [] if reply.rest is None else [_rest_button(reply.rest, asker_id)]
    view = ui.View(timeout=None)
    if not reply.hits and rest:
        return view.add_item(*rest)
    if not hits or span is None:
        return None
    pages = _pages(span, asker_id, texts, is_private=is_private) if span.token else []
    for item in (*pages, *rest):
        view.add_item(item)
    like = [(hit, MoreLikeThis(hit.image_id)) for hit in hits]
    view.add_item(_select("like", texts.say(SENTENCES["choose_like"]), like))
    if span.token:
        hide = [(hit, NotThis(span.token, span.offset, hit.image_id)) for hit in hits]
        view.add_item(_select(f"not@{asker_id}", texts.say(SENTENCES["choose_not"]), hide))
    delete = [(hit, Delete(hit.image_id)) for hit in hits if hit.can_delete]
    if delete:
        view.add_item(_select("delete", texts.say(SENTENCES["choose_delete"]), delete))
    return view


def is_known(custom_id: str) -> bool:
    """Tell whether a component is one of this version's answers'."""
    return any(template.fullmatch(custom_id) for template in _TEMPLATES)


def place_of(message: discord.Message) -> More | None:
    """Return the page of an answer that one of the bot's messages shows."""
    for row in message.components:
        for part in getattr(row, "children", ()):
            for option in getattr(part, "options", ()):
                if isinstance(shown := decode(option.value), NotThis):
                    return More(shown.token, shown.offset)
    return None


def owner_of(message: discord.Message) -> int:
    """Return whose answer one of the bot's messages shows, 0 if it does not tell."""
    for row in message.components:
        for part in getattr(row, "children", ()):
            custom_id = getattr(part, "custom_id", None) or ""
            for match in (template.fullmatch(custom_id) for template in _TEMPLATES):
                if match is not None and match["owner"]:
                    return int(match["owner"])
    return 0


def _rest_button(choice: Choice, asker_id: int) -> PageButton:
    """Return the button for the pictures that hardly fit: another page, as it were."""
    command = encode(cast("More", choice.request))
    return PageButton(clip(choice.label, LABEL_CHARACTERS), f"{command}@{asker_id}")


def _pages(
    span: Span, asker_id: int, texts: Texts, *, is_private: bool
) -> list[ui.DynamicItem[ui.Button[ui.View]]]:
    items: list[ui.DynamicItem[ui.Button[ui.View]]] = []
    for label, offset in ((PREVIOUS, span.previous_offset), (NEXT, span.next_offset)):
        if offset is not None:
            items.append(PageButton(label, f"{encode(More(span.token, offset))}@{asker_id}"))
    if is_private:
        custom_id = f"share-{encode(More(span.token, span.offset))}@{asker_id}"
        items.append(ShareButton(texts.say(SENTENCES["share"]), custom_id))
    return items


def _select(
    custom_id: str, placeholder: str, choices: Sequence[tuple[Hit, Command]]
) -> PictureSelect:
    options = [
        discord.SelectOption(
            label=clip(f"№ {hit.rank}  {hit.caption}".strip(), OPTION_CHARACTERS),
            value=encode(request),
        )
        for hit, request in choices[:SELECT_OPTIONS]
    ]
    return PictureSelect(custom_id, placeholder, options)


async def _press(
    interaction: discord.Interaction[Any], template: re.Pattern[str], custom_id: str
) -> None:
    client = cast("BotClient", interaction.client)
    match = template.fullmatch(custom_id)
    request = decode(match["command"]) if match else None
    owner = int(match["owner"] or 0) if match else 0
    await client.presses.on_press(interaction, request, owner, share=template is _SHARE)
