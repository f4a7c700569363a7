"""Questions in ordinary messages: mentions, direct messages, replies, and their language."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.messages import Ask, FindSimilar, Refine
from bot.core.policy import Policy
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from bot.frontends.discord_bot import mentions
from bot.frontends.discord_bot.sentences import SENTENCES as DISCORD
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_running import running_bot
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Message, user_payload
from tests.unit.frontends.discord_memory import MemoryConversation, captions

pytestmark = pytest.mark.usefixtures("bot")
PICTURE = UploadedFile("cat.png", b"\x89PNG cat")


@pytest.fixture
def guild(server: DiscordServer) -> Guild:
    return server.new_guild("Cats", preferred_locale="en-US")


async def say(person: DiscordPerson, text: str, *files: UploadedFile) -> Message:
    """Mention the bot and return its answer."""
    return await person.wait_for_answer(await person.mention(text, *files))


async def reply(person: DiscordPerson, to: Message, text: str, **more: Any) -> Message:
    return await person.wait_for_answer(await person.reply(to, text, **more))


async def is_quiet(person: DiscordPerson, memory: MemoryConversation) -> None:
    """Check that nothing said so far was taken for a question."""
    before = len(memory.incoming)
    await say(person, "the last word")
    assert [item.request for item in memory.incoming[before:]] == [Ask("the last word")]


async def test_a_mention_is_answered_below_it(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "ein rotes Auto")
    await member.post("ein rotes Auto")
    asked = await member.mention("ein rotes Auto")
    answer = await member.wait_for_answer(asked)
    assert answer.reply_to == asked.id
    assert captions(answer) == ["ein rotes Auto"]
    assert answer.content == "Pictures for “ein rotes Auto” · 1 to 1 of 1 picture"
    assert answer.allowed_mentions == {"parse": []}
    requests = [(item.request, item.person.is_admin) for item in memory.incoming]
    assert requests == [(Ask("ein rotes Auto"), False)]


async def test_a_mention_in_the_middle_of_a_question(
    member: DiscordPerson, memory: MemoryConversation, server: DiscordServer
) -> None:
    await member.wait_for_answer(await member.post(f"a red <@{server.application_id}> car"))
    assert memory.incoming[-1].request == Ask("a red   car")


async def test_the_role_that_came_with_the_bot_is_a_mention_where_it_can_be_read(
    server: DiscordServer, guild: Guild, member: DiscordPerson, memory: MemoryConversation
) -> None:
    server.message_content = True
    async with running_bot(memory):
        await member.post(f"<@&{guild.admin_role.id}> dog")
        await member.wait_for_answer(await member.post(f"<@&{guild.bot_role.id}> cat"))
    assert [item.request for item in memory.incoming] == [Ask("cat")]


async def test_the_answer_to_a_mention_has_buttons_of_the_one_who_asked(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 11)
    answer = await say(member, "cat")
    said = await (await admin.click(answer, "▶")).answer()
    assert said.content == DISCORD["not_yours"]
    await (await member.click(answer, "▶")).answer()
    assert captions(answer) == ["cat 10"]


async def test_a_direct_message_is_a_question(
    server: DiscordServer, memory: MemoryConversation
) -> None:
    alone = DiscordPerson(server, "Kim", None)
    memory.add(f"discord:user:{alone.id}", "cat")
    answer = await alone.wait_for_answer(await alone.post("cat"))
    assert captions(answer) == ["cat"]
    assert memory.incoming[-1].person.is_admin


async def test_a_mention_without_words_asks_for_some(member: DiscordPerson) -> None:
    assert (await say(member, "")).content == SENTENCES["question_empty"]


async def test_a_mention_with_a_picture(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 2)
    answer = await say(member, "", PICTURE)
    assert memory.incoming[-1].request == FindSimilar(PICTURE.content)
    assert answer.content == "Pictures that look like this · 1 to 2 of 2 pictures"


async def test_a_mention_with_a_picture_and_words_means_both(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 2)
    answer = await say(member, "but at night", PICTURE)
    picture, both = [item.request for item in memory.incoming]
    assert picture == FindSimilar(PICTURE.content, everything=True)
    assert isinstance(both, Refine)
    assert answer.content == "Pictures like “but at night” · 1 to 2 of 2 pictures"


async def test_a_mention_with_something_else_attached_is_about_its_words(
    member: DiscordPerson, memory: MemoryConversation
) -> None:
    await say(member, "cat", UploadedFile("notes.txt", b"text"))
    assert memory.incoming[-1].request == Ask("cat")


# Whom it does not answer


async def test_bots_webhooks_and_what_is_said_to_others_are_not_answered(
    server: DiscordServer, guild: Guild, member: DiscordPerson, memory: MemoryConversation
) -> None:
    other_bot = DiscordPerson(server, "Robo", guild)
    other_bot.user["bot"] = True
    await other_bot.mention("from a bot")
    webhook = user_payload(4711, "Hook")
    for author in (webhook, webhook | {"bot": True}):
        message = Message(member.channel_id, author, f"<@{server.application_id}> from a webhook")
        message.mentions = [server.bot]
        payload = server.message_payload(message) | {"guild_id": str(guild.id)}
        await server.gateway.tell("MESSAGE_CREATE", payload | {"webhook_id": "4711"}, guild.id)
    await member.post("just talk")
    await member.post("@everyone talk")
    pinned = Message(member.channel_id, member.user, "", type=6)
    pinned.mentions = [server.bot]
    await server.tell_message("MESSAGE_CREATE", pinned)
    await is_quiet(member, memory)


# Languages


async def test_a_persons_language_is_remembered_from_their_commands(
    server: DiscordServer, guild: Guild
) -> None:
    person = DiscordPerson(server, "Max", guild, locale="ja")
    english = SENTENCES["empty_collection"]
    assert (await say(person, "x")).content == english
    await (await person.slash("help")).answer()
    assert (await say(person, "x")).content == texts_for("ja").say(english)
    alone = person.in_direct()
    answer = await alone.wait_for_answer(await alone.post("x"))
    assert answer.content == texts_for("ja").say(english)


async def test_without_one_the_collection_s_language_counts_then_the_server_s(
    server: DiscordServer, memory: MemoryConversation
) -> None:
    german = server.new_guild("Katzen", preferred_locale="de")
    await server.join_guild(german)
    english = SENTENCES["empty_collection"]
    person = DiscordPerson(server, "Max", german)
    assert (await say(person, "x")).content == texts_for("de").say(english)
    memory.pictures.policies[f"discord:guild:{german.id}"] = Policy(language="fr")
    assert (await say(person, "x")).content == texts_for("fr").say(english)
    stranger = DiscordPerson(server, "Kim", None)
    answer = await stranger.wait_for_answer(await stranger.post("x"))
    assert answer.content == english


# Odd places


async def test_a_server_discord_tells_nothing_about(
    server: DiscordServer, memory: MemoryConversation
) -> None:
    dark = server.new_guild("Dark", is_unavailable=True)
    memory.add(f"discord:guild:{dark.id}", "cat")
    async with running_bot(memory):
        admin = DiscordPerson(server, "Ada", dark, is_admin=True)
        answer = await say(admin, "cat")
    assert answer.content == "Pictures for “cat” · 1 to 1 of 1 picture"
    assert not memory.incoming[-1].person.is_admin


async def test_a_mention_in_a_thread(
    server: DiscordServer,
    guild: Guild,
    member: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
) -> None:
    memory.add(collection, "cat", b"cat", str(guild.channel_id))
    thread = await server.new_thread(guild, guild.channels[guild.channel_id], "talk")
    answer = await say(member.in_channel(thread), "cat")
    assert answer.channel_id == thread.id
    assert captions(answer) == ["cat"]


async def test_what_is_remembered_of_messages_is_bounded(
    server: DiscordServer,
    guild: Guild,
    memory: MemoryConversation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[mentions.Mentions] = []
    monkeypatch.setattr(mentions, "ANSWERED_KEPT", 5)
    monkeypatch.setattr(mentions, "LANGUAGES_KEPT", 3)
    init = mentions.Mentions.__init__

    def remembered(self: mentions.Mentions, *args: Any) -> None:
        init(self, *args)
        kept.append(self)

    monkeypatch.setattr(mentions.Mentions, "__init__", remembered)
    async with running_bot(memory):
        for number in range(8):
            person = DiscordPerson(server, f"P{number}", guild)
            await (await person.slash("help")).answer()
            await say(person, "cat")
        (one,) = kept
        assert len(one._answered) == 5
        assert len(one._languages) == 3
        assert len(one._locks) <= 1
