"""What people on Discord get when something is not allowed, too large, too much or broken."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from bot.frontends.discord_bot.sentences import SENTENCES as DISCORD
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import (
    ATTACH_FILES,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS,
)
from tests.acceptance.discord_running import running_bot
from tests.acceptance.discord_server import TOKEN, DiscordServer, Fault
from tests.acceptance.discord_world import Guild, Message, Overwrite
from tests.unit.frontends.discord_memory import MemoryConversation, captions

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture
def guild(server: DiscordServer) -> Guild:
    return server.new_guild("Cats", preferred_locale="en-US")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


async def ask(person: DiscordPerson, query: str = "cat", *, private: bool = False) -> Message:
    return await (await person.slash("search", query=query, private=private)).answer()


async def say(person: DiscordPerson, text: str = "cat") -> Message:
    return await person.wait_for_answer(await person.mention(text))


# Permissions


async def test_without_the_right_to_attach_it_says_so_kindly(
    guild: Guild, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    guild.bot_permissions &= ~ATTACH_FILES
    async with running_bot(memory):
        answer = await ask(member)
        assert (answer.content, answer.is_ephemeral) == (DISCORD["cannot_attach"], True)
        assert captions(await ask(member, private=True)) == ["cat"]
        answer = await say(member)
        assert (answer.content, answer.files) == (DISCORD["cannot_attach"], ())


async def test_a_right_to_attach_that_was_taken_a_moment_ago(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory.add(collection, "cat")
    server.faults["message"] = [Fault(403, 50013)]
    assert (await say(member)).content == DISCORD["cannot_attach"]
    server.faults["callback"] = [Fault(403, 50013)]
    answer = await ask(member)
    assert (answer.content, answer.is_ephemeral) == (DISCORD["cannot_attach"], True)
    assert warnings(caplog) == []


@pytest.mark.parametrize("right", [SEND_MESSAGES, SEND_MESSAGES_IN_THREADS])
async def test_where_it_may_not_write_commands_are_answered_all_the_same(  # noqa: PLR0917
    server: DiscordServer,
    guild: Guild,
    member: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
    caplog: pytest.LogCaptureFixture,
    right: int,
) -> None:
    memory.add(collection, "cat")
    channel = guild.channels[guild.channel_id]
    thread = await server.new_thread(guild, channel, "talk")
    denied = Overwrite(server.application_id, 1, deny=right)
    await server.change_channel(guild, channel, overwrites=[denied])
    here = member if right == SEND_MESSAGES else member.in_channel(thread)
    await here.mention("cat")
    await here.mention("")
    await server.wait_for(lambda: server.counts["message"] >= 2)
    assert captions(await ask(here)) == ["cat"]
    assert server.counts["message"] == 2
    assert warnings(caplog) == []


async def test_without_the_right_to_reply_it_writes_into_the_channel(
    guild: Guild, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat", b"cat")
    guild.bot_permissions &= ~READ_MESSAGE_HISTORY
    answer = await say(member)
    assert answer.reply_to is None
    assert [file.content for file in answer.files] == [b"cat"]


# What is broken


async def test_pictures_that_cannot_be_read_are_not_passed_over_in_silence(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    memory.pictures.is_blobless = True  # type: ignore[attr-defined]
    answer = await ask(member)
    assert (answer.content, answer.is_ephemeral) == (SENTENCES["unavailable"], True)


async def test_a_failure_nobody_foresaw_is_an_apology(
    member: DiscordPerson, caplog: pytest.LogCaptureFixture
) -> None:
    for answer in (await ask(member, "explode"), await say(member, "explode")):
        assert answer.content.startswith("Sorry, something went wrong here (incident ")
        incident = answer.content.split("incident ")[1].split(")")[0]
        assert any(getattr(one, "incident", "") == incident for one in caplog.records)


async def test_a_refusal_nobody_foresaw_is_an_apology(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    server.faults["callback"] = [Fault(400, 50035)]
    answer = await ask(member)
    assert answer.content.startswith("Sorry, something went wrong here (incident ")
    server.faults["message"] = [Fault(400, 50035)]
    answer = await say(member)
    assert answer.content.startswith("Sorry, something went wrong here (incident ")
    assert not answer.files


@pytest.mark.parametrize(
    "fault",
    [
        Fault(loses_answer=True),
        Fault(loses_request=True),
        Fault(502),
        Fault(502, does_it=True),
        Fault(429),
        Fault(429, via=False),
    ],
)
async def test_a_lost_answer_to_a_message_is_given_once(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
    fault: Fault,
) -> None:
    memory.add(collection, "cat", b"cat")
    server.faults["message"] = [fault]
    asked = await member.mention("cat")
    await server.wait_for(lambda: server.counts["message"] == 2)
    answer = await member.wait_for_answer(asked)
    assert [file.content for file in answer.files] == [b"cat"]
    assert answer.reply_to == asked.id


async def test_a_channel_that_is_deleted_meanwhile_is_let_go(
    server: DiscordServer,
    guild: Guild,
    member: DiscordPerson,
    memory: MemoryConversation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = memory.gates["cat"] = asyncio.Event()
    channel = await server.new_channel(guild, "brief")
    await member.in_channel(channel).mention("cat")
    await server.wait_for(lambda: server.counts["typing"] == 1)
    await server.remove_channel(guild, channel)
    gate.set()
    await server.wait_for(lambda: server.counts["message"] == 1)
    assert (await say(member, "dog")).content == SENTENCES["empty_collection"]
    assert server.counts["message"] == 2
    assert warnings(caplog) == []


async def test_when_typing_cannot_be_shown_the_answer_comes_all_the_same(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation
) -> None:
    gate = memory.gates["cat"] = asyncio.Event()
    server.faults["typing"] = [Fault(403, 50013)]
    asked = await member.mention("cat")
    await server.wait_for(lambda: server.counts["typing"] == 1)
    gate.set()
    assert (await member.wait_for_answer(asked)).content == SENTENCES["empty_collection"]


# Too much


async def test_a_flood_is_held_back_kindly_privately_and_before_the_workers(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 11)
    shown = await ask(member)
    calls, searched = memory.encoder.calls, len(memory.pictures.searched)
    memory.limiter.wait_s = 7.2
    wait = texts_for("en").say(SENTENCES["too_many_questions"], seconds=8)
    answer = await ask(member, "dog")
    assert (answer.content, answer.is_ephemeral) == (wait, True)
    for exchange in (
        await member.click(shown, "▶"),
        await member.choose(shown, "№ 1 ", select="More like this …"),
        await member.choose(shown, "№ 1 ", select="Not this …"),
    ):
        said = await exchange.answer(lambda message: message is not shown)
        assert (said.content, said.is_ephemeral) == (wait, True)
    assert (await say(member, "dog")).content == wait
    assert captions(shown)[0] == "cat 0"
    assert (memory.encoder.calls, len(memory.pictures.searched)) == (calls, searched)
    assert set(memory.limiter.asked) == {(collection, f"discord:{member.id}")}


async def test_a_flood_of_messages_is_answered_once(
    server: DiscordServer, guild: Guild, member: DiscordPerson, memory: MemoryConversation
) -> None:
    memory.limiter.wait_s = 7.0
    await say(member)
    for _ in range(3):
        await member.mention("cat")
    await say(DiscordPerson(server, "Eve", guild))
    assert len(memory.limiter.asked) == 5
    assert server.counts["message"] == 2
    memory.limiter.wait_s = 0.0
    assert (await say(member)).content == SENTENCES["empty_collection"]


async def test_help_is_given_even_in_a_flood(
    member: DiscordPerson, memory: MemoryConversation
) -> None:
    memory.limiter.wait_s = 7.0
    answer = await (await member.slash("help")).answer()
    assert "/search" in answer.content or "</search" in answer.content


# What is written down


async def test_neither_questions_nor_tokens_are_logged(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    memory.fill(collection, 11)
    answer = await ask(member, "cat private")
    await (await member.click(answer, "▶")).answer()
    await member.autocomplete("search", "query", "private")
    asked = await member.mention("very private")
    said = await member.wait_for_answer(asked)
    await member.edit(asked, f"<@{server.application_id}> so private")
    await server.wait_for(lambda: "so private" in said.content)
    await member.wait_for_answer(await member.reply(said, "even more private"))
    server.faults["callback"] = [Fault(400, 50035)]
    await ask(member, "private too")
    server.faults["callback"] = [Fault(404, 10062)]
    await member.slash("search", query="private as well")
    memory.pictures.is_blobless = True  # type: ignore[attr-defined]
    await ask(member, "private for good")
    await ask(member, "private " * 200)
    tokens = [item.token for item in server.interactions.values()]
    logged = caplog.text + "\n".join(str(vars(record)) for record in caplog.records)
    assert "private" not in logged
    assert all(token not in logged for token in (TOKEN, *tokens))
