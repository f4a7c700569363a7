"""The fake Discord refuses what the real one refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.acceptance import discord_rules as rules
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_server import TOKEN, DiscordServer
from tests.acceptance.discord_world import Interaction


@pytest.fixture
async def http(server: DiscordServer) -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session
    server.misbehaviour.clear()


async def call(http: ClientSession, method: str, url: str, **more: Any) -> tuple[int, int | None]:
    """Send a request; returns the status and Discord's code."""
    async with http.request(method, url, **more) as response:
        body = await response.json() if response.content_type == "application/json" else {}
        return response.status, body.get("code")


def new_interaction(server: DiscordServer) -> Interaction:
    interaction = Interaction(2, {"channel_id": "1"}, 1, "secret")
    server.interactions[1] = interaction
    return interaction


async def test_interactions_are_acknowledged_once_and_in_time(
    server: DiscordServer, http: ClientSession
) -> None:
    interaction = new_interaction(server)
    callback = f"{server.url}/interactions/1/secret/callback?with_response=1"
    edit = f"{server.url}/webhooks/{server.application_id}/secret/messages/@original"
    deferral = {"type": 5}
    assert await call(http, "PATCH", edit, json={"content": "x"}) == (404, 10015)
    wrong = {"type": 5, "data": {"content": "x"}}
    assert await call(http, "POST", callback, json=wrong) == (400, 50035)
    other = f"{server.url}/interactions/1/guessed/callback"
    assert await call(http, "POST", other, json=deferral) == (404, 10062)
    assert await call(http, "POST", callback, json=deferral) == (200, None)
    assert await call(http, "POST", callback, json=deferral) == (400, 40060)
    assert await call(http, "PATCH", edit, json={"content": "x"}) == (200, None)
    interaction.created_s -= rules.TOKEN_LIFE_S
    assert await call(http, "PATCH", edit, json={"content": "y"}) == (401, 50027)
    new_interaction(server).created_s -= rules.ACKNOWLEDGE_WITHIN_S
    assert await call(http, "POST", callback, json=deferral) == (404, 10062)


async def test_only_the_bot_writes_messages(server: DiscordServer, http: ClientSession) -> None:
    url = f"{server.url}/channels/{server.direct_channel(1)}/messages"
    mine = {"Authorization": f"Bot {TOKEN}"}
    assert await call(http, "POST", url, json={"content": "x"}) == (401, 0)
    assert await call(http, "POST", url, json={"content": "x"}, headers=mine) == (200, None)
    said = {"content": "x", "nonce": "1", "enforce_nonce": True}
    for _ in range(2):
        assert await call(http, "POST", url, json=said, headers=mine) == (200, None)
    assert len(server.messages) == 2


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 1}}, 4004),
        ({"op": 2, "d": {"token": TOKEN, "intents": 1 << 15}}, 4014),
        ({"op": 3, "d": "x" * 5000}, 4002),
    ],
)
async def test_the_gateway_hangs_up(
    server: DiscordServer, http: ClientSession, payload: dict[str, Any], code: int
) -> None:
    async with http.ws_connect(server.gateway.url) as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json(payload)
        await socket.receive()
        assert socket.close_code == code


async def test_the_gateway_takes_so_many_sends_a_minute(
    server: DiscordServer, http: ClientSession
) -> None:
    async with http.ws_connect(server.gateway.url) as socket:
        await socket.receive()
        for _ in range(120):
            await socket.send_json({"op": 1, "d": None})
            assert (await socket.receive_json())["op"] == 11
        await socket.send_json({"op": 1, "d": None})
        await socket.receive()
        assert socket.close_code == 4008


async def test_messages_not_meant_for_the_bot_arrive_empty(
    server: DiscordServer, http: ClientSession
) -> None:
    guild = server.new_guild("Cats")
    person = DiscordPerson(server, "Max", guild)
    async with http.ws_connect(server.gateway.url) as socket:
        await socket.receive()
        identify = {"token": TOKEN, "intents": 1 << 0 | 1 << 9}
        await socket.send_json({"op": 2, "d": identify})
        events = [(await socket.receive_json())["t"] for _ in range(2)]
        assert events == ["READY", "GUILD_CREATE"]
        await person.post("among ourselves", UploadedFile("a.webp", b"x"))
        await person.mention("to you")
        received = [(await socket.receive_json())["d"] for _ in range(2)]
    assert [(item["content"], len(item["attachments"])) for item in received] == [
        ("", 0),
        (f"<@{server.application_id}> to you", 0),
    ]
