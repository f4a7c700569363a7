"""/search: what it answers, with its options and what it offers while somebody types."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.messages import Ask, Filters
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild
from tests.unit.frontends.discord_memory import MemoryConversation, captions, labels

pytestmark = pytest.mark.usefixtures("bot")


async def test_pictures_come_with_words_for_those_who_do_not_see_them(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "a red car", b"car")
    memory.add(collection, "a red_car_", b"other")
    exchange = await member.slash("search", query="red")
    answer = await exchange.answer()
    assert answer.content == "Pictures for “red” · 1 to 2 of 2 pictures"
    assert [(file.content, file.description) for file in answer.files] == [
        (b"car", "a red car"),
        (b"other", "a red_car_"),
    ]
    assert [file.filename for file in answer.files] == ["1.webp", "2.webp"]
    assert not answer.is_ephemeral
    assert answer.allowed_mentions == {"parse": []}
    assert labels(answer) == ["More like this …", "Not this …"]
    (incoming,) = memory.incoming
    assert incoming.collection == collection
    assert incoming.person.id == f"discord:{member.id}"
    assert (incoming.person.name, incoming.person.is_admin) == ("Max", False)


async def test_a_picture_without_caption_is_described_by_the_question(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "")
    answer = await (await member.slash("search", query="a red car")).answer()
    assert captions(answer) == ["a red car"]


async def test_the_last_page_says_how_many_there_are(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 12)
    first = await (await member.slash("search", query="cat")).answer()
    assert first.content == "Pictures for “cat” · 1 to 10 of 12 pictures"
    await (await member.click(first, "▶")).answer()
    assert first.content == "Pictures for “cat” · 11 to 12 of 12 pictures"


async def test_an_empty_collection_says_so(member: DiscordPerson) -> None:
    answer = await (await member.slash("search", query="cat")).answer()
    assert answer.content == SENTENCES["empty_collection"]
    assert not answer.parts


@pytest.mark.parametrize("locale", ["de", "ja", "zh-TW", "pt-BR", "ar"])
async def test_answers_are_in_the_persons_language(
    server: DiscordServer, guild: Guild, locale: str
) -> None:
    person = DiscordPerson(server, "Max", guild, locale=locale)
    answer = await (await person.slash("search", query="x")).answer()
    assert answer.content == texts_for(locale).say(SENTENCES["empty_collection"])
    assert answer.content != SENTENCES["empty_collection"]


async def test_a_question_of_white_space_is_asked_for_again(member: DiscordPerson) -> None:
    answer = await (await member.slash("search", query="  ")).answer()
    assert answer.content == SENTENCES["question_empty"]
    assert answer.is_ephemeral


async def test_a_question_as_long_as_allowed_and_one_more(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "_" * 1500)
    answer = await (await member.slash("search", query="_" * 1000)).answer()
    shown = r"\_" * 199
    assert answer.content == f"Pictures for “{shown}…” · 1 to 1 of 1 picture"
    assert len(answer.files[0].description or "") == 1024
    answer = await (await member.slash("search", query="_" * 1001)).answer()
    assert answer.content == texts_for("en").say(SENTENCES["question_too_long"], limit=1000)


async def test_nothing_in_a_question_is_taken_for_markup_or_calls_anybody(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    answer = await (await member.slash("search", query="**cat** @everyone")).answer()
    assert answer.content.startswith(r"Pictures for “\*\*cat\*\* @everyone”")
    assert answer.allowed_mentions == {"parse": []}


# Options


@pytest.mark.parametrize("count", [1, 10])
async def test_as_many_pictures_as_somebody_wants(
    member: DiscordPerson, memory: MemoryConversation, collection: str, count: int
) -> None:
    memory.fill(collection, 12)
    answer = await (await member.slash("search", query="cat", count=count)).answer()
    assert len(answer.files) == count
    await (await member.click(answer, "▶")).answer()
    assert captions(answer)[0] == f"cat {count}"
    assert len(answer.files) == min(count, 12 - count)


@pytest.mark.parametrize("count", [0, 11, -1])
async def test_no_more_and_no_less_than_discord_shows(member: DiscordPerson, count: int) -> None:
    with pytest.raises(NotShownError):
        await member.slash("search", query="cat", count=count)


async def test_a_private_answer_is_seen_by_nobody_else(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 11)
    answer = await (await member.slash("search", query="cat", private=True)).answer()
    assert answer.is_ephemeral
    assert answer.seen_by == member.id
    with pytest.raises(NotShownError):
        await admin.click(answer, "▶")
    await (await member.click(answer, "▶")).answer()
    assert answer.is_ephemeral
    assert captions(answer) == ["cat 10"]


async def test_a_private_answer_that_takes_a_while_stays_private(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    gate = memory.gates["cat"] = asyncio.Event()
    exchange = await member.slash("search", query="cat", private=True)
    await exchange.acknowledged()
    gate.set()
    answer = await exchange.answer()
    assert answer.is_ephemeral
    assert captions(answer) == ["cat"]


async def test_only_pictures_from_one_person_and_with_one_tag(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat one", uploader_id=f"discord:{admin.id}", tags=("pets",))
    memory.add(collection, "cat two", uploader_id=f"discord:{admin.id}")
    memory.add(collection, "cat three", tags=("pets",))
    by_ada = await (await member.slash("search", **{"query": "cat", "from": admin})).answer()
    assert captions(by_ada) == ["cat one", "cat two"]
    tagged = await (await member.slash("search", query="cat", tag="Pets")).answer()
    assert captions(tagged) == ["cat one", "cat three"]
    assert tagged.content == "Pictures for “cat” · 1 to 2 of 2 pictures"
    options = {"query": "cat", "tag": "pets", "from": admin}
    assert captions(await (await member.slash("search", **options)).answer()) == ["cat one"]
    assert memory.incoming[-1].request == Ask("cat", Filters("pets", f"discord:{admin.id}"))
    none = await (await member.slash("search", query="cat", tag="dogs")).answer()
    assert none.content == SENTENCES["nothing_found"]


async def test_the_next_page_keeps_the_tag(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    for number in range(30):
        memory.add(collection, f"cat {number}", tags=("odd",) if number % 2 else ())
    answer = await (await member.slash("search", query="cat", tag="odd")).answer()
    await (await member.click(answer, "▶")).answer()
    assert captions(answer) == [f"cat {number}" for number in range(21, 31, 2)]


async def test_servers_and_direct_conversations_are_apart(
    server: DiscordServer, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    alone = DiscordPerson(server, "Kim", None)
    other = server.new_guild("Dogs")
    await server.join_guild(other)
    for person in (DiscordPerson(server, "Eve", other), alone):
        answer = await (await person.slash("search", query="cat")).answer()
        assert answer.content == SENTENCES["empty_collection"]
    memory.add(f"discord:user:{alone.id}", "own cat")
    answer = await (await alone.slash("search", query="cat")).answer()
    assert captions(answer) == ["own cat"]
    assert memory.incoming[-1].person.is_admin
    assert "Show everyone" not in labels(answer)
