"""An edited question is answered anew, in the place of its answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.core.messages import Ask
from bot.core.sentences import SENTENCES
from bot.frontends.discord_bot import mentions
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import READ_MESSAGE_HISTORY, UploadedFile
from tests.acceptance.discord_running import running_bot
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Message
from tests.unit.frontends.discord_memory import MemoryConversation, captions

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture
def guild(server: DiscordServer) -> Guild:
    return server.new_guild("Cats", preferred_locale="en-US")


@pytest.fixture(autouse=True)
def pictures(memory: MemoryConversation, collection: str) -> None:
    memory.add(collection, "cat")
    memory.add(collection, "dog")


async def edit(person: DiscordPerson, message: Message, text: str) -> None:
    await person.edit(message, f"<@{person.server.application_id}> {text}")


async def until(server: DiscordServer, answer: Message, question: str) -> None:
    await server.wait_for(lambda: answer.content.startswith(f"Pictures for “{question}”"))


def answers_to(server: DiscordServer, message: Message) -> list[Message]:
    return [item for item in server.messages.values() if item.reply_to == message.id]


async def test_an_edit_changes_the_answer(server: DiscordServer, member: DiscordPerson) -> None:
    asked = await member.mention("cat")
    answer = await member.wait_for_answer(asked)
    await edit(member, asked, "dog")
    await until(server, answer, "dog")
    assert captions(answer) == ["dog", "cat"]
    assert answers_to(server, asked) == [answer]
    await edit(member, asked, "cat")
    await until(server, answer, "cat")
    assert server.counts["history"] == 0


async def test_an_edited_direct_message(server: DiscordServer, memory: MemoryConversation) -> None:
    alone = DiscordPerson(server, "Kim", None)
    memory.add(f"discord:user:{alone.id}", "cat")
    asked = await alone.post("cat")
    answer = await alone.wait_for_answer(asked)
    await alone.edit(asked, "dog")
    await until(server, answer, "dog")


async def test_the_answer_is_found_after_a_restart(
    server: DiscordServer, member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation
) -> None:
    asked = await member.mention("cat")
    answer = await member.wait_for_answer(asked)
    await admin.wait_for_answer(await admin.mention("something else"))
    await admin.post("talk")
    async with running_bot(memory):
        await edit(member, asked, "dog")
        await until(server, answer, "dog")
        assert answers_to(server, asked) == [answer]
        assert server.counts["history"] == 1
        await edit(member, asked, "cat")
        await until(server, answer, "cat")
        assert server.counts["history"] == 1


async def test_an_answer_that_cannot_be_found_is_given_again(
    server: DiscordServer, guild: Guild, member: DiscordPerson, memory: MemoryConversation
) -> None:
    asked = await member.mention("cat")
    answer = await member.wait_for_answer(asked)
    guild.bot_permissions &= ~READ_MESSAGE_HISTORY
    async with running_bot(memory):
        await edit(member, asked, "dog")
        await server.wait_for(lambda: server.counts["message"] == 3)
    assert answer.content.startswith("Pictures for “cat”")


async def test_the_preview_of_a_link_changes_nothing(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = await member.mention("cat https://example.org/")
    answer = await member.wait_for_answer(asked)
    await server.tell_message("MESSAGE_UPDATE", asked)
    await edit(member, asked, "dog")
    await until(server, answer, "dog")
    await server.tell_message("MESSAGE_UPDATE", asked)
    await member.wait_for_answer(await member.mention("the last word"))
    assert [item.request for item in memory.incoming] == [
        Ask("cat https://example.org/"),
        Ask("dog"),
        Ask("the last word"),
    ]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_an_edit_while_the_answer_is_being_made(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation
) -> None:
    gate = memory.gates["cat"] = asyncio.Event()
    asked = await member.mention("cat")
    await server.wait_for(lambda: server.counts["typing"] == 1)
    await edit(member, asked, "dog")
    gate.set()
    answer = await member.wait_for_answer(asked)
    await until(server, answer, "dog")
    assert answers_to(server, asked) == [answer]


async def test_an_answer_that_was_deleted_meanwhile_stays_away(
    server: DiscordServer,
    member: DiscordPerson,
    admin: DiscordPerson,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = await member.mention("cat")
    await admin.delete(await member.wait_for_answer(asked))
    await edit(member, asked, "dog")
    await server.wait_for(lambda: server.counts["change"] == 1)
    await member.wait_for_answer(await member.mention("the last word"))
    assert answers_to(server, asked) == []
    assert not [record for record in caplog.records if record.levelname != "INFO"]


async def test_old_messages_are_left_alone(
    member: DiscordPerson, memory: MemoryConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await member.mention("cat")
    await member.wait_for_answer(asked)
    monkeypatch.setattr(mentions, "EDITED_WITHIN", timedelta(0))
    await edit(member, asked, "dog")
    await member.wait_for_answer(await member.mention("the last word"))
    assert Ask("dog") not in [item.request for item in memory.incoming]


async def test_a_message_that_calls_the_bot_only_after_an_edit(
    member: DiscordPerson, memory: MemoryConversation
) -> None:
    message = await member.post("cat")
    await edit(member, message, "cat")
    assert captions(await member.wait_for_answer(message)) == ["cat", "dog"]


async def test_a_question_that_is_no_longer_for_the_bot_keeps_its_answer(
    member: DiscordPerson, memory: MemoryConversation
) -> None:
    asked = await member.mention("cat")
    answer = await member.wait_for_answer(asked)
    await member.edit(asked, "never mind")
    await member.wait_for_answer(await member.mention("the last word"))
    assert answer.content.startswith("Pictures for “cat”")


async def test_a_question_with_nothing_left_in_it(
    server: DiscordServer, member: DiscordPerson
) -> None:
    asked = await member.mention("cat")
    answer = await member.wait_for_answer(asked)
    await edit(member, asked, "")
    await server.wait_for(lambda: answer.content == SENTENCES["question_empty"])
    assert not answer.files
    assert not answer.parts


async def test_the_words_beside_a_picture_are_edited(
    server: DiscordServer, member: DiscordPerson
) -> None:
    asked = await member.mention("by day", UploadedFile("cat.png", b"\x89PNG cat"))
    answer = await member.wait_for_answer(asked)
    await edit(member, asked, "by night")
    await server.wait_for(lambda: answer.content.startswith("Pictures like “by night”"))
    assert len(answers_to(server, asked)) == 1
