"""Updates: in order, once, and not too late; and what happens to chats that move or end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bot.core.messages import Ask
from bot.core.texts import texts_for
from bot.frontends.telegram_bot import TelegramBot
from bot.frontends.telegram_bot.sentences import SENTENCES
from tests.acceptance.telegram_chats import TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import jpeg
from tests.unit.telegram_bot.memory import MemoryConversation
from tests.unit.telegram_bot.waiting import until

NewBot = Callable[..., TelegramBot]
GERMAN = texts_for("de")


@pytest.mark.usefixtures("bot")
async def test_a_chat_is_answered_in_order_and_nobody_waits_for_another(
    conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    gate = conversation.gates["slow"] = asyncio.Event()
    await ana.send("slow")
    await ana.send("quick")
    await bob.send("quick")
    await bob.private.next()
    assert [one.person.name for one in conversation.incoming] == ["Ana", "Bob"]
    gate.set()
    await ana.private.next(2)
    assert conversation.incoming[-1].request == Ask("quick")


async def test_a_repeated_update_is_answered_once_also_after_a_restart(
    new_bot: NewBot, world: World, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    first = new_bot()
    await first.start()
    await ana.send("cat")
    await ana.private.next()
    world.queue.repeat()
    await ana.send("dog")
    await ana.private.next()
    await first.stop()
    world.queue.repeat(3)
    await new_bot().start()
    await ana.send("bird")
    await ana.private.next()
    requests = [incoming.request for incoming in conversation.incoming]
    assert requests == [Ask("cat"), Ask("dog"), Ask("bird")]


async def test_a_repeated_album_is_added_once_also_after_a_restart(
    new_bot: NewBot, world: World, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    first = new_bot()
    await first.start()
    for repeated in (3, 2):
        await ana.send(album=[jpeg(), jpeg((64, 64)), jpeg((32, 32))], caption="/add cat")
        await ana.private.next()
        world.queue.repeat(repeated)
        await ana.send("cat")
        await ana.private.wait_for(lambda: "cat" in ana.private.sent[-1].text)
    await first.stop()
    world.queue.repeat(8)
    await new_bot().start()
    await ana.send("dog")
    await ana.private.wait_for(lambda: "dog" in ana.private.sent[-1].text)
    assert len(conversation.ids(ana.id)) == 6
    assert len(conversation.incoming) == 5


@pytest.mark.usefixtures("bot")
async def test_questions_from_before_an_outage_are_not_answered_in_bulk(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group = world.group(bob)
    for _ in range(3):
        await ana.send("cat", ago_s=605)
    await bob.send("/search cat", chat=group, ago_s=605)
    await bob.send("cat", ago_s=590)
    await bob.private.next()
    assert await ana.private.next_text() == GERMAN.say(SENTENCES["late"])
    await ana.send("dog")
    await ana.private.next()
    assert group.sent == []
    requests = [incoming.request for incoming in conversation.incoming]
    assert sorted(requests, key=str) == [Ask("cat"), Ask("dog")]


@pytest.mark.usefixtures("bot")
async def test_pictures_given_before_an_outage_are_added_all_the_same(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    await ana.send(photo=jpeg(), caption="/add cat", ago_s=3600)
    await ana.private.next()
    assert len(conversation.ids(ana.id)) == 1


@pytest.mark.usefixtures("bot")
async def test_who_blocks_the_bot_is_left_and_comes_back(
    conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    left = conversation.community_store.left_days
    await ana.send("cat")
    await ana.private.next()
    await ana.block()
    await until(lambda: left == {f"telegram:chat:{ana.id}": 0})
    await bob.send("cat")
    await bob.private.next()
    await ana.unblock()
    await until(lambda: not left)
    await ana.send("cat")
    await ana.private.next()


@pytest.mark.usefixtures("bot")
async def test_a_call_back_that_was_missed_is_noted_with_the_next_message(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    left = conversation.community_store.left_days
    left[f"telegram:chat:{ana.id}"] = 29
    await ana.send("cat")
    await until(lambda: not left)


@pytest.mark.usefixtures("bot")
async def test_an_answer_to_somebody_who_has_blocked_the_bot_is_dropped(
    server: TelegramServer,
    conversation: MemoryConversation,
    ana: TelegramPerson,
    bob: TelegramPerson,
) -> None:
    gate = conversation.gates["slow"] = asyncio.Event()
    await ana.send("slow")
    await until(lambda: conversation.incoming)
    ana.private.has_blocked = True
    gate.set()
    await until(lambda: conversation.community_store.left_days)
    await bob.send("cat")
    await bob.private.next()
    assert ana.private.sent == []
    assert list(conversation.community_store.left_days) == [f"telegram:chat:{ana.id}"]
    assert server.calls.count("sendMessage") == 2


@pytest.mark.usefixtures("bot")
async def test_a_group_takes_its_pictures_along(
    world: World, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    group = world.group(ana, kind="group")
    conversation.fill(group.id, 2)
    await ana.wait_for_answers(await ana.send("/search cat", chat=group), 3)
    new = await ana.migrate(group)
    answers = await ana.wait_for_answers(await ana.send("/search cat", chat=new), 3)
    assert answers[0].text == "1 · cat 1"
    assert conversation.ids(group.id) == []


@pytest.mark.usefixtures("bot")
async def test_an_answer_follows_a_group_that_moves_meanwhile(
    world: World, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    gate = conversation.gates["slow"] = asyncio.Event()
    group = world.group(ana, kind="group")
    conversation.fill(group.id, 2)
    await ana.send("/search slow", chat=group)
    await until(lambda: conversation.incoming)
    new = await ana.migrate(group)
    gate.set()
    await new.next()
    assert group.sent == []


@pytest.mark.usefixtures("bot")
async def test_a_group_that_throws_the_bot_out_is_left(
    world: World, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    group = world.group(ana)
    await ana.remove_bot(group)
    await until(lambda: conversation.community_store.left_days)
    # Of its own farewell the bot is told by a message from there.
    await ana.send(chat=group, more={"left_chat_member": world.bot})
    await ana.send("cat")
    await ana.private.next()
    assert list(conversation.community_store.left_days) == [f"telegram:chat:{group.id}"]
    await ana.add_bot(group)
    await until(lambda: not conversation.community_store.left_days)
