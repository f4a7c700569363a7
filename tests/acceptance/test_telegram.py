"""Telegram from end to end: the real library, the real core and its services."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import count

import pytest

from bot.app import App
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from bot.frontends.telegram_bot import TelegramBot
from samples.emoji import render
from tests.acceptance.telegram_chats import Chat, Person, World
from tests.acceptance.telegram_server import TelegramServer, telegram_server
from tests.pictures.good import jpeg, noisy_jpeg, png, saved
from tests.stack import Stack, new_data_dir
from tests.unit.telegram_bot.waiting import kept_loggers
from workers.images import flatten

# Nobody else's pictures are in a chat of one's own.
_ids = count(5_000_000)


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    with kept_loggers():
        yield


@pytest.fixture
async def world(app: App) -> AsyncIterator[World]:
    async with telegram_server() as server:
        options = replace(
            app.frontend_options(), telegram_token=server.token, telegram_api_url=server.url
        )
        bot = TelegramBot(app.conversation, options)
        assert "t.me/BabelpixBot" in await bot.start()
        yield server.world
        await bot.stop()


def someone(name: str = "Ana", language: str = "en") -> Person:
    return Person(next(_ids), name, language)


def drawn(emoji: str) -> bytes:
    """Return a picture of an emoji, which the bundled model knows, as JPEG."""
    return saved(flatten(render(emoji)), "JPEG", quality=95)


async def add(world: World, person: Person, chat: Chat, content: bytes, caption: str) -> str:
    await world.send_photo(person, chat, content, f"/add {caption}")
    return await chat.next_text()


async def test_the_whole_conversation(world: World) -> None:
    ana = someone()
    chat = world.private(ana)
    await world.send(ana, chat, "black cat")
    assert await chat.next_text() == SENTENCES["empty_collection"]

    captions = {"a black cat": "🐈‍⬛", "a birthday cake": "🎂", "fireworks over the sea": "🎆"}
    for caption, emoji in captions.items():
        assert await add(world, ana, chat, drawn(emoji), caption) == ("1 picture was added.")
    assert await add(world, ana, chat, drawn("🐈‍⬛"), "again") == ("1 picture was here already.")

    await world.send(ana, chat, "black cat")
    *photos, text = await chat.next(4)
    assert photos[0].text == "1 · a black cat"
    assert {photo.text[4:] for photo in photos} == set(captions)
    assert text.text == "Pictures for “black cat”"
    assert text.labels == ["🔎 1", "🔎 2", "🔎 3", "🗑 1", "🗑 2", "🗑 3"]

    await (await world.press(ana, chat, text, "🔎 1")).answer()
    *_, like_this = await chat.next(3)
    assert like_this.text == "Pictures like “a black cat”"

    await world.send_photo(ana, chat, drawn("🎆"))
    first, *_ = await chat.next(4)
    assert first.text == "1 · fireworks over the sea"

    shown = await (await world.press(ana, chat, text, "🗑 1")).answer()
    assert shown["text"] == "“a black cat” is deleted."
    await (await world.press(ana, chat, like_this, like_this.labels[0])).answer()
    await chat.next(2)
    await world.send(ana, chat, "black cat")
    left = await chat.next(3)
    assert all("black cat" not in photo.text for photo in left[:-1])


async def test_more_goes_on_where_the_answer_ended(world: World) -> None:
    ana = someone(language="de")
    chat = world.private(ana)
    for n in range(12):
        await add(world, ana, chat, noisy_jpeg((160, 120), seed=100 + n), f"Katze {n}")
    await world.send(ana, chat, "Katze")
    *first, text = await chat.next(11)
    assert text.text == "Bilder zu „Katze“"
    more = texts_for("de").say(SENTENCES["more"])
    await (await world.press(ana, chat, text, more)).answer()
    *second, text = await chat.next(3)
    assert more not in text.labels
    assert [photo.text.split(" ")[0] for photo in [*first, *second]] == [
        str(n) for n in range(1, 13)
    ]
    assert len({photo.text.split("· ")[1] for photo in [*first, *second]}) == 12

    shown = await (await world.press_data(ana, chat, text, "m:nobody_knows_this:10")).answer()
    assert shown["text"] == texts_for("de").say(SENTENCES["page_expired"])


async def test_chats_know_nothing_of_each_other(world: World) -> None:
    ana, bob = someone(), someone("Bob", "fr")
    await add(world, ana, world.private(ana), jpeg(), "my secret cat")
    await world.send(bob, world.private(bob), "cat")
    empty = texts_for("fr").say(SENTENCES["empty_collection"])
    assert await world.private(bob).next_text() == empty
    shown = await (
        await world.press_data(bob, world.private(bob), world.private(bob).sent[0], "l:1")
    ).answer()
    assert shown["text"] == texts_for("fr").say(SENTENCES["image_gone"])


async def test_in_groups_admins_add_and_everybody_asks(world: World) -> None:
    ana, bob = someone(), someone("Bob", "ja")
    group = world.group(ana)
    japanese = texts_for("ja")
    assert await add(world, bob, group, png(), "a cat") == japanese.say(SENTENCES["not_allowed"])
    assert await add(world, ana, group, png(), "a red disc") == "1 picture was added."

    await world.send(bob, group, "@BabelpixBot a red disc")
    photo, text = await group.next(2)
    assert photo.text == "1 · a red disc"
    assert text.labels == ["🔎 1"]
    await world.send(ana, group, "/search a red disc")
    _photo, text = await group.next(2)
    assert text.labels == ["🔎 1", "🗑 1"]

    shown = await (await world.press(bob, group, text, "🗑 1")).answer()
    assert shown["text"] == japanese.say(SENTENCES["not_allowed"])
    shown = await (await world.press(ana, group, text, "🗑 1")).answer()
    assert shown["text"] == "“a red disc” is deleted."


async def test_bad_pictures_and_empty_questions_get_a_clear_word(world: World) -> None:
    ana = someone(language="es")
    chat, spanish = world.private(ana), texts_for("es")
    await world.send(ana, chat, "/search")
    assert await chat.next_text() == spanish.say(SENTENCES["question_empty"])
    await world.send(ana, chat, "/add")
    assert await chat.next_text() == spanish.say(SENTENCES["nothing_to_add"])
    await world.send_file(ana, chat, b"GIF89a and nothing more", "image/gif")
    (answer,) = await chat.next()
    assert answer.text
    await world.send(ana, chat, "x" * 4096)
    assert await chat.next_text() == spanish.say(SENTENCES["question_too_long"], limit=1000)


@pytest.fixture
async def process() -> AsyncIterator[tuple[Stack, TelegramServer]]:
    """A service of its own that talks to Telegram, started as a person would."""
    async with telegram_server() as server:
        running = Stack(new_data_dir(), samples=False)
        running.environment |= {
            "TELEGRAM_TOKEN": server.token,
            "TELEGRAM_API_URL": server.url,
            "LOG_LEVEL": "DEBUG",
        }
        try:
            await asyncio.to_thread(running.start)
            yield running, server
        finally:
            running.kill_everything()
            shutil.rmtree(running.data_dir, ignore_errors=True)


async def test_the_real_process(process: tuple[Stack, TelegramServer]) -> None:
    running, server = process
    assert "https://t.me/BabelpixBot" in running.said()
    ana = someone()
    chat = server.world.private(ana)
    assert await add(server.world, ana, chat, jpeg(), "my little cat") == "1 picture was added."
    await server.world.send(ana, chat, "a cat")
    photo, _text = await chat.next(2)
    assert photo.text == "1 · my little cat"

    await asyncio.to_thread(running.stop)
    assert server.world.updates == []
    await asyncio.to_thread(running.start)
    await server.world.send(ana, chat, "my cat after a restart")
    photo, _text = await chat.next(2)
    assert photo.text == "1 · my little cat"

    logged = (running.data_dir / "logs" / "bot.log").read_text("utf-8")
    assert "telegram_connected" in logged
    assert "after a restart" not in logged
    assert "little cat" not in logged
    assert server.token.split(":")[1] not in logged + running.said() + running.logs()
