"""Questions, pictures and buttons, through the real library."""

from __future__ import annotations

import asyncio
import io

import pytest
from PIL import Image

from bot.core.messages import Add, Ask, FindSimilar
from bot.core.sentences import REFUSALS, SENTENCES
from bot.core.texts import texts_for
from bot.frontends.telegram_bot.limits import MAX_DOWNLOAD_BYTES
from tests.acceptance.telegram_chats import Person, World
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import jpeg, webp
from tests.unit.web_chat.memory_conversation import MemoryConversation

pytestmark = pytest.mark.usefixtures("bot")


def fill(conversation: MemoryConversation, number: int, caption: str = "cat") -> None:
    for n in range(1, number + 1):
        conversation.add(webp(), f"{caption} {n}")


async def test_a_question_is_answered_with_an_album_and_buttons(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    fill(conversation, 13)
    chat = world.private(ana)
    await world.send(ana, chat, "cat")
    *album, text = await chat.next(11)
    assert [one.text for one in album] == [f"{n} · cat {n}" for n in range(1, 11)]
    assert len({one.album for one in album}) == 1
    with Image.open(io.BytesIO(album[0].photo)) as photo:
        assert (photo.format, photo.size) == ("JPEG", (96, 64))
    assert text.text == "Here is what I found for “cat”."
    numbers = range(1, 11)
    assert text.labels == [f"🔎 {n}" for n in numbers] + [f"🗑 {n}" for n in numbers] + ["More"]

    (incoming,) = conversation.incoming
    assert incoming.request == Ask("cat")
    assert incoming.collection == "telegram:chat:7"
    assert incoming.language == "de"
    person = incoming.person
    assert (person.id, person.name, person.is_admin) == ("telegram:7", "Ana", True)

    press = await world.press(ana, chat, text, "More")
    assert "text" not in await press.answer()
    *album, text = await chat.next(4)
    assert [one.text for one in album] == [f"{n} · cat {n}" for n in (11, 12, 13)]
    assert "More" not in text.labels


async def test_one_hit_is_one_photo_and_none_is_a_text(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    conversation.add(webp(), "")
    chat = world.private(ana)
    await world.send_photo(ana, chat, jpeg())
    photo, text = await chat.next(2)
    assert (photo.text, photo.album) == ("1", "")
    assert text.labels == ["🔎 1", "🗑 1"]
    await world.send(ana, chat, "nothing like it")
    assert await chat.next_text() == "Here is what I found for “nothing like it”."


async def test_captions_fit_and_long_pictures_are_widened(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    conversation.add(webp((1000, 20)), "cat " + "𝔞" * 1000)
    conversation.add(webp((20, 1000)), "cat")
    chat = world.private(ana)
    await world.send(ana, chat, "cat")
    wide, tall, _text = await chat.next(3)
    assert wide.text.startswith("1 · cat 𝔞")
    assert wide.text.endswith("𝔞…")
    with Image.open(io.BytesIO(wide.photo)) as photo:
        assert photo.size == (1000, 50)
    with Image.open(io.BytesIO(tall.photo)) as photo:
        assert photo.size == (50, 1000)


async def test_pictures_that_are_missing_or_damaged_are_left_out(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    conversation.add(b"no picture", "cat")
    chat = world.private(ana)
    await world.send(ana, chat, "cat")
    assert await chat.next_text() == texts_for("de").say(SENTENCES["unavailable"])
    fill(conversation, 1)
    await world.send(ana, chat, "cat")
    photo, text = await chat.next(2)
    assert photo.text == "2 · cat 1"
    assert text.labels == ["🔎 2", "🗑 2"]


async def test_pictures_are_looked_for_and_added(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    chat = world.private(ana)
    await world.send_photo(ana, chat, jpeg())
    await chat.next()
    assert [incoming.request for incoming in conversation.incoming] == [FindSimilar(jpeg())]

    asked = await world.send_photo(ana, chat, webp(), "/add 🐈‍⬛ black cat")
    assert await chat.next_text() == "Added: 1"
    assert chat.actions == ["typing"]
    added = conversation.incoming[-1].request
    assert isinstance(added, Add)
    (upload,) = added.uploads
    assert (upload.content, upload.caption) == (webp(), "🐈‍⬛ black cat")
    assert (upload.source_channel, upload.source_message) == ("7", str(asked))

    await world.send_file(ana, chat, jpeg(), "image/jpeg")
    await chat.next(2)
    assert conversation.incoming[-1].request == FindSimilar(jpeg())


async def test_files_it_cannot_use_get_a_clear_word(
    world: World, server: TelegramServer, conversation: MemoryConversation, ana: Person
) -> None:
    texts, chat = texts_for("de"), world.private(ana)
    await world.send_file(ana, chat, b"%PDF", "application/pdf")
    assert await chat.next_text() == texts.say(REFUSALS["unsupported"])
    await world.send_file(ana, chat, jpeg(), "image/jpeg", MAX_DOWNLOAD_BYTES + 1)
    assert await chat.next_text() == texts.say(REFUSALS["too_large"])
    assert "getFile" not in server.calls
    # The size was not told, and Telegram refuses to hand the file out.
    await world.send_file(ana, chat, bytes(MAX_DOWNLOAD_BYTES + 1), "image/jpeg", 0)
    assert await chat.next_text() == texts.say(REFUSALS["too_large"])
    await world.send_photo(ana, chat, jpeg())
    world.files.clear()
    assert await chat.next_text() == texts.say(REFUSALS["missing"])
    assert conversation.incoming == []


async def test_start_and_help_say_what_to_do(world: World, ana: Person) -> None:
    chat = world.private(ana)
    for command in ("/start", "/help"):
        await world.send(ana, chat, command)
        assert await chat.next_text() == texts_for("de").say(SENTENCES["question_empty"])
    nobody = Person(8, "Noor", None)
    await world.send(nobody, world.private(nobody), "/start")
    assert await world.private(nobody).next_text() == SENTENCES["question_empty"]


async def test_more_like_this_and_delete(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    fill(conversation, 2)
    chat = world.private(ana)
    await world.send(ana, chat, "cat")
    *_, text = await chat.next(3)
    await (await world.press(ana, chat, text, "🔎 2")).answer()
    await chat.next(3)
    shown = await (await world.press(ana, chat, text, "🗑 1")).answer()
    assert shown["text"] == "Deleted."
    # Pressed again on a phone that still shows the button.
    shown = await (await world.press_data(ana, chat, text, "d:1")).answer()
    assert (shown["text"], shown["show_alert"]) == ("gone", "true")
    await world.send(ana, chat, "cat")
    await chat.next(2)
    assert text.labels == ["🔎 2", "🗑 2"]
    assert list(conversation.pictures) == [2]


async def test_buttons_of_another_age_get_a_kind_word(world: World, ana: Person) -> None:
    chat = world.private(ana)
    await world.send(ana, chat, "nothing")
    (text,) = await chat.next()
    shown = await (await world.press_data(ana, chat, text, "v0|more|17")).answer()
    assert shown["text"] == texts_for("de").say(SENTENCES["page_expired"])


async def test_errors_are_told_in_the_cores_words(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    conversation.is_down = True
    chat = world.private(ana)
    await world.send(ana, chat, "cat")
    assert await chat.next_text() == "Not now."
    shown = await (await world.press_data(ana, chat, chat.sent[0], "m:abc:10")).answer()
    assert shown["text"] == "Not now."
    assert len(chat.sent) == 1


async def test_what_nobody_foresaw_becomes_an_apology(world: World, ana: Person) -> None:
    chat = world.private(ana)
    await world.send(ana, chat, "explode")
    said = await chat.next_text()
    apology = texts_for("de").say(SENTENCES["unexpected"], incident="")
    assert said.startswith(apology.split("(", maxsplit=1)[0])


async def test_nobody_waits_for_anybody(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    conversation.gates["slow"] = asyncio.Event()
    bob = Person(8, "Bob")
    await world.send(ana, world.private(ana), "slow")
    await world.send(bob, world.private(bob), "quick")
    assert "quick" in await world.private(bob).next_text()
    conversation.gates["slow"].set()
    assert "slow" in await world.private(ana).next_text()


async def test_a_flood_is_waited_out_and_nothing_is_sent_twice(
    world: World, server: TelegramServer, conversation: MemoryConversation, ana: Person
) -> None:
    fill(conversation, 2)
    server.floods = [1]
    chat = world.private(ana)
    await world.send(ana, chat, "cat")
    assert [one.text for one in await chat.next(3)][:2] == ["1 · cat 1", "2 · cat 2"]
    assert server.calls.count("sendMediaGroup") == 2
    assert len(chat.sent) == 3


async def test_a_blocked_bot_stays_calm(world: World, ana: Person) -> None:
    chat = world.private(ana)
    chat.has_blocked = True
    await world.send(ana, chat, "cat")
    bob = Person(8, "Bob")
    await world.send(bob, world.private(bob), "cat")
    await world.private(bob).next()
    assert chat.sent == []
