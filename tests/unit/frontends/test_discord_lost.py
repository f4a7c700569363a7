"""First answers to an interaction that are lost or given twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import discord.http
import discord.webhook.async_
import pytest

from bot.core.sentences import SENTENCES
from bot.frontends.discord_bot import answers, delivery
from tests.acceptance.discord_people import DiscordPerson, Exchange
from tests.acceptance.discord_server import DiscordServer, Fault
from tests.unit.frontends.discord_memory import MemoryConversation, captions

pytestmark = pytest.mark.usefixtures("bot")
ANSWER, DEFERRED = 4, 5
TITLE = "Pictures for “cat” · 1 to 1 of 1 picture"


@pytest.fixture(autouse=True)
def one_picture(
    memory: MemoryConversation, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.add(collection, "cat", b"cat")
    monkeypatch.setattr(answers, "QUICK_S", 0.2)


@pytest.fixture
async def forgiving(server: DiscordServer) -> AsyncIterator[None]:
    """Let the bot try again what may have arrived, as it cannot know."""
    yield
    tried = {"callback: Interaction has already been acknowledged.", "edit: Unknown Webhook"}
    assert set(server.misbehaviour) <= tried | {"followup: Unknown Webhook"}
    assert len(server.misbehaviour) <= 1
    server.misbehaviour.clear()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library's pauses between attempts take no time."""

    async def no_time(delay_s: float) -> None:
        await asyncio.sleep(0.001 if delay_s >= 0.5 else delay_s)

    hurried: Any = SimpleNamespace(**{**vars(asyncio), "sleep": no_time})
    monkeypatch.setattr(discord.http, "asyncio", hurried)
    monkeypatch.setattr(discord.webhook.async_, "asyncio", hurried)


async def slowly(
    memory: MemoryConversation, person: DiscordPerson, server: DiscordServer, **more: Any
) -> tuple[Exchange, asyncio.Event]:
    """Ask a question that is answered when the event is set; wait until that is promised."""
    gate = memory.gates["cat"] = asyncio.Event()
    exchange = await person.slash("search", query="cat", **more)
    await server.wait_for(lambda: server.counts["callback"] >= 1)
    return exchange, gate


# Lost or double promises


@pytest.mark.parametrize(
    "fault",
    [
        Fault(400, 40060, does_it=True),
        Fault(loses_answer=True),
        Fault(loses_request=True),
        Fault(502),
        Fault(502, does_it=True),
        Fault(429, retry_after=0.1),
        Fault(429, via=False),
    ],
    ids=["double", "receipt lost", "lost", "502", "502 but done", "429", "429 of Cloudflare"],
)
@pytest.mark.usefixtures("impatient", "forgiving")
async def test_a_promise_that_goes_wrong_is_followed_by_the_answer(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    fault: Fault,
) -> None:
    server.faults["callback"] = [fault]
    exchange, gate = await slowly(memory, member, server)
    gate.set()
    answer = await exchange.answer()
    assert answer.content == TITLE
    assert captions(answer) == ["cat"]
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(400, 40060, does_it=True),
        Fault(loses_answer=True),
        Fault(loses_request=True),
        Fault(502),
        Fault(502, does_it=True),
        Fault(429, retry_after=0.1),
        Fault(429, via=False),
    ],
    ids=["double", "receipt lost", "lost", "502", "502 but done", "429", "429 of Cloudflare"],
)
@pytest.mark.usefixtures("impatient", "forgiving")
async def test_an_answer_that_goes_wrong_at_once_is_given_again(
    server: DiscordServer, member: DiscordPerson, fault: Fault
) -> None:
    server.faults["callback"] = [fault]
    answer = await (await member.slash("search", query="cat")).answer()
    assert answer.content == TITLE
    assert captions(answer) == ["cat"]
    await (await member.slash("search", query="second")).answer()
    assert len(server.messages) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault(loses_answer=True),
        Fault(loses_request=True),
        Fault(502),
        Fault(429, retry_after=0.1),
        Fault(429, via=False),
    ],
    ids=["receipt lost", "lost", "502", "429", "429 of Cloudflare"],
)
@pytest.mark.usefixtures("impatient")
async def test_a_promised_answer_that_goes_wrong_is_given_again(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation, fault: Fault
) -> None:
    server.faults["edit"] = [fault]
    exchange, gate = await slowly(memory, member, server)
    gate.set()
    await server.wait_for(lambda: server.counts["edit"] >= 2)
    answer = await exchange.answer()
    assert answer.content == TITLE
    assert captions(answer) == ["cat"]
    assert len(server.messages) == 1


@pytest.mark.usefixtures("impatient")
async def test_discord_is_broken_for_ever(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.faults["edit"] = [Fault(500)] * 10
    _, gate = await slowly(memory, member, server)
    gate.set()
    await server.wait_for(lambda: not server.faults["edit"])
    await (await member.slash("search", query="second")).answer()
    assert server.counts["edit"] == 10
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


@pytest.mark.usefixtures("forgiving")
async def test_a_promise_that_is_lost_is_given_again_at_once(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation
) -> None:
    server.faults["callback"] = [Fault(loses_request=True)]
    exchange, gate = await slowly(memory, member, server)
    assert await exchange.acknowledged() == DEFERRED
    gate.set()
    assert (await exchange.answer()).content == TITLE


@pytest.mark.usefixtures("forgiving")
async def test_an_answer_whose_promises_are_all_lost_comes_by_itself(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation
) -> None:
    server.faults["callback"] = [Fault(loses_request=True), Fault(loses_request=True)]
    exchange, gate = await slowly(memory, member, server)
    await server.wait_for(lambda: server.counts["callback"] == 2)
    gate.set()
    assert (await exchange.answer()).content == TITLE
    assert await exchange.acknowledged() == ANSWER


async def test_a_promise_that_hangs_is_not_waited_for(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "ACKNOWLEDGE_WITHIN_S", 0.1)
    held = asyncio.Event()
    server.faults["callback"] = [Fault(holds_answer=held)]
    exchange, gate = await slowly(memory, member, server)
    gate.set()
    answer = await exchange.answer()
    assert answer.content == TITLE
    held.set()


# Buttons


@pytest.mark.usefixtures("forgiving")
@pytest.mark.parametrize("fault", [Fault(loses_answer=True), Fault(loses_request=True)])
async def test_a_word_beside_an_answer_is_said_once(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation, fault: Fault
) -> None:
    answer = await (await member.slash("search", query="cat")).answer()
    memory.cache.paging.clear()
    server.faults["callback"] = [fault]
    exchange = await member.choose(answer, "№ 1", select="Not this …")
    said = await exchange.answer(lambda message: message is not answer)
    assert (said.content, said.is_ephemeral) == (SENTENCES["page_expired"], True)
    await (await member.slash("search", query="second")).answer()
    assert len([one for one in server.messages.values() if one.is_ephemeral]) == 1


@pytest.mark.usefixtures("forgiving")
@pytest.mark.parametrize("fault", [Fault(loses_answer=True), Fault(loses_request=True)])
async def test_a_page_whose_promise_is_lost_is_turned(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
    fault: Fault,
) -> None:
    memory.fill(collection, 10)
    answer = await (await member.slash("search", query="cat")).answer()
    gate = memory.gates["m"] = asyncio.Event()
    server.faults["callback"] = [fault]
    await member.click(answer, "▶")
    await server.wait_for(lambda: server.counts["callback"] == 2)
    gate.set()
    await server.wait_for(lambda: "11 to 11" in answer.content)
