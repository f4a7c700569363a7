"""The bot in groups: who is meant, who may what, and where the answer goes."""

from __future__ import annotations

import pytest

from bot.core.messages import Ask
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from bot.frontends.telegram_bot.sentences import SENTENCES as ON_TELEGRAM
from tests.acceptance.telegram_chats import TelegramPerson, World
from tests.acceptance.telegram_modes import press_number
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import jpeg
from tests.unit.telegram_bot.memory import MemoryConversation
from tests.unit.telegram_bot.waiting import until

pytestmark = pytest.mark.usefixtures("bot")


async def test_it_speaks_when_spoken_to_and_quotes_what_it_answers(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group = world.group(ana)
    await bob.send("nobody asked you", chat=group)
    await bob.send(photo=jpeg(), chat=group)
    asked = await bob.send("@BabelpixBot 黑猫", chat=group)
    answer = await bob.wait_for_answer(asked)
    assert answer.quoted_id == asked.message_id
    await bob.wait_for_answer(await bob.send("now a dog", chat=group, reply_to=answer))
    await bob.wait_for_answer(await bob.send("/search a bird", chat=group))
    questions = [incoming.request for incoming in conversation.incoming]
    assert questions == [Ask("黑猫"), Ask("now a dog"), Ask("a bird")]
    assert {incoming.collection for incoming in conversation.incoming} == {
        f"telegram:chat:{group.id}"
    }
    assert {incoming.is_public for incoming in conversation.incoming} == {True}


async def test_it_works_in_privacy_mode(
    world: World, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    world.privacy = True
    group = world.group(ana)
    for said in ("@BabelpixBot cat", "/search@BabelpixBot cat", "/search cat"):
        await bob.wait_for_answer(await bob.send(said, chat=group))


async def test_a_reply_in_a_group_refines(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group = world.group(ana)
    conversation.fill(group.id, 2)
    photo, _, _ = await ana.wait_for_answers(await ana.send("/search cat", chat=group), 3)
    refined = await bob.send("at night", chat=group, reply_to=photo)
    *_, text = await bob.wait_for_answers(refined, 3)
    assert "cat at night" in text.text


async def test_admins_are_those_of_telegram(
    world: World,
    server: TelegramServer,
    conversation: MemoryConversation,
    ana: TelegramPerson,
    bob: TelegramPerson,
) -> None:
    group = world.group(ana)
    said = []
    for person in (ana, bob, ana):
        added = await person.send(photo=jpeg(), caption="/add", chat=group)
        said.append((await person.wait_for_answer(added)).text)
    assert said == [
        texts_for("de").count("{number} picture was added.", "{number} pictures were added.", 1),
        texts_for("en").say(SENTENCES["not_allowed"]),
        said[0],
    ]
    # Looked up once, remembered for a while.
    assert server.calls.count("getChatAdministrators") == 1
    # What may not be added is not even fetched.
    assert server.calls.count("getFile") == 2


async def test_an_admin_may_stay_anonymous(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group, channel = world.group(ana), world.channel(bob, title="News")
    await ana.wait_for_answer(await ana.send("/search cat", chat=group, anonymous=True))
    await bob.wait_for_answer(await bob.send("/search cat", chat=group, as_channel=channel))
    persons = [incoming.person for incoming in conversation.incoming]
    assert [(person.id, person.is_admin) for person in persons] == [
        (f"telegram:{group.id}", True),
        (f"telegram:{channel.id}", False),
    ]


async def test_buttons_work_with_the_rights_of_the_one_who_presses(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group = world.group(ana)
    image_id, *_ = conversation.fill(group.id, 2)
    *_, text = await ana.wait_for_answers(await ana.send("/search cat", chat=group), 3)
    assert text.labels == ["🔎 1", "🔎 2", "🚫", "🗑"]
    shown = await (await press_number(bob, text, "🗑 1")).answer()
    assert shown["text"] == SENTENCES["not_allowed"]
    *_, text = await bob.wait_for_answers(await bob.send("/search cat", chat=group), 3)
    assert text.labels == ["🔎 1", "🔎 2", "🚫"]
    shown = await (await ana.press_data(text, f"d:{image_id}")).answer()
    assert shown["text"] == texts_for("de").say(SENTENCES["deleted"], caption="cat 1")


async def test_somebody_elses_answer_stays_as_it_is(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group = world.group(ana, members=[bob])
    conversation.fill(group.id, 3)
    *album, text = await ana.wait_for_answers(await ana.send("/search cat", chat=group), 4)
    await (await press_number(bob, text, "🚫 1")).answer()
    await group.wait_for(lambda: len(group.sent) == 7)
    assert not any(one.is_deleted for one in album)
    await (await press_number(ana, text, "🚫 1")).answer()
    await group.wait_for(lambda: len(group.sent) == 10)
    assert all(one.is_deleted for one in album)


async def test_topics_are_answered_in_their_topic(
    world: World, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    group = world.group(ana, is_forum=True)
    conversation.fill(group.id, 2)
    topic = await ana.open_topic(group, "Cats")
    asked = await ana.send("/search cat", chat=group, thread=topic)
    answers = await ana.wait_for_answers(asked, 3)
    assert {one.thread_id for one in answers} == {topic}
    await (await ana.press(answers[-1], "🔎 1")).answer()
    await group.wait_for(lambda: len(group.sent) == 5)
    assert {one.thread_id for one in group.sent} == {topic}
    general = await ana.send("/search cat", chat=group)
    assert (await ana.wait_for_answer(general)).thread_id is None


async def test_where_photos_are_forbidden_it_says_so(
    world: World, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    group = world.group(ana, bot_may_not={"photos"})
    conversation.fill(group.id, 2)
    answer = await ana.wait_for_answer(await ana.send("/search cat", chat=group))
    assert answer.text == texts_for("de").say(ON_TELEGRAM["no_photos"])
    assert answer.labels == []


async def test_a_closed_topic_is_left_alone(
    world: World, server: TelegramServer, ana: TelegramPerson
) -> None:
    group = world.group(ana, is_forum=True)
    topic = await ana.open_topic(group, "Cats")
    await ana.close_topic(group, topic)
    await ana.send("/search cat", chat=group, thread=topic)
    await until(lambda: server.refusals)
    assert (await ana.wait_for_answer(await ana.send("/search cat", chat=group))).text
    assert len(group.sent) == 1


async def test_when_the_admins_cannot_be_looked_up_nobody_is_one(
    world: World, server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    group = world.group(ana)
    server.broken.add("getChatAdministrators")
    await ana.wait_for_answer(await ana.send("/search cat", chat=group))
    assert not conversation.incoming[-1].person.is_admin
    server.broken.clear()
    await ana.wait_for_answer(await ana.send("/search cat", chat=group))
    assert conversation.incoming[-1].person.is_admin


async def test_a_question_deleted_meanwhile_is_answered_without_a_quote(
    world: World, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    group = world.group(ana)
    asked = await ana.send("/search cat", chat=group)
    await ana.delete(asked)
    (answer,) = await group.next()
    assert answer.quoted_id is None
