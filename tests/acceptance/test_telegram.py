"""Telegram from end to end: the real library, the real core and its services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import pytest

from bot.app import App
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from bot.frontends.telegram_bot import TelegramBot
from bot.frontends.telegram_bot.sentences import SENTENCES as ON_TELEGRAM
from samples.emoji import render
from tests.acceptance.telegram_chats import Chat, Sent, TelegramPerson, World
from tests.acceptance.telegram_modes import press_number
from tests.acceptance.telegram_server import TelegramServer, telegram_server
from tests.pictures.good import jpeg, noisy_jpeg, png, saved
from tests.unit.telegram_bot.waiting import kept_loggers
from workers.images import flatten

ADDED = "1 picture was added."


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    with kept_loggers():
        yield


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with telegram_server() as running:
        yield running
        assert running.misbehaviour == []


@pytest.fixture
async def new_bot(app: App, server: TelegramServer) -> AsyncIterator[Callable[[], TelegramBot]]:
    bots: list[TelegramBot] = []

    def new() -> TelegramBot:
        options = replace(
            app.frontend_options(), telegram_token=server.token, telegram_api_url=server.url
        )
        bots.append(TelegramBot(app.conversation, options))
        return bots[-1]

    yield new
    for bot in bots:
        await bot.stop()


@pytest.fixture
async def world(server: TelegramServer, new_bot: Callable[[], TelegramBot]) -> World:
    assert "t.me/BabelpixBot" in await new_bot().start()
    return server.world


def drawn(emoji: str) -> bytes:
    """Return a picture of an emoji, which the bundled model knows, as JPEG."""
    return saved(flatten(render(emoji)), "JPEG", quality=95)


async def add(
    person: TelegramPerson, content: bytes, caption: str, chat: Chat | None = None
) -> str:
    sent = await person.send(photo=content, caption=f"/add {caption}", chat=chat)
    return (await person.wait_for_answer(sent)).text


async def found(
    person: TelegramPerson, text: str, count: int, chat: Chat | None = None
) -> tuple[list[str], Sent]:
    """Ask, and return the captions of so many pictures and the text below them."""
    asked = await person.send(text, chat=chat)
    *photos, below = await person.wait_for_answers(asked, count + 1)
    return [photo.text for photo in photos], below


async def test_the_whole_conversation(world: World) -> None:
    ana = world.person("Ana")
    await ana.send("black cat")
    assert await ana.private.next_text() == SENTENCES["empty_collection"]

    captions = {"a black cat": "🐈‍⬛", "a birthday cake": "🎂", "fireworks over the sea": "🎆"}
    for caption, emoji in captions.items():
        assert await add(ana, drawn(emoji), caption) == ADDED
    assert await add(ana, drawn("🐈‍⬛"), "again") == "1 picture was here already."

    for question in ("black cat", "schwarze Katze", "un chat noir", "черный кот", "黒猫"):
        names, text = await found(ana, question, 3)
        assert names[0] == "1 · a black cat"
        assert {name[4:] for name in names} == set(captions)
        assert question in text.text

    await (await ana.press(text, "🔎 1")).answer()
    await ana.private.wait_for(lambda: "like “a black cat”" in ana.private.sent[-1].text)

    asked = await ana.send(photo=drawn("🎆"))
    assert (await ana.wait_for_answer(asked)).text == "1 · fireworks over the sea"
    await ana.wait_for_answers(asked, 4)

    shown = await (await press_number(ana, text, "🗑 1")).answer()
    assert shown["text"] == "“a black cat” is deleted."
    names, _text = await found(ana, "black cat", 2)
    assert all("black cat" not in name for name in names)


async def test_more_goes_on_where_the_answer_ended_also_after_a_restart(
    server: TelegramServer, new_bot: Callable[[], TelegramBot]
) -> None:
    first = new_bot()
    await first.start()
    german = texts_for("de")
    ana = server.world.person("Ana", "de")
    album = [noisy_jpeg((160, 120), seed=100 + n) for n in range(12)]
    for pictures in (album[:10], album[10:]):
        sent = await ana.send(album=pictures, caption="/add Katze #tier")
        added = await ana.wait_for_answer(sent)
        assert str(len(pictures)) in added.text
    asked = await ana.send("Katze")
    *photos, text = await ana.wait_for_answers(asked, 11)
    assert len({photo.content for photo in photos}) == 10
    await first.stop()

    await new_bot().start()
    count = len(ana.private.sent)
    await (await ana.press(text, german.say(SENTENCES["more"]))).answer()
    await ana.private.wait_for(lambda: len(ana.private.sent) == count + 3)
    assert [one.text for one in ana.private.sent[-3:-1]] == ["11 · Katze", "12 · Katze"]
    await ana.edit(asked, "Hund")
    await text.wait_for_edit()
    assert "Hund" in text.text
    refined = await ana.send("bei Nacht", reply_to=text)
    *_, below = await ana.wait_for_answers(refined, 11)
    assert "Hund bei Nacht" in below.text
    # What was added as a photo is never uploaded, and nothing twice.
    assert server.uploads == []
    server.world.queue.repeat(1)
    await ana.send("Maus")
    await ana.private.wait_for(lambda: "Maus" in ana.private.sent[-1].text)
    shown = await (await ana.press_data(text, "m:nobody_knows_this:10")).answer()
    assert shown["text"] == german.say(SENTENCES["page_expired"])


async def test_inline_mode_shows_what_one_may_see(world: World) -> None:
    ana, bob = world.person("Ana"), world.person("Bob")
    group = world.group(ana, members=[bob])
    await add(ana, drawn("🐈‍⬛"), "a black cat")
    await add(ana, drawn("🎂"), "a birthday cake", group)
    answer = await ana.inline("cat")
    assert [result.title for result in answer.results] == ["a black cat", "a birthday cake"]
    assert (await bob.inline("cat")).results == []
    await found(bob, "/search cake", 1, group)
    answer = await bob.inline("a cat")
    assert [result.title for result in answer.results] == ["a birthday cake"]
    assert (await bob.choose(answer, answer.results[0], chat=group)).photo


async def test_chats_know_nothing_of_each_other(world: World) -> None:
    ana, bob = world.person("Ana"), world.person("Bob", "fr")
    await add(ana, jpeg(), "my secret cat")
    await bob.send("cat")
    (text,) = await bob.private.next()
    assert text.text == texts_for("fr").say(SENTENCES["empty_collection"])
    shown = await (await bob.press_data(text, "l:1")).answer()
    assert shown["text"] == texts_for("fr").say(SENTENCES["image_gone"])


async def test_in_groups_admins_add_and_everybody_asks(world: World) -> None:
    ana, bob = world.person("Ana"), world.person("Bob", "ja")
    group, japanese = world.group(ana, members=[bob]), texts_for("ja")
    assert await add(bob, png(), "a cat", group) == japanese.say(SENTENCES["not_allowed"])
    assert await add(ana, png(), "a red disc", group) == ADDED

    names, text = await found(bob, "@BabelpixBot a red disc", 1, group)
    assert names == ["1 · a red disc"]
    assert text.labels == ["🔎 1"]
    _names, text = await found(ana, "/search a red disc", 1, group)
    assert text.labels == ["🔎 1", "🗑 1"]

    shown = await (await bob.press(text, "🗑 1")).answer()
    assert shown["text"] == japanese.say(SENTENCES["not_allowed"])
    shown = await (await ana.press(text, "🗑 1")).answer()
    assert shown["text"] == "“a red disc” is deleted."


async def test_a_group_that_becomes_a_supergroup_keeps_its_pictures(world: World) -> None:
    ana = world.person("Ana")
    group = world.group(ana, kind="group")
    assert await add(ana, png(), "a red disc", group) == ADDED
    new = await ana.migrate(group)
    names, _text = await found(ana, "/search a red disc", 1, new)
    assert names == ["1 · a red disc"]


async def test_bad_pictures_and_empty_questions_get_a_clear_word(world: World) -> None:
    ana, spanish = world.person("Ana", "es"), texts_for("es")
    group = world.group(ana)

    async def said(**message: object) -> str:
        sent = await ana.send(**message)  # type: ignore[arg-type]
        return (await ana.wait_for_answer(sent)).text

    assert await said(text="/search") == spanish.say(SENTENCES["question_empty"])
    assert await said(text="/add") == spanish.say(ON_TELEGRAM["send_now"])
    assert await said(text="/add", chat=group) == spanish.say(SENTENCES["nothing_to_add"])
    assert await said(text="x" * 4096) == spanish.say(SENTENCES["question_too_long"], limit=1000)
    assert await said(document=b"GIF89a and nothing more", media_type="image/gif")


async def test_numbers_settings_and_forgetting(world: World) -> None:
    ana = world.person("Ana")
    await add(ana, jpeg(), "a cat #cat")
    await ana.private.next()
    await ana.send("/stats")
    assert "#cat (1)" in await ana.private.next_text()
    await ana.send("/language")
    (menu,) = await ana.private.next()
    await (await ana.press(menu, "Deutsch")).answer()
    await ana.send("/forgetme")
    (offer,) = await ana.private.next()
    german = texts_for("de")
    await (await ana.press(offer, german.say(ON_TELEGRAM["forget_all"]))).answer()
    await offer.wait_for_edit()
    await ana.send("cat")
    # The chosen language is forgotten as well.
    assert await ana.private.next_text() == SENTENCES["empty_collection"]
