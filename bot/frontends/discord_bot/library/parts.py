"""What the commands and buttons of the library share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

import discord
from discord import ui

from bot.core.errors import NotAllowedError
from bot.core.texts import Texts, texts_for
from bot.frontends.base import ConversationPort
from bot.frontends.discord_bot.answers import Answers
from bot.frontends.discord_bot.library.sentences import SENTENCES
from bot.frontends.discord_bot.limits import CONTENT_CHARACTERS, clip

if TYPE_CHECKING:
    from bot.frontends.discord_bot.askers import Asker
    from bot.frontends.discord_bot.library.importing import Importer
    from bot.frontends.discord_bot.library.watching import Watcher

PREFIX = "discord:guild:"


class LibraryClient(Protocol):
    """What buttons find at the client that received the press."""

    answers: Answers
    conversation: ConversationPort
    importer: Importer
    watcher: Watcher


class ShowsAnswers(Protocol):
    """The part of an outlet that is used here."""

    @property
    def max_file_bytes(self) -> int:
        """How large a file may be here."""
        ...

    async def show(
        self, text: str, files: list[discord.File], view: discord.ui.View | None
    ) -> None:
        """Show the answer."""
        ...

    async def show_progress(self, text: str) -> None:
        """Show a passing word."""
        ...


Work = Callable[["Asker", ShowsAnswers], Awaitable[None]]


class RefusedError(Exception):
    """What was asked for cannot be done; ``name`` is one of this package's sentences."""

    def __init__(self, name: str, **params: object) -> None:
        super().__init__(name, params)
        self.name = name
        self.params = params

    def told(self, texts: Texts) -> str:
        """Put it into words."""
        return texts.say(SENTENCES[self.name], **self.params)


def client_of(interaction: discord.Interaction[Any]) -> LibraryClient:
    """Return the client that received an interaction."""
    return cast("LibraryClient", interaction.client)


def collection_of(guild_id: int) -> str:
    """Return the key of a server's collection."""
    return f"{PREFIX}{guild_id}"


def guild_of(collection: str) -> int | None:
    """Return which server a collection belongs to; None for one that belongs to none."""
    number = collection.removeprefix(PREFIX)
    return int(number) if number != collection and number.isdecimal() else None


def mention(channel_id: int | str) -> str:
    """Write a channel so that Discord shows its name to those who may know it."""
    return f"<#{channel_id}>"


def require_admin(asker: Asker) -> None:
    """Raise NotAllowedError for somebody who does not manage the server."""
    if not asker.person.is_admin:
        raise NotAllowedError


def shown(text: str) -> str:
    """Make a text that holds people's own words fit to be shown."""
    return clip(discord.utils.escape_markdown(text), CONTENT_CHARACTERS)


def fresh_view(*items: ui.Item[Any]) -> ui.View:
    """Put components below a message.

    The library finds them by their ids alone, so it need not remember each view there ever was.
    """
    view = ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view


def kindly(work: Work) -> Work:
    """Have work put its own refusals into words."""

    async def run(asker: Asker, outlet: ShowsAnswers) -> None:
        try:
            await work(asker, outlet)
        except RefusedError as refused:
            await outlet.show(refused.told(texts_for(asker.language)), [], None)

    return run
