"""Commands: a first answer, deleting, numbers, settings, languages, forgetting."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.core.messages import Browse
from bot.core.policy import Policy
from bot.core.sentences import SENTENCES as CORE_SENTENCES
from bot.core.texts import languages, texts_for
from bot.frontends.telegram_bot import TelegramBot
from bot.frontends.telegram_bot.menu import ADMINS, EVERYBODY
from bot.frontends.telegram_bot.sentences import COMMANDS, SENTENCES
from tests.acceptance.telegram_chats import Chat, Sent, TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import jpeg
from tests.unit.telegram_bot.memory import MemoryConversation
from tests.unit.telegram_bot.waiting import until

NewBot = Callable[..., TelegramBot]
ENGLISH, GERMAN, JAPANESE = texts_for("en"), texts_for("de"), texts_for("ja")


async def said(person: TelegramPerson, text: str, chat: Chat | None = None, **more: object) -> Sent:
    """Say something and return the bot's first message after it."""
    asked = await person.send(text, chat=chat, **more)  # type: ignore[arg-type]
    return await person.wait_for_answer(asked)


@pytest.mark.usefixtures("bot")
async def test_start_says_how_to_begin_and_then_shows_what_there_is(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    await ana.start()
    greeting = await ana.private.next_text()
    assert greeting.startswith(GERMAN.say(SENTENCES["start"]))
    assert greeting.endswith(GERMAN.say(SENTENCES["start_empty"]))
    assert "/add" in greeting
    assert conversation.incoming[0].collection == f"telegram:chat:{ana.id}"
    conversation.fill(ana.id, 2)
    await ana.start()
    first, _second, text = await ana.private.next(3)
    assert first.text == "1 · cat 2"
    assert text.text.startswith(GERMAN.say(SENTENCES["start"]))
    assert conversation.incoming[-1].request == Browse()


@pytest.mark.usefixtures("bot")
async def test_help_says_what_to_do(world: World, ana: TelegramPerson) -> None:
    name = "@BabelpixBot"
    assert (await said(ana, "/help")).text == GERMAN.say(SENTENCES["help"], name=name)
    nobody = world.person("Noor", None)
    assert (await said(nobody, "/what")).text == SENTENCES["help"].format(name=name)


@pytest.mark.usefixtures("bot")
async def test_remove_finds_and_deletes(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    first, _second, third = conversation.fill(ana.id, 3)
    await ana.send("/remove cat")
    photo, *_, text = await ana.private.next(4)
    assert text.labels == ["🗑 1", "🗑 2", "🗑 3"]
    reply = await said(ana, "/remove", reply_to=photo)
    assert reply.text == GERMAN.say(CORE_SENTENCES["deleted"], caption="cat 1")
    await ana.private.next()
    assert first not in conversation.ids(ana.id)
    await ana.send("/remove")
    newest, _, text = await ana.private.next(3)
    assert newest.text == "1 · cat 3"
    await (await ana.press(text, "🗑 1")).answer()
    assert third not in conversation.ids(ana.id)


@pytest.mark.usefixtures("bot")
async def test_remove_offers_only_what_somebody_may_delete(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group = world.group(ana, members=[bob])
    conversation.add(group.id, "cat 1")
    assert (await said(bob, "/remove cat", group)).text == SENTENCES["remove_nothing"]
    conversation.add(group.id, "cat 2", uploader=bob.id)
    answers = await bob.wait_for_answers(await bob.send("/remove cat", chat=group), 3)
    assert answers[-1].labels == ["🗑 2"]
    reply = await said(bob, "/remove", group, reply_to=answers[0])
    assert reply.text == CORE_SENTENCES["not_allowed"]


@pytest.mark.usefixtures("bot")
async def test_pages_of_what_can_be_deleted_offer_only_that(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 11)
    await ana.send("/remove")
    *_, text = await ana.private.next(11)
    await (await ana.press(text, GERMAN.say(CORE_SENTENCES["more"]))).answer()
    *_, text = await ana.private.next(2)
    assert text.labels == ["🗑 11", "⬅"]


@pytest.mark.usefixtures("bot")
async def test_stats_count(conversation: MemoryConversation, ana: TelegramPerson) -> None:
    conversation.fill(ana.id, 1234)
    told = (await said(ana, "/stats")).text
    assert "1\u202f234" in told
    assert "Encoder" not in told
    conversation.pictures.preparing_now = (7, 1234)
    told = (await said(ana, "/stats")).text
    assert "7 von 1\u202f234 Bildern" in told


@pytest.mark.usefixtures("bot")
async def test_admins_name_those_who_may_search_and_add(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    eve = world.person("Eve")
    group = world.group(ana, members=[bob, eve])
    posted = await bob.send("hello", chat=group)
    assert (await said(bob, "/settings", group)).text == CORE_SENTENCES["not_allowed"]
    panel = await said(ana, "/settings add", group, reply_to=posted)
    assert GERMAN.say(SENTENCES["who_adds"], people="Bob") in panel.text
    panel = await said(ana, "/settings search", group, reply_to=posted)
    assert GERMAN.say(SENTENCES["who_searches"], people="Bob") in panel.text
    policy = conversation.hashed.policies[f"telegram:chat:{group.id}"]
    named = frozenset({f"telegram:{bob.id}"})
    assert (policy.add_groups, policy.search_groups) == (named, named)

    added = await bob.send(photo=jpeg(), caption="/add cat", chat=group)
    assert "1" in (await bob.wait_for_answer(added)).text
    refused = (await said(eve, "/search cat", group)).text
    assert refused == CORE_SENTENCES["search_not_allowed"]
    everybody = GERMAN.say(SENTENCES["everybody"])
    label = GERMAN.say(SENTENCES["who_searches"], people=everybody)
    assert (await (await eve.press(panel, label)).answer())["text"] == CORE_SENTENCES["not_allowed"]
    await (await ana.press(panel, label)).answer()
    await panel.wait_for_edit()
    assert label in panel.text
    assert (await said(eve, "/search cat", group)).photo
    # The same again takes it back.
    panel = await said(ana, "/settings add", group, reply_to=posted)
    nobody = GERMAN.say(SENTENCES["nobody"])
    assert GERMAN.say(SENTENCES["who_adds"], people=nobody) in panel.text
    for somebody in ("@eve", ""):
        unknown = await said(ana, f"/settings add {somebody}", group)
        assert unknown.text == GERMAN.say(SENTENCES["whom"])


@pytest.mark.usefixtures("bot")
async def test_admins_can_name_those_who_have_talked_to_the_bot(
    world: World, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    eve = world.person("Eve", username="EveOnline")
    group = world.group(ana, members=[eve])
    await said(eve, "/search cat", group)
    panel = await said(ana, "/settings add @eveonline", group)
    assert GERMAN.say(SENTENCES["who_adds"], people="Eve") in panel.text
    policy = conversation.hashed.policies[f"telegram:chat:{group.id}"]
    assert policy.add_groups == {f"telegram:{eve.id}"}


@pytest.mark.usefixtures("bot")
async def test_the_size_of_an_answer_can_be_chosen(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 11)
    panel = await said(ana, "/settings")
    await ana.private.next()
    await (await ana.press(panel, "3")).answer()
    await panel.wait_for_edit()
    assert "✓ 3" in panel.labels
    await ana.send("cat")
    *album, _text = await ana.private.next(4)
    assert len(album) == 3
    conversation.hashed.policies[f"telegram:chat:{ana.id}"] = Policy(page_size=50)
    await ana.send("cat")
    *album, _text = await ana.private.next(11)
    assert len(album) == 10


async def test_a_chosen_language_is_kept(new_bot: NewBot, ana: TelegramPerson) -> None:
    first = new_bot()
    await first.start()
    menu = await said(ana, "/language")
    assert len(menu.labels) == len(languages()) + 1
    shown = await (await ana.press(menu, "日本語")).answer()
    assert "日本語" in shown["text"]
    await menu.wait_for_edit()
    await first.stop()
    await new_bot().start()
    empty = JAPANESE.say(CORE_SENTENCES["empty_collection"])
    assert (await said(ana, "cat")).text == empty
    menu = await said(ana, "/language")
    await (await ana.press(menu, JAPANESE.say(SENTENCES["as_usual"]))).answer()
    assert (await said(ana, "cat")).text == GERMAN.say(CORE_SENTENCES["empty_collection"])


@pytest.mark.usefixtures("bot")
async def test_admins_choose_the_language_of_a_group_and_people_their_own(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group = world.group(ana, members=[bob])
    menu = await said(ana, "/language", group)
    await (await ana.press(menu, "日本語")).answer()
    await menu.wait_for_edit()
    empty = "empty_collection"
    assert (await said(bob, "/search cat", group)).text == JAPANESE.say(CORE_SENTENCES[empty])
    assert (await said(bob, "cat")).text == CORE_SENTENCES[empty]
    menu = await said(bob, "/language", group)
    await (await bob.press(menu, "Deutsch")).answer()
    assert (await said(bob, "/search cat", group)).text == GERMAN.say(CORE_SENTENCES[empty])
    assert conversation.hashed.policies[f"telegram:chat:{group.id}"] == Policy(language="ja")


@pytest.mark.usefixtures("bot")
async def test_forgetme_deletes_questions_or_pictures_too(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group = world.group(ana, members=[bob])
    image_id = conversation.add(group.id, "bob's cat", uploader=bob.id)
    await bob.wait_for_answers(await bob.send("/search cat", chat=group), 2)
    offer = await said(bob, "/forgetme", group)
    assert offer.labels == [
        SENTENCES["forget_questions"],
        SENTENCES["forget_all"],
        SENTENCES["forget_cancel"],
    ]
    shown = await (await ana.press(offer, SENTENCES["forget_all"])).answer()
    assert shown["text"] == GERMAN.say(SENTENCES["not_yours"])
    await (await bob.press(offer, SENTENCES["forget_questions"])).answer()
    await offer.wait_for_edit()
    assert (offer.text, offer.labels) == (SENTENCES["forgotten"], [])
    assert conversation.history.own == []
    assert not any(str(bob.id) in name for name in conversation.notebook.sets)
    kept = conversation.hashed.collections[f"telegram:chat:{group.id}"]
    assert kept[image_id].uploader_id == ""

    conversation.fill(bob.id, 1)
    kept = conversation.hashed.collections[f"telegram:chat:{bob.id}"]
    for picture in kept.values():
        picture.uploader_id = f"telegram:{bob.id}"
    offer = await said(bob, "/forgetme")
    await (await bob.press(offer, SENTENCES["forget_cancel"])).answer()
    await offer.wait_for_edit()
    assert offer.text == SENTENCES["kept"]
    offer = await said(bob, "/forgetme")
    await (await bob.press(offer, SENTENCES["forget_all"])).answer()
    await offer.wait_for_edit()
    assert kept == {}
    offer = await said(bob, "/forgetme")
    assert SENTENCES["forget_all"] not in offer.labels
    conversation.history.is_down = True
    shown = await (await bob.press(offer, SENTENCES["forget_questions"])).answer()
    assert shown["text"] == CORE_SENTENCES["unavailable"]


async def test_commands_are_offered_by_language_and_for_whom_they_are(
    new_bot: NewBot,
    server: TelegramServer,
    conversation: MemoryConversation,
    ana: TelegramPerson,
    bob: TelegramPerson,
) -> None:
    first = new_bot()
    await first.start()
    codes = {tag for tag in languages() if len(tag) == 2}
    await until(lambda: any(name.endswith(":menu") for name in conversation.notebook.notes))
    assert server.calls.count("setMyCommands") == 3 * len(codes)
    group = server.world.group(ana, members=[bob])
    assert [one["command"] for one in bob.shown_commands(group)] == list(EVERYBODY)
    assert [one["command"] for one in ana.shown_commands(group)] == list(ADMINS)
    assert [one["command"] for one in bob.shown_commands()] == list(ADMINS)
    described = {one["command"]: one["description"] for one in ana.shown_commands()}
    assert described == {name: GERMAN.say(COMMANDS[name]) for name in ADMINS}
    # Telegram keeps them: the next start has nothing to do.
    await first.stop()
    server.calls.clear()
    await new_bot().start()
    await said(ana, "cat")
    assert "setMyCommands" not in server.calls
