"""What the fake Telegram does when a test asks it to fail, and what the library makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from telegram import Bot, InputMediaPhoto
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter

from tests.acceptance.telegram_bare import bare_bot
from tests.acceptance.telegram_chats import Chat, TelegramPerson, World
from tests.acceptance.telegram_server import Fault, TelegramServer
from tests.pictures.good import jpeg


@pytest.fixture(autouse=True)
def _times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def api(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bare_bot(server) as bot:
        yield bot


@pytest.fixture
def ben(world: World) -> TelegramPerson:
    return world.person("Ben")


@pytest.fixture
def chat(ben: TelegramPerson) -> Chat:
    return ben.private


async def test_a_flood_of_one_chat_or_of_all(
    api: Bot, chat: Chat, world: World, server: TelegramServer
) -> None:
    other = world.person("Cleo").private
    server.faults["sendMessage"] = [Fault(429, retry_after=3, chat_id=chat.id)]
    await api.send_message(other.id, "x")
    with pytest.raises(RetryAfter) as caught:
        await api.send_message(chat.id, "x")
    assert caught.value.retry_after == timedelta(seconds=3)
    await api.send_message(chat.id, "x")
    server.flood.close(5, chat.id)
    await api.send_message(other.id, "x")
    for _ in range(2):
        with pytest.raises(RetryAfter):
            await api.send_photo(chat.id, jpeg())
    with pytest.raises(RetryAfter):
        await api.edit_message_text("y", chat.id, chat.sent[0].message_id)
    server.flood.forget(5)
    server.flood.close(5)
    with pytest.raises(RetryAfter):
        await api.send_message(other.id, "x")
    assert server.flood.refused == 4
    assert server.misbehaviour == []


async def test_messages_are_counted_if_the_test_wants_it(
    api: Bot, chat: Chat, world: World, ben: TelegramPerson, server: TelegramServer
) -> None:
    server.flood.counts = True
    await api.send_message(chat.id, "1")
    with pytest.raises(RetryAfter):
        await api.send_message(chat.id, "2")
    server.flood.forget(1)
    await api.send_message(chat.id, "2")
    server.flood.forget()
    group = world.group(ben)
    for number in (10, 10):
        await api.send_media_group(group.id, [InputMediaPhoto(jpeg())] * number)
        server.flood.forget(1)
    with pytest.raises(RetryAfter) as caught:
        await api.send_message(group.id, "21")
    pause = caught.value.retry_after
    assert isinstance(pause, timedelta)
    assert 50 < pause.total_seconds() <= 60
    server.flood.forget(60)
    for number in range(30):
        await api.send_message(world.person(str(number)).private.id, "x")
    with pytest.raises(RetryAfter):
        await api.send_message(chat.id, "31")


async def test_what_a_fault_looks_like(api: Bot, chat: Chat, server: TelegramServer) -> None:
    server.faults["sendMessage"] = [
        Fault(502),
        Fault(500),
        Fault(503, does_it=True),
        Fault(401, "Unauthorized"),
        Fault(409, "Conflict"),
    ]
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await api.send_message(chat.id, "x")
    with pytest.raises(NetworkError, match="Internal Server Error"):
        await api.send_message(chat.id, "x")
    assert chat.sent == []
    with pytest.raises(NetworkError):
        await api.send_message(chat.id, "done")
    assert [one.text for one in chat.sent] == ["done"]
    with pytest.raises(InvalidToken):
        await api.send_message(chat.id, "x")
    with pytest.raises(Conflict):
        await api.send_message(chat.id, "x")
    await api.send_message(chat.id, "x")
    assert server.counts["sendMessage"] == 6
    assert server.misbehaviour == []


@pytest.mark.parametrize(
    ("fault", "is_done"), [(Fault(loses_request=True), False), (Fault(loses_answer=True), True)]
)
async def test_a_connection_that_breaks(
    api: Bot, chat: Chat, server: TelegramServer, fault: Fault, is_done: bool
) -> None:
    server.faults["sendPhoto"] = [fault]
    with pytest.raises(NetworkError):
        await api.send_photo(chat.id, jpeg())
    assert len(chat.sent) == is_done


async def test_slow_answers_are_released_by_the_test(
    api: Bot, chat: Chat, server: TelegramServer
) -> None:
    gate, answer = asyncio.Event(), asyncio.Event()
    server.faults["sendMessage"] = [Fault(held=gate, holds_answer=answer, delay_s=0.01)]
    asked = asyncio.create_task(api.send_message(chat.id, "x"))
    await server.world.until(lambda: server.counts["sendMessage"] == 1)
    assert chat.sent == []
    gate.set()
    await chat.next()
    assert not asked.done()
    answer.set()
    await asked


async def test_downloads_and_polls_fail_too(
    api: Bot, ben: TelegramPerson, server: TelegramServer
) -> None:
    sent = await ben.send(photo=jpeg())
    file = await api.get_file(sent.file_id)
    server.faults["file"] = [Fault(502), Fault(loses_answer=True)]
    for _ in range(2):
        with pytest.raises(NetworkError):
            await file.download_as_bytearray()
    assert bytes(await file.download_as_bytearray()) == jpeg()
    server.faults["getUpdates"] = [Fault(502)]
    with pytest.raises(NetworkError):
        await api.get_updates()
    assert len(await api.get_updates()) == 1


async def test_uploads_count_even_if_they_come_to_nothing(
    api: Bot, chat: Chat, server: TelegramServer
) -> None:
    server.faults["sendPhoto"] = [Fault(loses_request=True), Fault(429)]
    for error in (NetworkError, RetryAfter):
        with pytest.raises(error):
            await api.send_photo(chat.id, jpeg())
    await api.send_photo(chat.id, jpeg())
    assert [upload.is_done for upload in server.uploads] == [False, False, True]
    assert server.uploaded_bytes == 3 * len(jpeg())
    assert server.uploaded_twice == []


async def test_a_server_that_is_away(api: Bot, ben: TelegramPerson, server: TelegramServer) -> None:
    await server.stop()
    with pytest.raises(NetworkError):
        await api.get_me()
    await ben.send("meanwhile", ago_s=3600)
    await server.start()
    assert len(await api.get_updates()) == 1
