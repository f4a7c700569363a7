"""Replies to the bot’s answers, and to other people’s pictures."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.messages import Ask, FindSimilar
from bot.core.sentences import SENTENCES
from bot.frontends.discord_bot.sentences import SENTENCES as DISCORD
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_running import running_bot
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Message
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


async def test_a_reply_to_an_answer_says_it_more_precisely(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    memory.add(collection, "night cat")
    first = await say(member, "cat")
    second = await reply(admin, first, "at night")
    assert second.content == "Pictures for “cat at night” · 1 to 2 of 2 pictures"
    assert captions(second) == ["night cat", "cat"]
    third = await reply(member, second, "in the rain")
    assert third.content.startswith("Pictures for “cat at night in the rain”")
    assert len({first.id, second.id, third.id}) == 3


async def test_a_reply_to_the_answer_of_a_command(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat", tags=("pets",))
    memory.add(collection, "night cat")
    first = await (await member.slash("search", query="cat", tag="pets")).answer()
    answer = await reply(member, first, "at night")
    assert answer.content == "Pictures for “cat at night” · 1 to 1 of 1 picture"


async def test_a_reply_to_pictures_like_one(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 3)
    first = await (await member.slash("search", query="cat")).answer()
    like = await (await member.choose(first, "№ 2", select="More like this …")).answer()
    answer = await reply(admin, like, "but at night")
    assert answer.content == "Pictures like “cat 1 but at night” · 1 to 3 of 3 pictures"


async def test_a_reply_after_a_restart_and_one_to_a_forgotten_question(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    first = await say(member, "cat")
    async with running_bot(memory):
        answer = await reply(member, first, "at night")
        assert answer.content.startswith("Pictures for “cat at night”")
        memory.cache.paging.clear()
        answer = await reply(member, first, "by day")
        assert answer.content == SENTENCES["page_expired"]


async def test_a_reply_to_what_is_no_answer_is_a_question_of_its_own(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    nothing = await say(member, "cat")
    assert nothing.content == SENTENCES["empty_collection"]
    memory.add(collection, "dog")
    answer = await reply(member, nothing, "dog")
    assert answer.content == "Pictures for “dog” · 1 to 1 of 1 picture"
    talk = await member.post("look at that")
    answer = await reply(member, talk, f"<@{member.server.application_id}> dog", ping=False)
    assert memory.incoming[-1].request == Ask("dog")


async def test_a_reply_that_does_not_call_the_bot_is_not_for_it(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    answer = await say(member, "cat")
    await member.reply(answer, "how sweet", ping=False)
    await is_quiet(member, memory)


async def test_a_mention_below_somebodys_picture(
    server: DiscordServer,
    member: DiscordPerson,
    admin: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
) -> None:
    memory.add(collection, "cat")
    call = f"<@{server.application_id}>"
    posted = await admin.post("look", PICTURE)
    # Without the message content intent, Discord does not show it.
    assert (await reply(member, posted, call)).content == DISCORD["not_seen"]
    assert memory.incoming == []
    server.message_content = True
    async with running_bot(memory):
        answer = await reply(member, posted, call)
        assert captions(answer) == ["cat"]
        assert memory.incoming[-1].request == FindSimilar(PICTURE.content)
        plain = await admin.post("no picture here")
        assert (await reply(member, plain, call)).content == SENTENCES["question_empty"]


async def test_below_a_picture_that_was_shown_to_the_bot(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    shown = await admin.mention("", PICTURE)
    await admin.wait_for_answer(shown)
    await reply(member, shown, f"<@{member.server.application_id}>")
    assert memory.incoming[-1].request == FindSimilar(PICTURE.content)
