"""Answers: albums, captions, buttons, pages; refined, edited, told again after a restart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bot.core import commands
from bot.core.messages import Ask, Choice, Hit, More, Refine, Reply, Span
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from bot.frontends.telegram_bot import TelegramBot, modes
from bot.frontends.telegram_bot.buttons import keyboard
from bot.frontends.telegram_bot.limits import MAX_BUTTONS_A_ROW
from tests.acceptance.telegram_chats import TelegramPerson
from tests.acceptance.telegram_modes import press_number
from tests.acceptance.telegram_server import TelegramServer
from tests.unit.telegram_bot.memory import MemoryConversation
from tests.unit.telegram_bot.waiting import until

NewBot = Callable[..., TelegramBot]
GERMAN = texts_for("de")


@pytest.mark.usefixtures("bot")
async def test_a_question_is_answered_with_an_album_and_buttons(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 13)
    await ana.send("cat")
    *album, text = await ana.private.next(11)
    assert [one.text for one in album] == [f"{n} · cat {n}" for n in range(1, 11)]
    assert len({one.album for one in album}) == 1
    assert text.text.startswith("Bilder zu „cat“")
    assert [one.is_silent for one in (*album, text)] == [False] * 10 + [True]
    numbers = range(1, 11)
    assert text.labels == [
        *(f"🔎 {n}" for n in numbers),
        *("🚫", "🗑"),
        GERMAN.say(SENTENCES["more"]),
    ]
    (incoming,) = conversation.incoming
    assert incoming.request == Ask("cat")
    assert incoming.collection == f"telegram:chat:{ana.id}"
    assert (incoming.language, incoming.from_anybody, incoming.is_public) == ("de", True, False)
    person = incoming.person
    assert (person.id, person.name, person.is_admin) == (f"telegram:{ana.id}", "Ana", True)

    press = await ana.press(text, GERMAN.say(SENTENCES["more"]))
    assert "text" not in await press.answer()
    *album, text = await ana.private.next(4)
    assert [one.text for one in album] == [f"{n} · cat {n}" for n in (11, 12, 13)]
    assert text.labels[-1] == "⬅"
    await (await ana.press(text, "⬅")).answer()
    *album, text = await ana.private.next(11)
    assert album[0].text == "1 · cat 1"


def test_the_largest_keyboard_is_one_that_telegram_takes() -> None:
    hits = [
        Hit(
            2**63 - n,
            999_999_990 - n,
            0.5,
            "",
            "",
            1,
            1,
            "image/png",
            "",
            "",
            "",
            datetime.now(UTC),
            can_delete=True,
        )
        for n in range(10)
    ]
    span = Span("t" * 24, 999_999_980, 999_999_999, 10)
    reply = Reply("", choices=(Choice("More", More("t" * 24, 999_999_990)),), span=span)
    markup = keyboard(hits, reply)
    assert markup is not None
    pressed = [one for row in markup.inline_keyboard for one in row]
    assert len(pressed) == 14
    assert len(markup.inline_keyboard) == 3
    assert max(map(len, markup.inline_keyboard)) <= MAX_BUTTONS_A_ROW
    for one in pressed:
        assert isinstance(one.callback_data, str)
        assert len(one.callback_data.encode()) <= 64
        assert commands.decode(one.callback_data) or modes.pressed(one.callback_data)


@pytest.mark.usefixtures("bot")
async def test_one_hit_is_one_photo_and_none_is_a_text(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    await ana.send("cat")
    assert await ana.private.next_text() == GERMAN.say(SENTENCES["empty_collection"])
    conversation.add(ana.id, "")
    await ana.send("cat")
    photo, text = await ana.private.next(2)
    assert (photo.text, photo.album) == ("1", "")
    assert text.labels == ["🔎 1", "🗑 1"]


@pytest.mark.usefixtures("bot")
async def test_more_like_this_not_this_and_delete(
    conversation: MemoryConversation, server: TelegramServer, ana: TelegramPerson
) -> None:
    first, *_ = conversation.fill(ana.id, 3)
    await ana.send("cat")
    *album, text = await ana.private.next(4)
    await (await ana.press(text, "🔎 2")).answer()
    *_, alike = await ana.private.next(3)
    assert alike.text.startswith("Bilder wie „cat 2“")

    # Another size: the album is taken away, and a smaller one sent.
    await (await press_number(ana, text, "🚫 2")).answer()
    *fewer, text = await ana.private.next(3)
    assert [one.text for one in fewer] == ["1 · cat 1", "2 · cat 3"]
    assert all(one.is_deleted for one in album)

    shown = await (await press_number(ana, text, "🗑 1")).answer()
    assert shown["text"] == GERMAN.say(SENTENCES["deleted"], caption="cat 1")
    await fewer[0].wait_for(lambda one: one.is_deleted)
    await text.wait_for_edit(2)
    assert text.labels == ["🔎 2", "🚫 2", "🗑 2"]
    assert first not in conversation.ids(ana.id)
    # Pressed again on a phone that still shows the button.
    shown = await (await ana.press_data(text, f"d:{first}")).answer()
    assert (shown["text"], shown["show_alert"]) == (GERMAN.say(SENTENCES["image_gone"]), "true")


@pytest.mark.usefixtures("bot")
async def test_not_this_changes_an_album_of_the_same_size_in_place(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 12)
    await ana.send("cat")
    *album, text = await ana.private.next(11)
    await (await press_number(ana, text, "🚫 1")).answer()
    await text.wait_for_edit(2)
    assert [one.text for one in album] == [f"{n - 1} · cat {n}" for n in range(2, 12)]
    assert ana.private.unread == []
    # Whoever leaves out one may want to leave out another: the mode stays on.
    await (await ana.press(text, "🚫 1")).answer()
    await text.wait_for_edit(3)
    assert album[-1].text == "10 · cat 12"


@pytest.mark.usefixtures("bot")
async def test_an_edited_question_is_answered_anew_in_place(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 2)
    conversation.add(ana.id, "dog 1")
    asked = await ana.send("cat")
    *album, text = await ana.private.next(4)
    await ana.edit(asked, "dog")
    await text.wait_for_edit()
    assert album[0].text == "1 · dog 1"
    assert "dog" in text.text
    assert ana.private.unread == []
    # Edited once more, when there is more to show: an album cannot grow.
    conversation.add(ana.id, "cat 3")
    await ana.edit(asked, "cat")
    *album, text = await ana.private.next(5)
    assert album[0].text == "1 · cat 1"
    await ana.edit(asked, "dog")
    await text.wait_for_edit()
    assert album[0].text == "1 · dog 1"


@pytest.mark.usefixtures("bot")
async def test_an_answer_that_was_a_text_is_edited_too(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    asked = await ana.send("x" * 1001)
    (text,) = await ana.private.next()
    assert text.text == GERMAN.say(SENTENCES["question_too_long"], limit=1000)
    await ana.edit(asked, "cat")
    await text.wait_for_edit()
    assert text.text == GERMAN.say(SENTENCES["empty_collection"])
    conversation.fill(ana.id, 2)
    await ana.edit(asked, "cats")
    await ana.private.next(3)
    assert text.is_deleted


async def test_a_reply_refines_and_buttons_work_after_a_restart(
    new_bot: NewBot, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 12)
    first = new_bot()
    await first.start()
    asked = await ana.send("cat")
    photo, *_, text = await ana.private.next(11)
    await first.stop()
    await new_bot().start()
    await ana.send("at night", reply_to=photo)
    *_, refined = await ana.private.next(11)
    assert "cat at night" in refined.text
    request = conversation.incoming[-1].request
    assert isinstance(request, Refine)
    await ana.send("in winter", reply_to=refined)
    *_, refined = await ana.private.next(11)
    assert "cat at night in winter" in refined.text
    await (await ana.press(text, GERMAN.say(SENTENCES["more"]))).answer()
    *_, more = await ana.private.next(3)
    assert "11" in more.text
    await ana.edit(asked, "dog")
    await text.wait_for_edit()
    # What is no answer is answered as if it were no reply.
    conversation.notebook.notes.clear()
    await ana.send("a bird", reply_to=refined)
    await ana.private.next(11)
    assert conversation.incoming[-1].request == Ask("a bird")


@pytest.mark.usefixtures("bot")
async def test_errors_are_told_in_the_cores_words(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 12)
    await ana.send("cat")
    *_, text = await ana.private.next(11)
    conversation.limiter.wait_s = 7
    await ana.send("dog")
    said = GERMAN.say(SENTENCES["too_many_questions"], seconds=7)
    assert await ana.private.next_text() == said
    shown = await (await ana.press(text, "🔎 1")).answer()
    assert shown["text"] == said
    conversation.limiter.wait_s = 0
    shown = await (await ana.press_data(text, "v0|more|17")).answer()
    assert shown["text"] == GERMAN.say(SENTENCES["page_expired"])
    conversation.hashed.is_blobless = True
    conversation.notebook.notes.clear()
    conversation.add(ana.id, "new")
    await ana.send("new")
    await until(lambda: conversation.read)


@pytest.mark.usefixtures("bot")
async def test_what_nobody_foresaw_becomes_an_apology(ana: TelegramPerson) -> None:
    await ana.send("explode")
    said = await ana.private.next_text()
    assert said.startswith(GERMAN.say(SENTENCES["unexpected"], incident="").split("(")[0])
