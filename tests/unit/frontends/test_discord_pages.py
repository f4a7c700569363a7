"""◀ and ▶: pages that change in place, whose they are, and what becomes of old ones."""

from __future__ import annotations

import asyncio
import gc
import random

import pytest
from discord.ui.view import ViewStore

from bot.core.sentences import SENTENCES
from bot.frontends.discord_bot.sentences import SENTENCES as DISCORD
from tests.acceptance.discord_people import DiscordPerson, Exchange, NotShownError
from tests.acceptance.discord_running import running_bot
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Message
from tests.unit.frontends.discord_memory import MemoryConversation, captions, labels

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture
async def answer(member: DiscordPerson, memory: MemoryConversation, collection: str) -> Message:
    """The first of three pages."""
    memory.fill(collection, 22)
    return await (await member.slash("search", query="cat")).answer()


async def aside(exchange: Exchange, answer: Message) -> Message:
    """Return what is said beside an answer, which stays as it is."""
    said = await exchange.answer(lambda message: message is not answer)
    assert said.is_ephemeral
    return said


async def test_pages_are_turned_in_place(member: DiscordPerson, answer: Message) -> None:
    arrows = {"◀", "▶"}
    assert arrows & set(labels(answer)) == {"▶"}
    for first, shown in ((10, {"◀", "▶"}), (20, {"◀"})):
        exchange = await member.click(answer, "▶")
        assert await exchange.answer() is answer
        assert await exchange.acknowledged() == 7
        assert arrows & set(labels(answer)) == shown
        assert captions(answer) == [f"cat {n}" for n in range(first, min(first + 10, 22))]
        assert answer.files[0].filename == f"{first + 1}.webp"
    await (await member.click(answer, "◀")).answer()
    await (await member.click(answer, "◀")).answer()
    assert captions(answer)[0] == "cat 0"
    assert arrows & set(labels(answer)) == {"▶"}


async def test_pages_can_be_turned_after_a_restart(
    member: DiscordPerson, memory: MemoryConversation, answer: Message
) -> None:
    async with running_bot(memory):
        await (await member.click(answer, "▶")).answer()
    assert captions(answer)[0] == "cat 10"


async def test_pages_that_take_a_while_are_turned_all_the_same(
    member: DiscordPerson, memory: MemoryConversation, answer: Message
) -> None:
    gate = memory.gates["m"] = asyncio.Event()
    exchange = await member.click(answer, "▶")
    assert await exchange.acknowledged() == 6
    assert captions(answer)[0] == "cat 0"
    gate.set()
    await exchange.answer()
    assert captions(answer)[0] == "cat 10"


async def test_other_peoples_pages_are_not_turned(
    admin: DiscordPerson, memory: MemoryConversation, answer: Message
) -> None:
    asked = len(memory.incoming)
    said = await aside(await admin.click(answer, "▶"), answer)
    assert said.content == DISCORD["not_yours"]
    assert captions(answer)[0] == "cat 0"
    assert len(memory.incoming) == asked


async def test_a_forgotten_question_leaves_its_answer_as_it_is(
    member: DiscordPerson, memory: MemoryConversation, answer: Message
) -> None:
    memory.cache.paging.clear()
    before = list(answer.edits)
    said = await aside(await member.click(answer, "▶"), answer)
    assert said.content == SENTENCES["page_expired"]
    assert answer.edits == before
    assert "▶" in labels(answer)
    assert len(answer.files) == 10


async def test_a_forgotten_question_that_was_looked_for_long(
    member: DiscordPerson, memory: MemoryConversation, answer: Message
) -> None:
    gate = memory.gates["m"] = asyncio.Event()
    memory.cache.paging.clear()
    exchange = await member.click(answer, "▶")
    await exchange.acknowledged()
    gate.set()
    said = await exchange.followup()
    assert (said.content, said.is_ephemeral) == (SENTENCES["page_expired"], True)
    assert len(answer.files) == 10


async def test_a_page_that_has_become_empty_is_the_first_again(
    member: DiscordPerson, memory: MemoryConversation, collection: str, answer: Message
) -> None:
    await (await member.click(answer, "▶")).answer()
    for image_id in list(memory.pictures.collections[collection])[:20]:
        await memory.pictures.delete(collection, image_id)
    await (await member.click(answer, "▶")).answer()
    assert captions(answer) == ["cat 20", "cat 21"]
    assert answer.content == "Pictures for “cat” · 1 to 2 of 2 pictures"


