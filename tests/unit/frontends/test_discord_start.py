"""Starting and stopping the bot on Discord, in good times and bad."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.core.sentences import SENTENCES
from bot.frontends.base import load
from bot.frontends.discord_bot import DiscordBot, client
from tests.acceptance.discord_limits import (
    MESSAGE_CONTENT_FLAGS,
    MESSAGE_CONTENT_INTENT,
    PRIVILEGED_INTENTS,
)
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_server import DiscordServer, Fault
from tests.acceptance.discord_world import Guild

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


async def test_it_is_found_by_name() -> None:
    assert load("discord")
