"""What the fake Discord does when a test asks it to fail, and what discord.py makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import discord
import pytest
from aiohttp import ClientSession, ServerDisconnectedError

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_bare import BareBot, connected
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_server import TOKEN, DiscordServer, Fault
from tests.acceptance.discord_world import Guild


@pytest.fixture
async def http(server: DiscordServer) -> AsyncIterator[ClientSession]:
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with ClientSession(headers=headers) as session:
        yield session


@pytest.fixture
def url(server: DiscordServer, guild: Guild) -> str:
    return f"{server.url}/channels/{guild.channel_id}/messages"


async def test_a_rate_limit_is_waited_for(server: DiscordServer, guild: Guild) -> None:
    async with connected(BareBot()) as bot:
        channel = bot.get_channel(guild.channel_id)
        assert isinstance(channel, discord.TextChannel)
        for fault in (Fault(429, retry_after=0.05), Fault(429, retry_after=0.05, is_global=True)):
            server.faults["message"] = [fault]
            await channel.send("x")
        assert server.counts["message"] == 4
        assert len(server.messages) == 2


async def test_a_ban_by_cloudflare_is_not(server: DiscordServer, guild: Guild) -> None:
    async with connected(BareBot()) as bot:
        channel = bot.get_channel(guild.channel_id)
        assert isinstance(channel, discord.TextChannel)
        server.faults["message"] = [Fault(429, via=False)]
        with pytest.raises(discord.HTTPException) as caught:
            await channel.send("x")
        assert (caught.value.status, caught.value.text) == (429, "error code: 1015")
        assert server.messages == {}


async def test_what_a_fault_looks_like(
    server: DiscordServer, http: ClientSession, url: str
) -> None:
    server.faults["message"] = [
        Fault(429, retry_after=2.5),
        Fault(502),
        Fault(503, does_it=True),
        Fault(404, 10062),
    ]
    said = {"content": "x"}
    async with http.post(url, json=said) as response:
        assert response.headers["Via"]
        told = await response.json()
        assert (told["retry_after"], told["global"]) == (2.5, False)
        assert response.headers["Content-Type"] == "application/json"
    async with http.post(url, json=said) as response:
        assert (response.status, response.content_type) == (502, "text/html")
    assert server.messages == {}
    async with http.post(url, json=said) as response:
        assert response.status == 503
    assert len(server.messages) == 1
    async with http.post(url, json=said) as response:
        assert (response.status, (await response.json())["code"]) == (404, 10062)
    async with http.post(url, json=said) as response:
        assert response.status == 200
    assert server.counts["message"] == 5


@pytest.mark.parametrize(
    ("fault", "is_done"), [(Fault(loses_request=True), False), (Fault(loses_answer=True), True)]
)
async def test_a_connection_that_breaks(
    server: DiscordServer, http: ClientSession, url: str, fault: Fault, is_done: bool
) -> None:
    server.faults["message"] = [fault]
    with pytest.raises((ServerDisconnectedError, ConnectionResetError)):
        await http.post(url, json={"content": "x"})
    assert len(server.messages) == is_done


async def test_every_kind_of_request_can_fail(server: DiscordServer, guild: Guild) -> None:
    async with connected(BareBot()) as bot:
        channel = bot.get_channel(guild.channel_id)
        assert isinstance(channel, discord.TextChannel)
        written = await channel.send("x")
        uses: dict[str, Callable[[], Awaitable[object]]] = {
            "message": lambda: channel.send("x"),
            "fetch": lambda: channel.fetch_message(written.id),
            "change": lambda: written.edit(content="y"),
            "delete": written.delete,
            "channel": lambda: bot.fetch_channel(channel.id),
            "guild": lambda: bot.fetch_guild(guild.id),
            "user": lambda: bot.fetch_user(1),
        }
        for kind, use in uses.items():
            server.faults[kind] = [Fault(403, 50013)]
            with pytest.raises(discord.Forbidden):
                await use()
            assert server.faults[kind] == []


async def test_slow_answers_are_released_by_the_test(
    server: DiscordServer, http: ClientSession, url: str
) -> None:
    gate, answer = asyncio.Event(), asyncio.Event()
    server.faults["message"] = [Fault(held=gate, holds_answer=answer, delay_s=0.01)]
    asked = asyncio.create_task(http.post(url, json={"content": "x"}))
    await server.wait_for(lambda: server.counts["message"] == 1)
    assert server.messages == {}
    gate.set()
    await server.wait_for(lambda: len(server.messages) == 1)
    assert not asked.done()
    answer.set()
    async with await asked as response:
        assert response.status == 200


async def test_followups_are_limited_if_the_test_wants_it(
    server: DiscordServer, member: DiscordPerson, http: ClientSession
) -> None:
    server.limits_followups = True
    interaction = (await member.interact(2, {"type": 1})).interaction
    interaction.acknowledged_after_s = 0.1
    hook = f"{server.url}/webhooks/{server.application_id}/{interaction.token}"
    async with ClientSession() as anyone:
        statuses = []
        for number in range(limits.FOLLOWUPS + 1):
            async with anyone.post(hook, json={"content": str(number)}) as response:
                statuses.append(response.status)
                told = await response.json()
        assert statuses == [200] * 5 + [429]
        assert 0 < told["retry_after"] <= limits.FOLLOWUPS_WITHIN_S
        interaction.written_s = [at - limits.FOLLOWUPS_WITHIN_S for at in interaction.written_s]
        async with anyone.post(hook, json={"content": "x"}) as response:
            assert response.status == 200


async def test_reconnecting_resumes(server: DiscordServer, member: DiscordPerson) -> None:
    async with connected(BareBot()) as bot:
        await server.gateway.ask_to_reconnect()
        await member.mention("meanwhile")
        assert (await bot.hear("message")).content.endswith("meanwhile")
        await bot.hear("resumed")
        assert (server.gateway.identifies, server.gateway.resumes) == (1, 1)
        server.gateway.cut()
        await member.mention("again")
        await bot.hear("resumed")
        assert (server.gateway.identifies, server.gateway.resumes) == (1, 2)


async def test_an_invalid_session_that_can_be_resumed(server: DiscordServer) -> None:
    async with connected(BareBot()) as bot:
        await server.gateway.invalidate(resumable=True)
        await bot.hear("resumed")
        assert (server.gateway.identifies, server.gateway.resumes) == (1, 1)


async def test_an_invalid_session_that_cannot(server: DiscordServer, guild: Guild) -> None:
    async with connected(BareBot()) as bot:
        await server.gateway.invalidate()
        await bot.hear("ready")
        assert (server.gateway.identifies, server.gateway.resumes) == (2, 0)


async def test_a_gateway_that_is_down_or_silent(server: DiscordServer, http: ClientSession) -> None:
    server.gateway.is_down = True
    async with http.get(server.gateway.url.replace("ws", "http", 1)) as response:
        assert response.status == 503
    server.gateway.is_down = False
    async with http.ws_connect(server.gateway.url) as socket:
        await socket.receive()
        await socket.send_json({"op": 1, "d": None})
        assert (await socket.receive_json())["op"] == 11
        server.gateway.is_silent = True
        await socket.send_json({"op": 1, "d": None})
        with pytest.raises(TimeoutError):
            await socket.receive(0.05)
        server.gateway.cut()


async def test_whoever_was_away_too_long_starts_anew(
    server: DiscordServer, guild: Guild, member: DiscordPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.acceptance.discord_gateway.KEPT_EVENTS", 2)
    async with connected(BareBot()) as bot:
        server.gateway.cut()
        for _ in range(3):
            await member.mention("meanwhile")
        await bot.hear("ready")
        assert (server.gateway.identifies, server.gateway.resumes) == (2, 0)
