"""Answers to interactions over the fake Discord's REST."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_calls import Caller, form
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Message


@pytest.fixture
async def call(server: DiscordServer) -> AsyncIterator[Caller]:
    async with ClientSession() as http:
        yield Caller(http, server)
    server.misbehaviour.clear()


async def test_followups(
    server: DiscordServer, guild: Guild, member: DiscordPerson, call: Caller
) -> None:
    exchange = await member.interact(2, {"type": 1})
    interaction = exchange.interaction
    callback = f"interactions/{interaction.id}/{interaction.token}/callback"
    hook = f"webhooks/{server.application_id}/{interaction.token}"

    async def ask(method: str, path: str, **more: Any) -> tuple[int, Any]:
        return await call(method, path, has_token=False, **more)

    assert await ask("POST", hook, json={"content": "x"}) == (404, 10015)
    deferral = {"type": 5, "data": {"flags": 64}}
    assert await ask("POST", callback, json=deferral) == (204, None)
    # receiving-and-responding: the first one after a deferral edits the original.
    _, first = await ask("POST", hook, json={"content": "first", "flags": 0})
    assert interaction.message is not None
    assert int(first["id"]) == interaction.message.id
    assert first["flags"] == limits.EPHEMERAL
    _, second = await ask("POST", hook, json={"content": "second", "flags": 64})
    _, third = await ask("POST", hook, json={"content": "third"})
    assert [message.content for message in interaction.followups] == ["second", "third"]
    _, original = await ask("GET", f"{hook}/messages/@original")
    assert original["content"] == "first"
    edit = f"{hook}/messages/{second['id']}"
    _, edited = await ask("PATCH", edit, json={"content": "2", "flags": 0})
    assert (edited["content"], edited["flags"]) == ("2", limits.EPHEMERAL)
    url = f"channels/{guild.channel_id}/messages"
    assert await call("GET", f"{url}/{second['id']}") == (404, 10008)
    assert (await call("GET", f"{url}/{third['id']}"))[0] == 200
    assert [item["id"] for item in (await call("GET", url))[1]] == [third["id"]]
    assert await ask("DELETE", edit) == (204, None)
    assert await ask("GET", edit) == (404, 10008)
    assert await ask("GET", f"{hook}/messages/1") == (404, 10008)
    exchange.age(limits.TOKEN_LIFE_S)
    assert await ask("POST", hook, json={"content": "x"}) == (401, 50027)


async def test_components_are_acknowledged_without_a_message_of_their_own(
    server: DiscordServer, member: DiscordPerson, call: Caller
) -> None:
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    row = {"type": 1, "components": [button]}
    message = Message(member.channel_id, server.bot, "old", components=[row])
    server.messages[message.id] = message
    for kind, data in ((6, None), (7, {"content": "new", "components": [row]})):
        interaction = (await member.click(message, "Go")).interaction
        callback = f"interactions/{interaction.id}/{interaction.token}/callback"
        said = {"type": kind, "data": data}
        answer = await call("POST", callback, has_token=False, json=said)
        assert answer == (204, None)
        assert interaction.message is message
    assert message.content == "new"
    assert len(server.messages) == 1
    plain = (await member.interact(2, {"type": 1})).interaction
    callback = f"interactions/{plain.id}/{plain.token}/callback"
    for kind in (6, 7, 8, 99):
        said = {"type": kind, "data": {"content": "x", "choices": []}}
        assert await call("POST", callback, has_token=False, json=said) == (400, 50035)


async def test_sizes_are_the_servers(
    server: DiscordServer, guild: Guild, member: DiscordPerson, call: Caller
) -> None:
    guild.attachment_size_limit = 100
    url = f"channels/{guild.channel_id}/messages"
    interaction = (await member.interact(2, {"type": 1})).interaction
    assert interaction.payload["attachment_size_limit"] == 100
    callback = f"interactions/{interaction.id}/{interaction.token}/callback"
    inner = '{"attachments": [{"id": 0}]}'
    for size, expected in ((101, (413, 40005)), (100, 200)):
        file = UploadedFile("a.png", bytes(size))
        answer = await call("POST", url, data=form(inner, file))
        assert expected in (answer, answer[0])
        data = form(f'{{"type": 4, "data": {inner}}}', file)
        answer = await call("POST", f"{callback}?with_response=1", data=data, has_token=False)
        assert expected in (answer, answer[0])
