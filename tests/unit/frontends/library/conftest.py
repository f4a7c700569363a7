"""A bot with everything that admins have, over a core in memory, connected to the fake Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from bot.frontends.base import FrontendOptions
from bot.frontends.discord_bot import DiscordBot
from bot.frontends.discord_bot.client import BotClient
from bot.frontends.discord_bot.library import Pace, importing, presence, watching
from bot.frontends.discord_bot.library.sentences import SENTENCES
from tests.acceptance.discord_limits import UploadedFile
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_server import TOKEN, DiscordServer
from tests.acceptance.discord_world import Channel, Guild, Message
from tests.unit.frontends.library.memory import LibraryMemory

QUICK = Pace(
    edit_every_s=0,
    busy_at=3,
    busy_pause_s=0.01,
    first_pause_s=0.01,
    longest_pause_s=0.02,
    download_timeout_s=60,
)
RunningBot = Callable[[], AbstractAsyncContextManager["LibraryBot"]]


def picture(name: str, description: str | None = None) -> UploadedFile:
    """Make a picture that differs from those with other names."""
    return UploadedFile(f"{name}.jpg", b"\xff\xd8\xff" + name.encode(), description)


class LibraryBot(DiscordBot):
    """The bot, in more of a hurry."""

    @property
    def client(self) -> BotClient:
        assert self._client is not None
        return self._client

    def _new_client(self) -> BotClient:
        client = super()._new_client()
        client._connection.guild_ready_timeout = 0.02
        return client


@dataclass
class Place:
    """A server with a channel for photos, two people, and the core."""

    server: DiscordServer
    guild: Guild
    photos: Channel
    admin: DiscordPerson
    member: DiscordPerson
    memory: LibraryMemory

    @property
    def collection(self) -> str:
        return f"discord:guild:{self.guild.id}"


@dataclass
class Scene(Place):
    """The same with the bot."""

    bot: LibraryBot


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that nobody tells of."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def begin(admin: DiscordPerson, channel: Channel) -> Message:
    """Import a channel; returns the message that shows how far it is."""
    answer = await (await admin.slash("library import", channel=channel)).answer()
    assert answer.content == SENTENCES["import_begun"]
    assert answer.is_ephemeral
    await admin.server.wait_for(lambda: bool(shown(admin)))
    return shown(admin)[-1]


def shown(admin: DiscordPerson) -> list[Message]:
    """Return the bot's messages in the admin's channel that are no answers to commands."""
    return [
        message
        for message in admin.server.messages.values()
        if message.author["id"] == admin.server.bot["id"]
        and message.channel_id == admin.channel_id
        and not message.interaction_metadata
    ]


async def ended(server: DiscordServer, message: Message, name: str = "import_done") -> list[str]:
    """Wait until a message tells of the end; returns its lines."""
    begins = SENTENCES[name].split("{channel}")[1]
    await server.wait_for(lambda: begins in message.content)
    return message.content.splitlines()


async def labels(message: Message) -> list[str]:
    return [part["label"] for part in message.parts]


def counts(seen: int, added: int, known: int = 0, refused: int = 0) -> str:
    numbers = {"seen": seen, "added": added, "known": known, "refused": refused}
    return SENTENCES["import_counts"].format(**numbers)


@pytest.fixture
def memory() -> LibraryMemory:
    return LibraryMemory()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (importing, presence, watching):
        monkeypatch.setattr(module, "Pace", lambda: QUICK)


@pytest.fixture
def running(server: DiscordServer, guild: Guild, memory: LibraryMemory) -> RunningBot:
    """Runs the bot for a while; a second time is a restart."""

    @asynccontextmanager
    async def run() -> AsyncIterator[LibraryBot]:
        options = FrontendOptions(discord_token=TOKEN)
        bot = LibraryBot(memory, options, first_pause_s=0.05)
        await bot.start()
        try:
            yield bot
        finally:
            await bot.stop()

    return run


@pytest.fixture
def photos(guild: Guild) -> Channel:
    return guild.add_channel("photos")


@pytest.fixture
def place(  # noqa: PLR0917
    server: DiscordServer,
    guild: Guild,
    photos: Channel,
    admin: DiscordPerson,
    member: DiscordPerson,
    memory: LibraryMemory,
) -> Place:
    server.message_content = True
    return Place(server, guild, photos, admin, member, memory)


@pytest.fixture
async def bot(place: Place, running: RunningBot) -> AsyncIterator[LibraryBot]:
    async with running() as bot:
        yield bot


@pytest.fixture
def scene(place: Place, bot: LibraryBot) -> Scene:
    return Scene(**vars(place), bot=bot)
