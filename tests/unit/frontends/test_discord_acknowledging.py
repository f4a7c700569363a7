"""The first answer to an interaction: in time, late, lost, double, and what follows then."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from bot.core.errors import UnavailableError
from bot.core.messages import Ask
from bot.core.sentences import SENTENCES
from bot.frontends.discord_bot import answers
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


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


async def slowly(
    memory: MemoryConversation, person: DiscordPerson, server: DiscordServer, **more: Any
) -> tuple[Exchange, asyncio.Event]:
    """Ask a question that is answered when the event is set; wait until that is promised."""
    gate = memory.gates["cat"] = asyncio.Event()
    exchange = await person.slash("search", query="cat", **more)
    await server.wait_for(lambda: server.counts["callback"] >= 1)
    return exchange, gate


async def test_an_answer_that_is_ready_needs_no_promise(
    server: DiscordServer, member: DiscordPerson
) -> None:
    exchange = await member.slash("search", query="cat")
    assert (await exchange.answer()).content == TITLE
    assert await exchange.acknowledged() == ANSWER
    assert (server.counts["callback"], server.counts["edit"]) == (1, 0)


async def test_an_answer_that_takes_a_while_is_promised_first(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation
) -> None:
    exchange, gate = await slowly(memory, member, server)
    assert await exchange.acknowledged() == DEFERRED
    gate.set()
    answer = await exchange.answer()
    assert answer.content == TITLE
    assert captions(answer) == ["cat"]
    assert (server.counts["callback"], server.counts["edit"]) == (1, 1)


async def test_a_worker_that_dies_after_the_promise(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def dies(*_args: object) -> bytes:
        raise UnavailableError(part="encoder")

    monkeypatch.setattr(memory.encoder, "encode_text", dies)
    exchange, gate = await slowly(memory, member, server)
    gate.set()
    assert (await exchange.answer()).content == SENTENCES["unavailable"]


async def test_a_worker_that_never_answers(
    member: DiscordPerson, memory: MemoryConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.core import conversation

    async def never(*_args: object) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(conversation, "ANSWER_TIMEOUT_S", 0.7)
    monkeypatch.setattr(memory.encoder, "encode_text", never)
    exchange = await member.slash("search", query="cat")
    assert await exchange.acknowledged() == DEFERRED
    assert (await exchange.answer()).content == SENTENCES["unavailable"]


async def test_a_store_that_never_answers(
    member: DiscordPerson, memory: MemoryConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_args: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(answers, "PICTURES_TIMEOUT_S", 0.7)
    monkeypatch.setattr(memory, "rendition", never)
    exchange = await member.slash("search", query="cat")
    assert (await exchange.answer()).content == SENTENCES["unavailable"]


# Too late


@pytest.mark.parametrize("is_slow", [False, True])
async def test_an_interaction_that_is_gone_is_let_go(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    caplog: pytest.LogCaptureFixture,
    is_slow: bool,
) -> None:
    server.faults["callback"] = [Fault(404, 10062)]
    if is_slow:
        await slowly(memory, member, server)
    else:
        await member.slash("search", query="cat")
    answer = await (await member.slash("search", query="second")).answer()
    assert answer.content.startswith("Pictures for “second”")
    assert server.counts["edit"] == 0
    assert memory.incoming[-1].request == Ask("second")
    assert warnings(caplog) == []


@pytest.mark.parametrize(
    "fault", [Fault(401, 50027), Fault(404, 10015), Fault(404, 10008), Fault(404, 10062)]
)
async def test_a_token_that_has_expired_is_let_go(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    server.faults["edit"] = [fault]
    _, gate = await slowly(memory, member, server)
    gate.set()
    await server.wait_for(lambda: not server.faults["edit"])
    await (await member.slash("search", query="second")).answer()
    assert server.counts["edit"] == 1
    assert warnings(caplog) == []


async def test_a_token_that_is_really_too_old(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchange, gate = await slowly(memory, member, server)
    exchange.age(16 * 60)
    gate.set()
    await server.wait_for(lambda: server.counts["edit"] == 1)
    await (await member.slash("search", query="second")).answer()
    assert warnings(caplog) == []


async def test_old_interactions_told_again_after_an_outage_stay_quiet(
    server: DiscordServer, member: DiscordPerson, caplog: pytest.LogCaptureFixture
) -> None:
    await (await member.slash("search", query="before")).answer()
    server.gateway.cut()
    exchange = await member.slash("search", query="meanwhile")
    exchange.age(10)
    await (await member.slash("search", query="after")).answer()
    assert server.gateway.resumes == 1
    assert exchange.interaction.answer is None
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
