"""Starting and stopping the bot on Discord, in good times and bad."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import discord.client
import discord.gateway
import discord.shard
import pytest

from bot.core.sentences import SENTENCES
from bot.frontends.base import FrontendError, load
from bot.frontends.discord_bot import DiscordBot, client
from tests.acceptance.discord_limits import (
    MESSAGE_CONTENT_FLAGS,
    MESSAGE_CONTENT_INTENT,
    PRIVILEGED_INTENTS,
)
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_running import redirected
from tests.acceptance.discord_server import DiscordServer, Fault
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


async def test_start_returns_the_invite_link_with_the_least_permissions(
    server: DiscordServer, new_bot: NewBot
) -> None:
    bot = new_bot()
    line = await bot.start()
    query = parse_qs(urlsplit(line).query)
    assert line.startswith("https://discord.com/oauth2/authorize?")
    assert query["client_id"] == [str(server.application_id)]
    assert query["scope"] == ["bot applications.commands"]
    # View channels, send messages, also in threads, attach files, read message history.
    assert int(query["permissions"][0]) == 1 << 10 | 1 << 11 | 1 << 38 | 1 << 15 | 1 << 16
    await stop_in_time(bot)


async def test_the_commands_are_registered(server: DiscordServer, new_bot: NewBot) -> None:
    bot = new_bot()
    await bot.start()
    await server.wait_for(lambda: bool(server.commands))
    known = {command["name"]: command for command in server.commands}
    everybodys = {"search", "similar", "help", "about", "forgetme", "Find similar"}
    assert set(known) == everybodys | {"library", "Add to library"}
    assert all(known[name]["contexts"] == [0, 1] for name in everybodys)
    assert all(known[name]["default_member_permissions"] is None for name in everybodys)
    assert known["library"]["default_member_permissions"] == 1 << 5
    assert all(command["integration_types"] == [0] for command in server.commands)
    await stop_in_time(bot)


async def test_commands_that_could_not_be_registered_are_registered_later(
    server: DiscordServer, new_bot: NewBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_SYNC_PAUSE_S", 0.01)
    server.faults["commands"] = [Fault(403, 50001), Fault(loses_request=True), Fault(400, 50035)]
    bot = new_bot()
    await bot.start()
    await server.wait_for(lambda: bool(server.commands))
    assert server.counts["commands"] == 4
    await stop_in_time(bot)


async def test_stopping_does_not_wait_until_the_commands_are_registered(
    server: DiscordServer, new_bot: NewBot
) -> None:
    server.faults["commands"] = [Fault(403, 50001)]
    bot = new_bot()
    await bot.start()
    await server.wait_for(lambda: server.counts["commands"] == 1)
    await stop_in_time(bot)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "discord-commands"]


# The message content intent


async def test_the_content_of_messages_is_asked_for_only_where_it_was_granted(
    server: DiscordServer, new_bot: NewBot
) -> None:
    for is_granted in (False, True):
        server.message_content = is_granted
        bot = new_bot()
        await bot.start()
        (session,) = server.gateway.sessions.values()
        assert bool(session.intents & MESSAGE_CONTENT_INTENT) == is_granted
        assert not session.intents & PRIVILEGED_INTENTS & ~MESSAGE_CONTENT_INTENT
        await stop_in_time(bot)
    assert server.misbehaviour == []


async def test_without_the_content_of_messages_when_it_is_refused_after_all(
    server: DiscordServer, guild: Guild, new_bot: NewBot, caplog: pytest.LogCaptureFixture
) -> None:
    # The application says yes at both logins, the gateway says no.
    said = [MESSAGE_CONTENT_FLAGS, MESSAGE_CONTENT_FLAGS]
    server.gateway.flags = lambda: said.pop() if said else 0
    bot = new_bot()
    await bot.start()
    (session,) = server.gateway.sessions.values()
    assert not session.intents & MESSAGE_CONTENT_INTENT
    assert "discord_message_content_refused" in caplog.text
    answer = await (await DiscordPerson(server, "Max", guild).slash("search", query="x")).answer()
    assert answer.content == SENTENCES["empty_collection"]
    await stop_in_time(bot)


# Connections


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
    assert line.endswith("(Discord cannot be reached yet; trying on in the background)")
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


async def test_stopping_tells_those_who_wait_for_anything_else(
    server: DiscordServer,
    guild: Guild,
    memory: MemoryConversation,
    new_bot: NewBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(_person_id: str) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(memory.community_store, "uploads_of", never)
    memory.gates["slow"] = asyncio.Event()
    bot = new_bot()
    await bot.start()
    person = DiscordPerson(server, "Max", guild)
    exchange = await person.slash("forgetme")
    asked = await person.mention("slow")
    await server.wait_for(lambda: server.counts["callback"] + server.counts["typing"] == 2)
    await stop_in_time(bot)
    assert (await exchange.answer()).content == SENTENCES["unavailable"]
    assert (await person.wait_for_answer(asked)).content == SENTENCES["unavailable"]


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
    assert (await exchange.answer()).content == SENTENCES["empty_collection"]


async def test_stopping_does_not_wait_for_a_gateway_that_is_silent(
    server: DiscordServer, new_bot: NewBot
) -> None:
    bot = new_bot()
    await bot.start()
    server.gateway.is_silent = True
    await stop_in_time(bot)


async def test_it_is_found_by_name() -> None:
    assert load("discord")
