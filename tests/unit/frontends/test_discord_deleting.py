"""What the list “Delete …” below an answer does."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.sentences import SENTENCES
from tests.acceptance.discord_people import DiscordPerson, Exchange
from tests.acceptance.discord_running import running_bot
from tests.acceptance.discord_world import Message
from tests.unit.frontends.discord_memory import MemoryConversation, captions, labels

pytestmark = pytest.mark.usefixtures("bot")
LIKE, NOT, DELETE, SHARE = "More like this …", "Not this …", "Delete …", "Show everyone"


async def ask(person: DiscordPerson, **options: Any) -> Message:
    return await (await person.slash("search", query="cat", **options)).answer()


async def aside(exchange: Exchange, answer: Message) -> Message:
    said = await exchange.answer(lambda message: message is not answer)
    assert said.is_ephemeral
    return said


# More like this


async def test_people_delete_what_they_have_added(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "their cat")
    mine = memory.add(collection, "my cat", uploader_id=f"discord:{member.id}")
    memory.add(collection, "their other cat")
    answer = await ask(member)
    (delete,) = [part for part in answer.parts if part.get("placeholder") == DELETE]
    assert [option["label"] for option in delete["options"]] == ["№ 2  my cat"]
    exchange = await member.choose(answer, "№ 2", select=DELETE)
    said = await exchange.followup()
    assert (said.content, said.is_ephemeral) == ("“my cat” is deleted.", True)
    assert captions(answer) == ["their cat", "their other cat"]
    assert answer.content == "Pictures for “cat” · 1 to 2 of 2 pictures"
    assert DELETE not in labels(answer)
    assert mine not in memory.pictures.collections[collection]


async def test_admins_delete_any_picture_and_members_only_their_own(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 11)
    assert DELETE not in labels(await ask(member))
    answer = await ask(admin)
    said = await aside(await member.choose(answer, "№ 1", select=DELETE), answer)
    assert said.content == SENTENCES["not_allowed"]
    assert len(memory.pictures.collections[collection]) == 11
    await (await admin.choose(answer, "№ 1 ", select=DELETE)).followup()
    assert captions(answer)[0] == "cat 1"


async def test_an_answer_stays_its_owners_when_an_admin_deletes_from_it(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 11)
    memory.add(collection, "my cat", uploader_id=f"discord:{member.id}")
    answer = await ask(member)
    await (await member.click(answer, "▶")).answer()
    await (await admin.choose(answer, "№ 12", select=DELETE)).followup()
    assert captions(answer) == ["cat 10"]
    await (await member.click(answer, "◀")).answer()
    assert captions(answer)[0] == "cat 0"


async def test_the_last_picture_of_the_last_page_is_deleted(
    admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 11)
    answer = await ask(admin)
    await (await admin.click(answer, "▶")).answer()
    await (await admin.choose(answer, "№ 11", select=DELETE)).followup()
    assert captions(answer) == [f"cat {number}" for number in range(10)]
    assert answer.content == "Pictures for “cat” · 1 to 10 of 10 pictures"


async def test_the_only_picture_is_deleted(
    admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "")
    answer = await ask(admin)
    await (await admin.choose(answer, "№ 1", select=DELETE)).answer()
    assert answer.content.startswith("“№ ")
    assert answer.content.endswith("” is deleted.")
    assert not answer.files
    assert not answer.parts


async def test_what_is_deleted_already(
    admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    first, _ = memory.fill(collection, 2)
    answer = await ask(admin)
    await memory.pictures.delete(collection, first)
    said = await aside(await admin.choose(answer, "№ 1", select=DELETE), answer)
    assert said.content == SENTENCES["image_gone"]


async def test_the_others_stay_when_the_question_is_forgotten(
    admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 3)
    answer = await ask(admin)
    memory.cache.paging.clear()
    said = await aside(await admin.choose(answer, "№ 1", select=DELETE), answer)
    assert said.content == "“cat 0” is deleted."
    assert len(answer.files) == 3
    assert len(memory.pictures.collections[collection]) == 2


async def test_deleting_goes_on_working_after_a_restart(
    admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 2)
    answer = await ask(admin)
    async with running_bot(memory):
        await (await admin.choose(answer, "№ 2", select=DELETE)).followup()
    assert captions(answer) == ["cat 0"]
