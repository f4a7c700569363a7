"""A bot over an in-memory conversation, connected to the fake Discord."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.frontends.discord_bot import DiscordBot
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_running import build_bot, discord_server, running_bot
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild
from tests.unit.frontends.discord_memory import MemoryConversation


@pytest.fixture
def memory() -> MemoryConversation:
    return MemoryConversation()


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with discord_server() as running:
        yield running
        assert running.misbehaviour == []
    # One that is forgotten complains about the closed event loop in a much later test.
    for thread in threading.enumerate():
        if thread.name.startswith("keep-alive-handler"):
            thread.join(1)
            assert not thread.is_alive()


@pytest.fixture
def guild(server: DiscordServer) -> Guild:
    return server.new_guild("Cats", preferred_locale="de")


@pytest.fixture
def collection(guild: Guild) -> str:
    return f"discord:guild:{guild.id}"


@pytest.fixture
async def bot(
    server: DiscordServer, guild: Guild, memory: MemoryConversation
) -> AsyncIterator[None]:
    async with running_bot(memory):
        yield


@pytest.fixture
async def new_bot(
    server: DiscordServer, memory: MemoryConversation
) -> AsyncIterator[Callable[..., DiscordBot]]:
    """Makes bots that are not started yet, and stops them in the end."""
    bots: list[DiscordBot] = []

    def make(**more: Any) -> DiscordBot:
        bots.append(build_bot(memory, **more))
        return bots[-1]

    yield make
    for bot in bots:
        await bot.stop()


@pytest.fixture
def member(server: DiscordServer, guild: Guild) -> DiscordPerson:
    return DiscordPerson(server, "Max", guild)


@pytest.fixture
def admin(server: DiscordServer, guild: Guild) -> DiscordPerson:
    return DiscordPerson(server, "Ada", guild, is_admin=True)
