"""Stopping the bot: those who wait are told, and it takes no time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import pytest

from bot.core.sentences import SENTENCES
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
