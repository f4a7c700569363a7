"""What people on Discord get when something goes wrong."""

from __future__ import annotations

import logging

import pytest

from bot.core.messages import Ask
from bot.core.sentences import SENTENCES
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import ATTACH_FILES, READ_MESSAGE_HISTORY
from tests.acceptance.discord_server import TOKEN, DiscordServer, Fault
from tests.acceptance.discord_world import Guild
from tests.unit.frontends.discord_memory import MemoryConversation

pytestmark = pytest.mark.usefixtures("bot")


async def test_without_the_right_to_reply_it_writes_into_the_channel(
    guild: Guild, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat", b"cat")
    guild.bot_permissions &= ~READ_MESSAGE_HISTORY
    answer = await member.wait_for_answer(await member.mention("cat"))
    assert answer.reply_to is None
    assert [file.content for file in answer.files] == [b"cat"]


async def test_without_the_right_to_attach_it_says_sorry(
    guild: Guild, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    guild.bot_permissions &= ~ATTACH_FILES
    answer = await member.wait_for_answer(await member.mention("cat"))
    assert answer.content.startswith("Hier ist leider etwas schiefgegangen (Vorfall ")
    assert not answer.files


async def test_pictures_that_cannot_be_read_are_not_passed_over_in_silence(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    memory.is_blobless = True
    answer = await (await member.slash("search", query="cat")).answer()
    assert answer.content == SENTENCES["unavailable"]


async def test_a_failure_of_the_core_is_an_apology(member: DiscordPerson) -> None:
    answer = await (await member.slash("search", query="explode")).answer()
    assert answer.content.startswith("Sorry, something went wrong here (incident ")


async def test_an_interaction_that_is_gone_is_let_go(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.faults["callback"] = [Fault(404, 10062)]
    await member.slash("search", query="first")
    await (await member.slash("search", query="second")).answer()
    assert [item.request for item in memory.incoming] == [Ask("second")]
    server.faults["edit"] = [Fault(401, 50027)]
    await member.slash("search", query="third")
    await server.wait_for(lambda: not server.faults["edit"])
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("fault", [Fault(400, 40060, does_it=True), Fault(loses_answer=True)])
async def test_a_lost_acknowledgement_is_followed_by_the_answer(
    server: DiscordServer,
    member: DiscordPerson,
    fault: Fault,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.faults["callback"] = [fault]
    answer = await (await member.slash("search", query="x")).answer()
    assert answer.content == SENTENCES["nothing_found"]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_lost_answer_is_sent_again_once(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat", b"cat")
    server.faults["message"] = [Fault(loses_answer=True)]
    asked = await member.mention("cat")
    answer = await member.wait_for_answer(asked)
    await server.wait_for(lambda: server.counts["message"] == 2)
    assert [file.content for file in (await member.wait_for_answer(asked)).files] == [b"cat"]
    assert answer.reply_to == asked.id


async def test_events_missed_while_the_connection_was_cut_are_answered(
    server: DiscordServer, member: DiscordPerson
) -> None:
    await (await member.slash("search", query="before")).answer()
    server.gateway.cut()
    exchange = await member.slash("search", query="meanwhile")
    assert (await exchange.answer()).content == SENTENCES["nothing_found"]
    assert server.gateway.resumes == 1


async def test_neither_question_nor_token_is_logged(
    member: DiscordPerson, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await (await member.slash("search", query="very private")).answer()
    await member.wait_for_answer(await member.mention("very private"))
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert "private" not in logged
    assert TOKEN not in logged