async def test_when_all_pictures_are_gone_the_answer_stays(
    member: DiscordPerson, memory: MemoryConversation, collection: str, answer: Message
) -> None:
    memory.pictures.collections[collection].clear()
    memory.pictures.version += 1
    said = await aside(await member.click(answer, "▶"), answer)
    assert said.content == SENTENCES["empty_collection"]
    assert len(answer.files) == 10


async def test_turning_two_pages_at_once_ends_with_one_of_them(
    member: DiscordPerson, answer: Message
) -> None:
    both = await asyncio.gather(member.click(answer, "▶"), member.click(answer, "▶"))
    for exchange in both:
        await exchange.answer()
    assert captions(answer)[0] == "cat 10"


async def test_a_message_that_is_deleted_meanwhile_is_let_go(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    answer: Message,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = memory.gates["m"] = asyncio.Event()
    exchange = await member.click(answer, "▶")
    await exchange.acknowledged()
    await server.remove_message(answer)
    gate.set()
    await server.wait_for(lambda: server.counts["edit"] == 1)
    with pytest.raises(NotShownError):
        await member.click(answer, "▶")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    "custom_id", ["from-the-future", "x:1", "m:not valid", "m:abc:1:2@3", "share-d:1@2", "m:" * 50]
)
async def test_a_component_of_another_version_gets_a_kind_word(
    server: DiscordServer, member: DiscordPerson, custom_id: str
) -> None:
    button = {"type": 2, "style": 2, "label": "Old", "custom_id": custom_id}
    message = Message(
        member.channel_id, server.bot, components=[{"type": 1, "components": [button]}]
    )
    said = await (await member.click(message, "Old")).answer()
    assert said.content == SENTENCES["page_expired"]
    assert said.is_ephemeral


async def test_a_command_of_another_version_gets_a_kind_word(
    server: DiscordServer, member: DiscordPerson
) -> None:
    await server.wait_for(lambda: bool(server.commands))
    search = next(command for command in server.commands if command["name"] == "search")
    server.commands.append({**search, "id": "1", "name": "seek"})
    said = await (await member.slash("seek", query="cat")).answer()
    assert (said.content, said.is_ephemeral) == (SENTENCES["page_expired"], True)


async def test_whatever_a_component_is_called_there_is_an_answer(
    server: DiscordServer,
    member: DiscordPerson,
    answer: Message,
    caplog: pytest.LogCaptureFixture,
) -> None:
    chance = random.Random(4)  # noqa: S311
    starts = ["m:", "share-m:", "like", "not", "delete", "forget-", "n:", "d:", "l:", ""]
    more = ["abc", ":", "0", "@", str(member.id), "-1", "questions", " ", "é", "9" * 19, "\n"]
    for _ in range(60):
        start = chance.choice(starts)
        written = start + "".join(chance.choices(more, k=chance.randrange(6)))
        part: dict[str, object] = {"custom_id": written[:100] or "x", "type": 2, "style": 2}
        part["label"] = "x"
        if start in {"like", "not", "delete"}:
            value = chance.choice(starts) + "".join(chance.choices(more, k=2))
            part = {"custom_id": written[:100], "type": 3}
            part["options"] = [{"label": "x", "value": value or "x"}]
        message = Message(member.channel_id, server.bot, "old")
        message.components = [{"type": 1, "components": [part]}]
        is_list = part["type"] == 3
        exchange = await (member.choose(message, "x") if is_list else member.click(message, "x"))
        assert await exchange.answer()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_the_library_keeps_nothing_of_the_answers_given(
    server: DiscordServer, member: DiscordPerson, answer: Message
) -> None:
    await (await member.click(answer, "▶")).answer()
    await (await member.slash("search", query="cat", private=True)).answer()
    await member.wait_for_answer(await member.mention("cat"))
    await (await member.slash("forgetme")).answer()
    # By its type: to ask whether it is an instance would wake lazy attributes of libraries.
    stores = [item for item in gc.get_objects() if type(item) is ViewStore]
    assert stores
    assert all(not store._views and not store._synced_message_views for store in stores)
    assert not [task for task in asyncio.all_tasks() if "timeout_task" in repr(task)]
