"""What a platform's front-end is, and how one is found by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from bot.core.communities import Communities
from bot.core.messages import Hit, Incoming, Person, Picture, PictureKind, Reply, ServiceStatus
from bot.core.ports import Notebook

MODULES = {
    "discord": "bot.frontends.discord_bot",
    "telegram": "bot.frontends.telegram_bot",
    "web": "bot.frontends.web_chat",
}
"""Front-ends by name. A new platform is one module with a ``create`` function, named here."""


class ConversationPort(Protocol):
    """The part of :class:`bot.core.conversation.Conversation` that front-ends use."""

    def handle(self, incoming: Incoming) -> AsyncIterator[Reply]:
        """Answer; never raises, errors are replies too."""
        ...

    async def picture(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a stored picture's bytes; None when the collection does not have it."""
        ...

    async def rendition(self, collection: str, hit: Hit) -> Picture | None:
        """Return what to show of a picture that an answer holds; None when it cannot be had."""
        ...

    async def suggest(self, collection: str, person_id: str, typed: str) -> list[str]:
        """Return recent questions that go with what somebody has typed so far; never raises."""
        ...

    @property
    def communities(self) -> Communities:
        """Settings, statistics, imports, and coming and going; raises CoreErrors."""
        ...

    @property
    def notebook(self) -> Notebook:
        """Small notes that outlive a restart."""
        ...

    async def find_across(
        self, person: Person, language: str, collections: Sequence[str], text: str, *, limit: int
    ) -> Sequence[tuple[str, Hit]] | Reply:
        """Return the best pictures of several collections; an error is a reply. Never raises."""
        ...

    async def status(self, collection: str) -> ServiceStatus:
        """Tell whether questions can be answered now; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class FrontendOptions:
    """The settings front-ends need, each read by the one that needs it."""

    web_host: str = "127.0.0.1"
    web_port: int = 8080
    web_password: str | None = None
    """Demanded from every visitor; must be set when ``web_host`` is not a loopback address."""
    collection: str = "local"
    """The collection the web chat talks about."""
    max_upload_bytes: int = 30 * 2**20
    page_size: int = 10
    model: str = "mini"
    """The encoder's name, for people who ask."""
    discord_token: str | None = None
    discord_proxy: str | None = None
    """An HTTP proxy through which Discord is reached."""
    telegram_token: str | None = None
    telegram_api_url: str | None = None
    """A Bot API server of one's own, e.g. ``http://127.0.0.1:8081``."""
    telegram_proxy: str | None = None
    """An HTTP proxy through which Telegram is reached."""
    telegram_webhook_url: str | None = None
    """A public address to which Telegram brings updates; without it they are fetched."""
    telegram_webhook_listen: str = "127.0.0.1:8081"
    """Where the bot listens for what comes to that address, behind a proxy with TLS."""
    telegram_messages_a_second: int = 30
    """To all chats together; 0: as fast as Telegram takes them, pausing only when it says so."""

    def __repr__(self) -> str:
        # The tokens and the password stay out of logs and tracebacks.
        return f"FrontendOptions(web_host={self.web_host!r}, web_port={self.web_port})"


class Frontend(Protocol):
    """A platform's connection, started and stopped by the app."""

    async def start(self) -> str:
        """Connect or listen; returns one line for the terminal, e.g. the address."""
        ...

    async def stop(self) -> None:
        """Finish what is being answered, then let go, within two seconds."""
        ...


class FrontendFactory(Protocol):
    """The ``create`` function of a front-end module."""

    def __call__(self, conversation: ConversationPort, options: FrontendOptions) -> Frontend:
        """Build the front-end; nothing is opened yet."""
        ...


class FrontendError(Exception):
    """A front-end cannot start; the message is for the operator."""


def load(name: str) -> FrontendFactory:
    """Import a front-end's module and return its factory; raises FrontendError if unknown."""
    if name not in MODULES:
        raise FrontendError(f"there is no front-end called {name!r}; known: {', '.join(MODULES)}")
    return cast(FrontendFactory, import_module(MODULES[name]).create)
