"""Starting and stopping the bot on Discord, in good times and bad."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.core.sentences import SENTENCES
from bot.frontends.base import FrontendError, load
from bot.frontends.discord_bot import DiscordBot
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_running import redirected
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild
from tests.unit.frontends.discord_memory import MemoryConversation

STOP_LIMIT_S = 2.0
NewBot = Callable[..., DiscordBot]


async def stop_in_time(bot: DiscordBot) -> None:
    began = time.monotonic()
    await bot.stop()
    assert time.monotonic() - began < STOP_LIMIT_S
    left = [task for task in asyncio.all_tasks() if task.get_name() == "discord"]
    assert left == []


async def test_start_returns_the_invite_link_with_the_least_permissions(
    server: DiscordServer, new_bot: NewBot
) -> None:
    bot = new_bot()
    line = await bot.start()
    query = parse_qs(urlsplit(line).query)
    assert line.startswith("https://discord.com/oauth2/authorize?")
    assert query["client_id"] == [str(server.application_id)]
    assert query["scope"] == ["bot applications.commands"]
    # View channels, send messages, embed links, attach files, use application commands.
    assert int(query["permissions"][0]) == 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 31
    await stop_in_time(bot)


async def test_the_commands_are_registered(server: DiscordServer, new_bot: NewBot) -> None:
    bot = new_bot()
    await bot.start()
    await server.wait_for(lambda: bool(server.commands))
    known = {command["name"]: command for command in server.commands}
    assert set(known) == {"search", "add", "Find similar"}
    assert known["add"]["default_member_permissions"] == 1 << 5
    assert all(command["contexts"] == [0, 1] for command in server.commands)
    assert all(command["integration_types"] == [0] for command in server.commands)
    await stop_in_time(bot)


async def test_every_shard_answers(server: DiscordServer, new_bot: NewBot) -> None:
    server.gateway.shards = 2
    first = server.new_guild("First")
    second = server.new_guild("Second", id=first.id + (1 << 22))
    bot = new_bot()
    await bot.start()
    for guild in (first, second):
        person = DiscordPerson(server, "Max", guild)
        await server.wait_for(lambda: len(server.gateway.sessions) == 2)
        answer = await (await person.slash("search", query="x")).answer()
        assert answer.content == SENTENCES["nothing_found"]
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
        assert answer.content == SENTENCES["nothing_found"]
        await stop_in_time(bot)
    await server.stop()


async def test_it_connects_later_when_the_gateway_is_down(
    server: DiscordServer, guild: Guild, new_bot: NewBot
) -> None:
    server.gateway.is_down = True
    bot = new_bot(start_wait_s=0.3)
    line = await bot.start()
    assert line.endswith("(Discord cannot be reached yet; trying on in the background)")
    server.gateway.is_down = False
    # The library waits five seconds before it tries again, and five more before it identifies.
    await server.wait_for(lambda: bool(server.commands), 30)
    person = DiscordPerson(server, "Max", guild)
    answer = await (await person.slash("search", query="x")).answer()
    assert answer.content == SENTENCES["nothing_found"]
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


async def test_stopping_while_connecting_takes_no_time(new_bot: NewBot) -> None:
    server = DiscordServer()
    await server.start()
    with redirected(server):
        await server.stop()
        bot = new_bot(start_wait_s=60)
        start = asyncio.create_task(bot.start())
        await asyncio.wait({start}, timeout=0.2)
        start.cancel()
        await asyncio.wait({start}, timeout=STOP_LIMIT_S)
        assert start.cancelled()


async def test_stopping_tells_those_who_wait(
    server: DiscordServer,
    guild: Guild,
    memory: MemoryConversation,
    new_bot: NewBot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory.gates["slow"] = asyncio.Event()
    bot = new_bot()
    await bot.start()
    exchange = await DiscordPerson(server, "Max", guild).slash("search", query="slow")
    await server.wait_for(lambda: server.counts["callback"] == 1)
    await stop_in_time(bot)
    assert (await exchange.answer()).content == SENTENCES["unavailable"]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_stopping_waits_for_what_is_almost_done(
    server: DiscordServer, guild: Guild, memory: MemoryConversation, new_bot: NewBot
) -> None:
    gate = memory.gates["slow"] = asyncio.Event()
    bot = new_bot()
    await bot.start()
    exchange = await DiscordPerson(server, "Max", guild).slash("search", query="slow")
    await server.wait_for(lambda: server.counts["callback"] == 1)
    stop = asyncio.create_task(stop_in_time(bot))
    asyncio.get_running_loop().call_later(0.1, gate.set)
    await stop
    assert (await exchange.answer()).content == SENTENCES["nothing_found"]


async def test_stopping_does_not_wait_for_a_gateway_that_is_silent(
    server: DiscordServer, new_bot: NewBot
) -> None:
    bot = new_bot()
    await bot.start()
    server.gateway.is_silent = True
    await stop_in_time(bot)


async def test_it_is_found_by_name() -> None:
    assert load("discord")
