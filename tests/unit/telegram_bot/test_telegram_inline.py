"""Inline mode: who sees what, by pages, and without troubling anybody."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.sentences import SENTENCES as CORE_SENTENCES
from bot.core.texts import texts_for
from bot.frontends.telegram_bot.sentences import SENTENCES
from tests.acceptance.telegram_chats import InlineAnswer, TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer
from tests.unit.telegram_bot.memory import MemoryConversation
from tests.unit.telegram_bot.waiting import until

pytestmark = pytest.mark.usefixtures("bot")

GERMAN = texts_for("de")


async def show_all(person: TelegramPerson, count: int) -> None:
    """Have every picture of a private chat sent once."""
    await person.send("cat")
    await person.private.next(min(count, 10) + 1)
    for start in range(10, count, 10):
        more = texts_for(person.language or "en").say(CORE_SENTENCES["more"])
        await (await person.press(person.private.sent[-1], more)).answer()
        await person.private.next(min(count - start, 10) + 1)


def titles(answer: InlineAnswer) -> list[str]:
    return [result.title for result in answer.results]


async def test_pictures_are_offered_by_pages_in_any_chat(
    server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 51)
    await show_all(ana, 51)
    uploads = len(server.uploads)
    first = await ana.inline("cat")
    assert titles(first) == [f"cat {n}" for n in range(1, 51)]
    assert first.is_personal
    assert first.cache_s <= 10
    assert first.next_offset == "50"
    second = await ana.inline("cat", first.next_offset)
    assert titles(second) == ["cat 51"]
    assert second.next_offset == ""
    assert len(server.uploads) == uploads
    sent = await ana.choose(first, first.results[2])
    assert sent.photo
    # A message of the bot's own making is no question.
    await ana.send("dog")
    await ana.private.next()
    assert sent.message_id not in {one.quoted_id for one in ana.private.sent}


async def test_fifty_are_one_page(conversation: MemoryConversation, ana: TelegramPerson) -> None:
    conversation.fill(ana.id, 50)
    await show_all(ana, 50)
    answer = await ana.inline("cat")
    assert (len(answer.results), answer.next_offset) == (50, "")


async def test_what_telegram_does_not_have_is_not_offered(
    server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 2)
    answer = await ana.inline("cat")
    assert answer.results == []
    assert server.uploads == []
    assert answer.button is not None
    assert answer.button["text"] == GERMAN.say(SENTENCES["inline_first"])
    # The button asks in the chat with the bot; from then on they are there.
    await ana.press_inline_button(answer)
    await ana.private.next(3)
    assert len((await ana.inline("a cat")).results) == 2


async def test_where_there_is_nothing_the_button_takes_pictures(ana: TelegramPerson) -> None:
    answer = await ana.inline("cat")
    assert answer.results == []
    assert answer.button is not None
    assert answer.button["text"] == GERMAN.say(CORE_SENTENCES["nothing_found"])
    await ana.press_inline_button(answer)
    assert await ana.private.next_text() == GERMAN.say(SENTENCES["send_now"])


async def test_only_ones_own_and_those_of_ones_groups_are_shown(
    world: World,
    server: TelegramServer,
    conversation: MemoryConversation,
    ana: TelegramPerson,
    bob: TelegramPerson,
) -> None:
    group, foreign = world.group(ana, members=[bob]), world.group(ana)
    conversation.add(group.id, "group cat")
    conversation.add(foreign.id, "foreign cat")
    conversation.add(ana.id, "own cat")
    for chat in (group, foreign, ana.private):
        await ana.wait_for_answers(await ana.send("/search cat", chat=chat), 2)
    assert sorted(titles(await ana.inline("cat"))) == ["foreign cat", "group cat", "own cat"]
    # Bob is in the group, but has not spoken there yet.
    assert titles(await bob.inline("cat")) == []
    await bob.wait_for_answer(await bob.send("/search cat", chat=group))
    assert titles(await bob.inline("a cat")) == ["group cat"]
    looked_up = server.calls.count("getChatMember")
    await bob.inline("one cat")
    assert server.calls.count("getChatMember") == looked_up


async def test_who_has_left_a_group_sees_nothing_of_it(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group = world.group(ana, members=[bob])
    conversation.add(group.id, "group cat")
    await bob.wait_for_answers(await bob.send("/search cat", chat=group), 2)
    await bob.leave(group)
    assert titles(await bob.inline("cat")) == []


async def test_an_empty_query_shows_the_newest_of_ones_own(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 3)
    await show_all(ana, 3)
    assert titles(await ana.inline("")) == ["cat 3", "cat 2", "cat 1"]


async def test_what_is_typed_next_takes_the_place_of_what_was_typed(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 2)
    await show_all(ana, 2)
    conversation.gates["ca"] = asyncio.Event()
    early = await ana.ask_inline("ca")
    assert len((await ana.inline("cat")).results) == 2
    assert not early.answered.done()


async def test_an_answer_that_is_too_late_is_dropped(
    server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    gate = conversation.gates["cat"] = asyncio.Event()
    asked = await ana.ask_inline("cat")
    await until(lambda: "getUpdates" in server.calls)
    asked.age()
    gate.set()
    await until(lambda: server.refusals)
    assert not asked.answered.done()
    conversation.fill(ana.id, 1)
    await show_all(ana, 1)
    assert len((await ana.inline("one cat")).results) == 1


async def test_errors_stand_in_the_button(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.limiter.wait_s = 3
    answer = await ana.inline("cat")
    assert answer.results == []
    assert answer.button is not None
    said = GERMAN.say(CORE_SENTENCES["too_many_questions"], seconds=3)
    assert answer.button["text"].startswith(said[:50])


async def test_stale_ids_do_not_leave_a_query_unanswered(
    server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 2)
    await show_all(ana, 2)
    server.world.files.expire()
    answer = await ana.inline("cat")
    assert answer.results == []
    # Shown once more, they are there again.
    await ana.press_inline_button(answer)
    await ana.private.next(3)
    assert len((await ana.inline("a cat")).results) == 2
