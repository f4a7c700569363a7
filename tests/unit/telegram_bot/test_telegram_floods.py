"""Sending at the pace Telegram allows; what surely did not arrive is sent again, and only that."""

from __future__ import annotations

import asyncio

import pytest
from telegram.error import NetworkError, RetryAfter, TimedOut

from bot.frontends.telegram_bot import pacing
from bot.frontends.telegram_bot.pacing import LONGEST_PAUSE_S, Pace
from bot.frontends.telegram_bot.transport import NotSentError
from tests.acceptance.telegram_chats import TelegramPerson
from tests.acceptance.telegram_server import Fault, TelegramServer
from tests.unit.telegram_bot.memory import MemoryConversation
from tests.unit.telegram_bot.waiting import until

GROUP = -100


class Chats:
    """Takes messages, or fails as told."""

    def __init__(self) -> None:
        self.got: list[int] = []
        self.errors: list[Exception] = []
        self.moves: list[tuple[int, int]] = []

    async def send(self, chat_id: int) -> int:
        if self.errors:
            raise self.errors.pop(0)
        self.got.append(chat_id)
        return chat_id

    async def moved(self, old: int, new: int) -> None:
        self.moves.append((old, new))


@pytest.fixture
def chats() -> Chats:
    return Chats()


@pytest.fixture
def pace(chats: Chats) -> Pace:
    return Pace(chats.moved)


@pytest.mark.parametrize("chat", [GROUP, 7])
async def test_a_full_chat_waits_and_the_others_go_on(
    pace: Pace, chats: Chats, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "BURST_S", 20)
    for _ in range(20):
        await pace.send(chat, chats.send)
    waiting = asyncio.create_task(pace.send(chat, chats.send))
    for other in range(1000, 1009):
        await pace.send(other, chats.send)
    assert not waiting.done()
    assert len(chats.got) == 29
    waiting.cancel()


async def test_overall_there_are_thirty_a_second(pace: Pace, chats: Chats) -> None:
    for other in range(1000, 1030):
        await pace.send(other, chats.send)
    waiting = asyncio.create_task(pace.send(2000, chats.send))
    await asyncio.wait({waiting}, timeout=0.001)
    assert not waiting.done()
    await waiting


async def test_what_was_never_sent_is_sent_again(pace: Pace, chats: Chats) -> None:
    chats.errors = [NotSentError("no connection")]
    assert await pace.send(7, chats.send) == 7
    assert chats.got == [7]


@pytest.mark.parametrize("error", [TimedOut(), NetworkError("cut off")])
async def test_what_may_have_arrived_is_not(pace: Pace, chats: Chats, error: Exception) -> None:
    chats.errors = [error]
    with pytest.raises(NetworkError):
        await pace.send(7, chats.send)
    assert chats.got == []


async def test_a_pause_too_long_is_not_waited_for(pace: Pace, chats: Chats) -> None:
    chats.errors = [RetryAfter(int(LONGEST_PAUSE_S) + 1)]
    with pytest.raises(RetryAfter):
        await pace.send(7, chats.send)


@pytest.mark.usefixtures("bot")
async def test_a_flood_is_waited_out_by_that_chat_only(
    server: TelegramServer,
    conversation: MemoryConversation,
    ana: TelegramPerson,
    bob: TelegramPerson,
) -> None:
    conversation.fill(ana.id, 2)
    server.flood.close(1.0, ana.private.id)
    await ana.send("cat")
    await until(lambda: server.flood.refused)
    await bob.send("cat")
    await bob.private.next()
    assert ana.private.sent == []
    assert [one.text for one in await ana.private.next(3)][:2] == ["1 · cat 1", "2 · cat 2"]
    assert server.calls.count("sendMediaGroup") == 2
    assert server.uploaded_twice == []


@pytest.mark.usefixtures("bot")
async def test_an_answer_whose_arrival_was_not_told_is_not_sent_twice(
    server: TelegramServer, ana: TelegramPerson
) -> None:
    server.faults["sendMessage"] = [Fault(loses_answer=True)]
    await ana.send("cat")
    await ana.private.next()
    await ana.send("dog")
    await ana.private.next()
    assert len(ana.private.sent) == 2
    assert server.calls.count("sendMessage") == 2


@pytest.mark.usefixtures("bot")
async def test_an_answer_made_while_telegram_is_away_is_sent_when_it_is_back(
    server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    gate = conversation.gates["slow"] = asyncio.Event()
    await ana.send("slow")
    await until(lambda: conversation.incoming)
    await server.stop()
    gate.set()
    await until(lambda: conversation.incoming)
    await server.start()
    await ana.private.next()
    assert len(ana.private.sent) == 1
