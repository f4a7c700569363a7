"""The bot in groups: who is meant, who may what, and where the answer goes."""

from __future__ import annotations

import pytest

from bot.core.messages import Ask
from tests.acceptance.telegram_chats import Person, World
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import jpeg
from tests.unit.web_chat.memory_conversation import MemoryConversation

pytestmark = pytest.mark.usefixtures("bot")

BOB = Person(8, "Bob")


async def test_it_speaks_when_spoken_to_and_quotes_what_it_answers(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    group = world.group(ana)
    await world.send(BOB, group, "nobody asked you")
    await world.send_photo(BOB, group, jpeg())
    asked = await world.send(BOB, group, "@BabelpixBot 黑猫")
    (answer,) = await group.next()
    assert answer.quoted_id == asked
    await world.send(BOB, group, "now a dog", answers=answer.message_id)
    await group.next()
    await world.send(BOB, group, "/search a bird")
    await group.next()
    questions = [incoming.request for incoming in conversation.incoming]
    assert questions == [Ask("黑猫"), Ask("now a dog"), Ask("a bird")]
    assert {incoming.collection for incoming in conversation.incoming} == {
        f"telegram:chat:{group.id}"
    }


async def test_admins_are_those_of_telegram(
    world: World, server: TelegramServer, conversation: MemoryConversation, ana: Person
) -> None:
    group = world.group(ana)
    for person in (ana, BOB, ana):
        await world.send_photo(person, group, jpeg(), "/add")
        await group.next()
    assert [incoming.person.is_admin for incoming in conversation.incoming] == [True, False, True]
    # Looked up once, remembered for a while.
    assert server.calls.count("getChatAdministrators") == 1
    await world.send(BOB, world.private(BOB), "cat")
    await world.private(BOB).next()
    assert conversation.incoming[-1].person.is_admin


async def test_an_admin_may_stay_anonymous(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    group = world.group(ana)
    anonymous = Person(1087968824, "Group")
    await world.send(anonymous, group, "/search cat", sender_chat=group.as_json())
    await group.next()
    channel = {"id": -5, "type": "channel", "title": "News"}
    await world.send(anonymous, group, "/search cat", sender_chat=channel)
    await group.next()
    persons = [incoming.person for incoming in conversation.incoming]
    assert [(person.id, person.is_admin) for person in persons] == [
        (f"telegram:{group.id}", True),
        ("telegram:-5", False),
    ]


async def test_buttons_work_with_the_rights_of_the_one_who_presses(
    world: World, conversation: MemoryConversation, ana: Person
) -> None:
    group = world.group(ana)
    await world.send(ana, group, "/search cat")
    (text,) = await group.next()
    await (await world.press_data(BOB, group, text, "l:1")).answer()
    pressed = conversation.incoming[-1]
    assert (pressed.person.id, pressed.person.is_admin) == ("telegram:8", False)
    assert pressed.collection == f"telegram:chat:{group.id}"


async def test_topics_are_answered_in_their_topic(world: World, ana: Person) -> None:
    group = world.group(ana)
    await world.send(ana, group, "/search cat", message_thread_id=5, is_topic_message=True)
    (answer,) = await group.next()
    assert answer.thread_id == 5


async def test_when_the_admins_cannot_be_looked_up_nobody_is_one(
    world: World, server: TelegramServer, conversation: MemoryConversation, ana: Person
) -> None:
    group = world.group(ana)
    server.broken.add("getChatAdministrators")
    await world.send(ana, group, "/search cat")
    await group.next()
    assert not conversation.incoming[-1].person.is_admin
    server.broken.clear()
    await world.send(ana, group, "/search cat")
    await group.next()
    assert conversation.incoming[-1].person.is_admin
