"""Connections to Discord that break, many servers, and leaving one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import discord.client
import discord.gateway
import discord.shard
import pytest

from bot.core.sentences import SENTENCES
from bot.frontends.base import FrontendError
from bot.frontends.discord_bot import DiscordBot
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_running import redirected
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild
from tests.unit.frontends.discord_memory import MemoryConversation

STOP_LIMIT_S = 2.0
NewBot = Callable[..., DiscordBot]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library's pauses between attempts take no time: five seconds and more."""

    async def no_time(delay_s: float) -> None:
        await asyncio.sleep(min(delay_s, 0.01))

    quick: Any = SimpleNamespace(**{**vars(asyncio), "sleep": no_time})
    for module in (discord.client, discord.gateway, discord.shard):
        monkeypatch.setattr(module, "asyncio", quick)


def cut(server: DiscordServer) -> Callable[[], Awaitable[None]]:
    async def cut_all() -> None:
        server.gateway.cut()

    return cut_all


async def stop_in_time(bot: DiscordBot) -> None:
    began = time.monotonic()
    await bot.stop()
    assert time.monotonic() - began < STOP_LIMIT_S
    left = [task for task in asyncio.all_tasks() if task.get_name() == "discord"]
    assert left == []


@pytest.mark.parametrize("resumable", [True, False])
async def test_an_invalid_session_is_followed_by_another(
    server: DiscordServer, guild: Guild, new_bot: NewBot, hurried: None, resumable: bool
) -> None:
    bot = new_bot()
    await bot.start()
    person = DiscordPerson(server, "Max", guild)
    await (await person.slash("search", query="x")).answer()
    await server.gateway.invalidate(resumable=resumable)
    exchange = await person.slash("search", query="y") if resumable else None
    await server.wait_for(lambda: server.gateway.resumes + server.gateway.identifies == 2)
    assert server.gateway.resumes == resumable
    exchange = exchange or await person.slash("search", query="y")
    assert (await exchange.answer()).content == SENTENCES["empty_collection"]
    assert server.counts["commands"] == 1
    await stop_in_time(bot)


async def test_what_happens_during_a_reconnect_is_made_up_for(
    server: DiscordServer, guild: Guild, new_bot: NewBot
) -> None:
    bot = new_bot()
    await bot.start()
    person = DiscordPerson(server, "Max", guild)
    await (await person.slash("search", query="x")).answer()
    for begin in (server.gateway.ask_to_reconnect, cut(server)):
        await begin()
        asked = await person.mention("y")
        exchange = await person.slash("search", query="y")
        assert (await exchange.answer()).content == SENTENCES["empty_collection"]
        await person.wait_for_answer(asked)
    assert (server.gateway.resumes, server.gateway.identifies) == (2, 1)
    await stop_in_time(bot)


async def test_thousands_of_servers(server: DiscordServer, new_bot: NewBot) -> None:
    guilds = [server.new_guild(f"Guild {number}") for number in range(2000)]
    bot = new_bot()
    began = time.monotonic()
    await bot.start()
    person = DiscordPerson(server, "Max", guilds[-1])
    answer = await (await person.slash("search", query="x")).answer()
    assert answer.content == SENTENCES["empty_collection"]
    print(f"first answer among {len(guilds)} servers after {time.monotonic() - began:.2f} s")
    await stop_in_time(bot)


async def test_kicked_from_a_server_and_invited_again(
    server: DiscordServer, guild: Guild, new_bot: NewBot, memory: MemoryConversation
) -> None:
    memory.add(f"discord:guild:{guild.id}", "cat", b"cat", str(guild.channel_id))
    bot = new_bot()
    await bot.start()
    person = DiscordPerson(server, "Max", guild)
    found = "Pictures for “x” · 1 to 1 of 1 picture"
    assert (await (await person.slash("search", query="x")).answer()).content.startswith(found)
    await server.remove_guild(guild)
    with pytest.raises(NotShownError):
        await person.slash("search", query="x")
    alone = await (await person.in_direct().slash("search", query="x")).answer()
    assert alone.content == SENTENCES["empty_collection"]
    await server.join_guild(guild)
    assert (await (await person.slash("search", query="x")).answer()).content.startswith(found)
    await stop_in_time(bot)


async def test_every_shard_answers(server: DiscordServer, new_bot: NewBot, hurried: None) -> None:
    server.gateway.shards = 2
    first = server.new_guild("First")
    second = server.new_guild("Second", id=first.id + (1 << 22))
    bot = new_bot()
    await bot.start()
    for guild in (first, second):
        person = DiscordPerson(server, "Max", guild)
        await server.wait_for(lambda: len(server.gateway.sessions) == 2)
        answer = await (await person.slash("search", query="x")).answer()
        assert answer.content == SENTENCES["empty_collection"]
    assert server.counts["commands"] == 1
    assert {session.shard for session in server.gateway.sessions.values()} == {(0, 2), (1, 2)}
    await stop_in_time(bot)


@pytest.mark.parametrize("token", [None, "", "  ", "two words", "wrong.token"])
async def test_a_wrong_token_is_an_error_that_does_not_show_it(
    server: DiscordServer, new_bot: NewBot, token: str | None
) -> None:
    bot = new_bot(discord_token=token)
    with pytest.raises(FrontendError, match="DISCORD_TOKEN") as caught:
        await bot.start()
    server.misbehaviour.clear()
    assert not token or not token.strip() or token not in str(caught.value)
    await stop_in_time(bot)


async def test_it_connects_later_when_discord_is_not_there(new_bot: NewBot) -> None:
    server = DiscordServer()
    await server.start()
    with redirected(server):
        await server.stop()
        bot = new_bot(start_wait_s=0.3)
        line = await bot.start()
        assert line == "Discord cannot be reached yet; trying on in the background"
        guild = server.new_guild("Cats")
        await server.start(server.port)
        person = DiscordPerson(server, "Max", guild)
        answer = await (await person.slash("search", query="x")).answer()
        assert answer.content == SENTENCES["empty_collection"]
        await stop_in_time(bot)
    await server.stop()


async def test_it_connects_later_when_the_gateway_is_down(
    server: DiscordServer, guild: Guild, new_bot: NewBot, hurried: None
) -> None:
    server.gateway.is_down = True
    bot = new_bot(start_wait_s=0.3)
    line = await bot.start()
    # In parentheses behind who it is, where it got as far as to know that.
    assert "Discord cannot be reached yet; trying on in the background" in line
    server.gateway.is_down = False
    await server.wait_for(lambda: bool(server.commands))
    person = DiscordPerson(server, "Max", guild)
    answer = await (await person.slash("search", query="x")).answer()
    assert answer.content == SENTENCES["empty_collection"]
    await stop_in_time(bot)


async def test_a_token_that_is_withdrawn_ends_the_attempts(
    server: DiscordServer, new_bot: NewBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot = new_bot()
    await bot.start()
    await server.gateway.close(4004)
    while any(task.get_name() == "discord" for task in asyncio.all_tasks()):
        await asyncio.wait([t for t in asyncio.all_tasks() if t.get_name() == "discord"])
    assert "does not accept DISCORD_TOKEN" in caplog.text
    await stop_in_time(bot)
