"""The fake refuses what Telegram refuses, at N and N + 1."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken

from bot.frontends.telegram_bot.limits import shorten
from tests.acceptance.telegram_chats import Chat, Person, World
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import jpeg, png, webp
from tests.unit.telegram_bot.waiting import until


@pytest.fixture
async def api(server: TelegramServer) -> AsyncIterator[Bot]:
    bot = Bot(server.token, f"{server.url}/bot", f"{server.url}/file/bot")
    async with bot:
        yield bot


@pytest.fixture
def chat(world: World, ana: Person) -> Chat:
    return world.private(ana)


async def test_texts(api: Bot, chat: Chat) -> None:
    await api.send_message(chat.id, "𝔞" * 2048)
    with pytest.raises(BadRequest, match="too long"):
        await api.send_message(chat.id, "𝔞" * 2048 + "b")
    with pytest.raises(BadRequest, match="empty"):
        await api.send_message(chat.id, " ")
    with pytest.raises(BadRequest, match="Chat not found"):
        await api.send_message(1, "a")
    chat.has_blocked = True
    with pytest.raises(Forbidden):
        await api.send_message(chat.id, "a")


async def test_photos(api: Bot, chat: Chat) -> None:
    for good in (jpeg(), png(), jpeg((200, 10)), jpeg((9_500, 500))):
        await api.send_photo(chat.id, good, caption="c" * 1024)
    for bad in (jpeg((201, 10)), jpeg((9_501, 500)), webp(), b"nothing", bytes(10**7 + 1)):
        with pytest.raises(BadRequest):
            await api.send_photo(chat.id, bad)
    with pytest.raises(BadRequest, match="caption"):
        await api.send_photo(chat.id, jpeg(), caption="c" * 1025)


async def test_albums(api: Bot, chat: Chat) -> None:
    for number in (2, 10):
        await api.send_media_group(chat.id, [InputMediaPhoto(jpeg())] * number)
    for number in (1, 11):
        with pytest.raises(BadRequest):
            await api.send_media_group(chat.id, [InputMediaPhoto(jpeg())] * number)
    assert len(chat.sent) == 12


async def test_buttons(api: Bot, chat: Chat) -> None:
    def buttons(data: str, rows: int = 1, columns: int = 1) -> InlineKeyboardMarkup:
        return InlineKeyboardMarkup(
            [[InlineKeyboardButton("b", callback_data=data)] * columns] * rows
        )

    for good in (buttons("é" * 32), buttons("a", 100), buttons("a", 1, 8)):
        await api.send_message(chat.id, "t", reply_markup=good)
    for bad in (buttons("é" * 32 + "a"), buttons("a", 101), buttons("a", 1, 9)):
        with pytest.raises(BadRequest):
            await api.send_message(chat.id, "t", reply_markup=bad)


async def test_updates_come_until_they_are_confirmed(
    api: Bot, server: TelegramServer, world: World, chat: Chat, ana: Person
) -> None:
    await world.send(ana, chat, "😀 /search @BabelpixBot")
    (update,) = await api.get_updates(allowed_updates=["message"])
    assert await api.get_updates(allowed_updates=["message"]) == (update,)
    assert update.message is not None
    parts = update.message.parse_entities()
    assert list(parts.values()) == ["/search", "@BabelpixBot"]
    assert await api.get_updates(update.update_id + 1, allowed_updates=["message"]) == ()
    assert world.updates == []


async def test_a_second_poller_ends_the_first(api: Bot, server: TelegramServer) -> None:
    first = asyncio.create_task(api.get_updates(timeout=20, allowed_updates=["message"]))
    await until(lambda: "getUpdates" in server.calls)
    async with Bot(server.token, f"{server.url}/bot") as second:
        await second.get_updates(allowed_updates=["message"])
    with pytest.raises(Conflict):
        await first


async def test_a_wrong_token_is_refused(server: TelegramServer) -> None:
    bot = Bot("42:wrong", f"{server.url}/bot")
    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()


@pytest.mark.parametrize("text", ["", "short", "x" * 10, "𝔞" * 5])
def test_texts_that_fit_stay_as_they_are(text: str) -> None:
    assert shorten(text, 10) == text


@pytest.mark.parametrize("text", ["x" * 11, "𝔞" * 6, "x" * 8 + "👩‍👩‍👧"])
def test_longer_texts_are_cut_between_characters(text: str) -> None:
    short = shorten(text, 10)
    assert len(short.encode("utf-16-le")) <= 20
    assert short.endswith("…")
    assert text.startswith(short[:-1])


def test_pictures_are_what_the_tests_think() -> None:
    with Image.open(io.BytesIO(webp())) as image:
        assert image.format == "WEBP"
