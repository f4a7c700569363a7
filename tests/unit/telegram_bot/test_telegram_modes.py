"""The modes of the numbers below an answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.core import commands
from bot.core.commands import MAX_COMMAND_BYTES
from bot.core.messages import Delete, More, MoreLikeThis, NotThis
from bot.core.questions import digest
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from bot.frontends.telegram_bot import TelegramBot
from bot.frontends.telegram_bot.buttons import button, only_deletes, switched, without
from bot.frontends.telegram_bot.modes import DELETE, LIKE, Mode, of_request, pressed
from tests.acceptance.telegram_chats import Sent, TelegramPerson, World
from tests.acceptance.telegram_modes import press_number
from tests.acceptance.telegram_server import TelegramServer
from tests.unit.telegram_bot.memory import MemoryConversation

NewBot = Callable[..., TelegramBot]
GERMAN = texts_for("de")
MORE = GERMAN.say(SENTENCES["more"])
HIDE = Mode("n", "token", 10)


def rows(below: Sent) -> list[list[str]]:
    """Return the labels of the buttons as they are laid out."""
    return [[one["text"] for one in row] for row in below.buttons]


def numbers(sign: str, first: int, last: int) -> list[str]:
    """Return the labels of numbers in a mode."""
    return [f"{sign} {n}" for n in range(first, last + 1)]


async def switch(person: TelegramPerson, below: Sent, sign: str) -> None:
    """Turn on a mode, which says nothing."""
    answer = await (await person.press(below, sign)).answer()
    assert "text" not in answer
    await below.wait_for(lambda one: one.labels[0].startswith(sign))


@pytest.mark.usefixtures("bot")
async def test_ten_pictures_have_ten_numbers_in_the_mode_that_is_on(
    conversation: MemoryConversation, server: TelegramServer, ana: TelegramPerson
) -> None:
    ids = conversation.fill(ana.id, 13)
    await ana.send("cat")
    *_, text = await ana.private.next(11)
    first = text.buttons
    likes = [numbers("🔎", 1, 5), numbers("🔎", 6, 10)]
    assert rows(text) == [*likes, ["🚫", "🗑", MORE]]
    asked = len(conversation.incoming)

    await switch(ana, text, "🚫")
    assert rows(text) == [numbers("🚫", 1, 5), numbers("🚫", 6, 10), ["🔎", "🗑", MORE]]
    await switch(ana, text, "🗑")
    assert rows(text) == [numbers("🗑", 1, 5), numbers("🗑", 6, 10), ["🔎", "🚫", MORE]]
    shown = [one["callback_data"] for row in text.buttons[:2] for one in row]
    assert [commands.decode(data) for data in shown] == [Delete(image_id) for image_id in ids[:10]]
    await switch(ana, text, "🔎")
    assert text.buttons == first
    assert len(conversation.incoming) == asked
    assert ana.private.unread == []
    assert server.refusals == []


@pytest.mark.usefixtures("bot")
async def test_pages_keep_their_buttons_in_the_row_of_the_signs(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 13)
    await ana.send("cat")
    *_, text = await ana.private.next(11)
    await (await ana.press(text, MORE)).answer()
    *_, text = await ana.private.next(4)
    assert rows(text) == [numbers("🔎", 11, 13), ["🚫", "🗑", "⬅"]]
    await switch(ana, text, "🚫")
    assert rows(text) == [numbers("🚫", 11, 13), ["🔎", "🗑", "⬅"]]
    # A page of an answer begins with 🔎, whatever was on.
    await (await ana.press(text, "⬅")).answer()
    *_, text = await ana.private.next(11)
    assert rows(text)[0] == numbers("🔎", 1, 5)


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("count", [10, 11])
async def test_as_many_pictures_as_an_album_takes_and_one_more(
    conversation: MemoryConversation, ana: TelegramPerson, count: int
) -> None:
    conversation.fill(ana.id, count)
    await ana.send("cat")
    *_, text = await ana.private.next(11)
    paging = [MORE] if count > 10 else []
    likes = [numbers("🔎", 1, 5), numbers("🔎", 6, 10)]
    assert rows(text) == [*likes, ["🚫", "🗑", *paging]]
    if paging:
        await (await ana.press(text, MORE)).answer()
        *_, text = await ana.private.next(2)
        assert rows(text) == [["🔎 11", "🚫 11", "🗑 11"], ["⬅"]]


@pytest.mark.usefixtures("bot")
async def test_a_single_picture_has_all_its_buttons_in_one_row(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 1)
    await ana.send("cat")
    *_, text = await ana.private.next(2)
    assert rows(text) == [["🔎 1", "🗑 1"]]


@pytest.mark.usefixtures("bot")
async def test_the_last_picture_that_is_left_has_all_its_buttons_in_one_row(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 13)
    await ana.send("cat")
    *_, text = await ana.private.next(11)
    await (await ana.press(text, MORE)).answer()
    *_, text = await ana.private.next(4)
    await (await press_number(ana, text, "🗑 12")).answer()
    await text.wait_for_edit(2)
    assert rows(text) == [["🗑 11", "🗑 13"], ["🔎", "🚫", "⬅"]]
    await (await ana.press(text, "🗑 11")).answer()
    await text.wait_for_edit(3)
    assert rows(text) == [["🔎 13", "🚫 13", "🗑 13"], ["⬅"]]
    await (await ana.press(text, "🗑 13")).answer()
    await text.wait_for_edit(4)
    assert rows(text) == [["⬅"]]


async def test_modes_are_switched_also_after_a_restart(
    new_bot: NewBot, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    first = new_bot()
    await first.start()
    conversation.fill(ana.id, 12)
    await ana.send("cat")
    *_, text = await ana.private.next(11)
    await first.stop()
    await new_bot().start()
    await switch(ana, text, "🗑")
    conversation.notebook.notes.clear()  # as after two days
    await switch(ana, text, "🚫")
    assert rows(text)[2] == ["🔎", "🗑", MORE]
    await (await ana.press(text, "🚫 1")).answer()
    assert isinstance(conversation.incoming[-1].request, NotThis)
    shown = await ana.private.next(11)
    assert shown[0].text == "1 · cat 2"


async def test_delete_is_offered_to_who_may_and_checked_when_a_number_is_pressed(
    world: World,
    bot: TelegramBot,
    conversation: MemoryConversation,
    ana: TelegramPerson,
    bob: TelegramPerson,
) -> None:
    assert bot
    group = world.group(ana, members=[bob])
    conversation.fill(group.id, 2)
    *_, text = await bob.wait_for_answers(await bob.send("/search cat", chat=group), 3)
    assert rows(text) == [["🔎 1", "🔎 2"], ["🚫"]]
    mine = conversation.add(group.id, "cat 3", uploader=bob.id)
    *_, text = await bob.wait_for_answers(await bob.send("/search cat", chat=group), 4)
    assert rows(text) == [numbers("🔎", 1, 3), ["🚫", "🗑"]]
    # Others see the same buttons.
    await switch(ana, text, "🗑")
    shown = await (await bob.press(text, "🗑 1")).answer()
    assert shown["text"] == SENTENCES["not_allowed"]
    shown = await (await bob.press(text, "🗑 3")).answer()
    assert shown["text"] == SENTENCES["deleted"].format(caption="cat 3")
    assert mine not in conversation.ids(group.id)


@pytest.mark.usefixtures("bot")
async def test_the_mode_that_is_on_is_not_turned_on_again(
    conversation: MemoryConversation, server: TelegramServer, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 3)
    await ana.send("cat")
    *_, text = await ana.private.next(4)
    for data in ("x:l", "x:d", "x:d", "x:n:another_question:0"):
        shown = await (await ana.press_data(text, data)).answer()
        assert "text" not in shown
    await text.wait_for_edit()
    # Pressed twice before the first press has changed anything.
    for press in [await ana.press(text, "🔎") for _ in range(2)]:
        assert "text" not in await press.answer()
    await switch(ana, text, "🚫")
    assert rows(text)[0] == numbers("🚫", 1, 3)
    assert server.calls.count("editMessageReplyMarkup") == 3
    assert server.refusals == []


@pytest.mark.usefixtures("bot")
async def test_a_press_from_before_a_change_brings_no_old_numbers_back(
    conversation: MemoryConversation, server: TelegramServer, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 12)
    await ana.send("cat")
    *_, text = await ana.private.next(11)
    await switch(ana, text, "🚫")
    # The answer is another one when the second press is read.
    hide, late = await ana.press(text, "🚫 1"), await ana.press(text, "🗑")
    await hide.answer()
    await late.answer()
    await text.wait_for_edit(3)
    ids = conversation.ids(ana.id)
    shown = [commands.decode(one["callback_data"]) for one in text.buttons[0]]
    assert shown == [Delete(image_id) for image_id in ids[1:6]]
    presses = [await ana.press(text, label) for label in ("🗑 2", "🗑 4", "🗑 2", "🔎")]
    for press in presses:
        await press.answer()
    await text.wait_for_edit(6)
    assert rows(text)[0] == ["🔎 1", "🔎 3", "🔎 5", "🔎 6", "🔎 7"]
    assert server.refusals == []


@pytest.mark.usefixtures("bot")
async def test_more_of_an_answer_whose_mode_is_delete_is_an_answer_as_usual(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 12)
    await ana.send("cat")
    *_, text = await ana.private.next(11)
    await switch(ana, text, "🗑")
    await (await ana.press(text, MORE)).answer()
    *_, text = await ana.private.next(3)
    assert rows(text) == [["🔎 11", "🔎 12"], ["🚫", "🗑", "⬅"]]


def test_what_was_sent_before_there_were_modes_goes_on_working() -> None:
    old = InlineKeyboardMarkup(
        [
            [button(f"🔎 {n}", MoreLikeThis(n)) for n in (1, 2, 3)],
            [button(f"🚫 {n}", HIDE.request(n)) for n in (1, 2, 3)],
            [button("🗑 2", Delete(2))],
            [button("More", More("token", 20))],
        ]
    )
    assert not only_deletes(old)
    assert without(old, 9) == old
    left = without(old, 2)
    assert left is not None
    shown = [[one.text for one in row] for row in left.inline_keyboard]
    assert shown == [["🔎 1", "🔎 3"], ["🚫", "🗑", "More"]]


def test_only_what_offers_nothing_but_deletion_does() -> None:
    removal = InlineKeyboardMarkup([[button(f"🗑 {n}", Delete(n)) for n in (1, 2)]])
    assert only_deletes(removal)
    left = without(removal, 1)
    assert left is not None
    assert only_deletes(left)
    assert without(left, 2) is None
    assert not only_deletes(None)
    sign = InlineKeyboardButton("🔎", callback_data=LIKE.data)
    answer = InlineKeyboardMarkup([*removal.inline_keyboard, [sign]])
    assert not only_deletes(answer)
    assert switched(answer, DELETE) is None
    assert switched(removal, LIKE) is None


MODES = st.one_of(
    st.sampled_from([LIKE, DELETE]),
    st.builds(
        Mode, st.just("n"), st.text().map(digest), st.integers(min_value=0, max_value=10**9 - 1)
    ),
)


@given(MODES, st.integers(1, 2**63 - 1))
def test_a_mode_is_read_back_and_fits_behind_a_button(mode: Mode, image_id: int) -> None:
    assert pressed(mode.data) == mode
    assert len(mode.data.encode("ascii")) <= MAX_COMMAND_BYTES
    assert commands.decode(mode.data) is None
    request = mode.request(image_id)
    assert not isinstance(request, More)
    assert of_request(request) == mode


@pytest.mark.parametrize(
    "data",
    [
        *("", "x:", "x:n", "x:m", "x:ld", "x:n:token", "x:n::1", "x:n:token:-1", "x:n:token:1:2"),
        *("x:l\n", "X:l", "l:1", "x:n:token:" + "1" * 10, "x:n:" + "a" * 25 + ":1", "x:n:to ken:1"),
    ],
)
def test_rubbish_is_no_mode(data: str) -> None:
    assert pressed(data) is None
