"""What people on Discord get, said by the real discord.py to a fake Discord."""

from __future__ import annotations

import pytest

from bot.core.messages import Ask, FindSimilar, MoreLikeThis
from bot.core.sentences import REFUSALS, SENTENCES
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_running import running_bot
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Message
from tests.unit.frontends.discord_memory import MemoryConversation

pytestmark = pytest.mark.usefixtures("bot")
PICTURE = UploadedFile("cat.png", b"\x89PNG cat")


async def test_search_answers_with_pictures_that_are_described(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "a red car", b"car")
    memory.add(collection, "a red_car_", b"other")
    exchange = await member.slash("search", query="red")
    answer = await exchange.answer()
    assert answer.content == "Pictures for “red”"
    assert [(file.content, file.description) for file in answer.files] == [
        (b"car", "a red car"),
        (b"other", "a red_car_"),
    ]
    assert [file.filename for file in answer.files] == ["1.webp", "2.webp"]
    assert not answer.is_ephemeral
    assert answer.allowed_mentions == {"parse": []}
    assert exchange.interaction.acknowledged_after_s is not None
    (incoming,) = memory.incoming
    assert incoming.collection == collection
    assert incoming.person.id == f"discord:{member.id}"
    assert (incoming.person.name, incoming.person.is_admin) == ("Max", False)


@pytest.mark.parametrize("locale", ["de", "ja", "zh-TW", "pt-BR"])
async def test_answers_in_the_persons_language(
    server: DiscordServer, guild: Guild, locale: str
) -> None:
    from bot.core.texts import texts_for

    person = DiscordPerson(server, "Max", guild, locale=locale)
    answer = await (await person.slash("search", query="x")).answer()
    assert answer.content == texts_for(locale).say(SENTENCES["nothing_found"])
    assert answer.content != SENTENCES["nothing_found"]


async def test_the_next_page_works_after_a_restart(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    for number in range(12):
        memory.add(collection, f"cat {number}")
    first = await (await member.slash("search", query="cat")).answer()
    assert len(first.files) == 10
    async with running_bot(memory):
        second = await (await member.click(first, "More")).answer()
    assert [file.description for file in second.files] == ["cat 10", "cat 11"]
    assert [file.filename for file in second.files] == ["11.webp", "12.webp"]
    with pytest.raises(NotShownError):
        await member.click(second, "More")


async def test_more_like_one_of_the_pictures(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "red cat")
    blue = memory.add(collection, "blue cat " + "very " * 40)
    first = await (await member.slash("search", query="cat")).answer()
    answer = await (await member.choose(first, "№ 2")).answer()
    assert memory.incoming[-1].request == MoreLikeThis(blue)
    assert len(answer.files) == 2


async def test_find_similar_in_the_menu_of_a_message(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    message = await member.post("look", UploadedFile("notes.txt", b"text"), PICTURE)
    answer = await (await member.context_menu("Find similar", message)).answer()
    assert memory.incoming[-1].request == FindSimilar(PICTURE.content)
    assert len(answer.files) == 1
    message = await member.post("no picture here")
    answer = await (await member.context_menu("Find similar", message)).answer()
    assert answer.content == REFUSALS["not_a_picture"]


async def test_admins_add_pictures(
    admin: DiscordPerson, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    exchange = await admin.slash("add", image=PICTURE, caption="my cat")
    answer = await exchange.answer(lambda message: message.content == "added")
    assert answer.is_ephemeral
    assert "adding" in answer.edits
    assert list(memory.pictures[collection].values()) == [("my cat", PICTURE.content)]
    found = await (await member.slash("search", query="cat")).answer()
    assert [file.content for file in found.files] == [PICTURE.content]


async def test_members_cannot_add_pictures(
    member: DiscordPerson, memory: MemoryConversation
) -> None:
    with pytest.raises(NotShownError):
        await member.slash("add", image=PICTURE)
    answer = await (await member.slash("add", even_if_hidden=True, image=PICTURE)).answer()
    assert answer.content == SENTENCES["not_allowed"]
    assert memory.incoming == []


async def test_a_picture_that_is_too_large_is_not_fetched(
    admin: DiscordPerson, member: DiscordPerson
) -> None:
    large = UploadedFile("big.png", bytes(30 * 2**20 + 1))
    answer = await (await admin.slash("add", image=large)).answer()
    assert answer.content == REFUSALS["too_large"]


async def test_servers_and_direct_conversations_are_apart(
    server: DiscordServer, memory: MemoryConversation, admin: DiscordPerson
) -> None:
    other_guild = server.new_guild("Dogs")
    stranger = DiscordPerson(server, "Eve", other_guild)
    alone = DiscordPerson(server, "Kim", None)
    exchange = await admin.slash("add", image=PICTURE, caption="cat")
    await exchange.answer(lambda message: message.content == "added")
    for person in (stranger, alone):
        answer = await (await person.slash("search", query="cat")).answer()
        assert answer.content == SENTENCES["nothing_found"]
    exchange = await alone.slash("add", image=PICTURE, caption="own cat")
    await exchange.answer(lambda message: message.content == "added")
    assert f"discord:user:{alone.id}" in memory.pictures
    assert memory.incoming[-1].person.is_admin


async def test_mentions_are_answered_below(
    server: DiscordServer,
    admin: DiscordPerson,
    member: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
) -> None:
    memory.add(collection, "ein rotes Auto")
    await member.post("ein rotes Auto")
    asked = await member.mention("ein rotes Auto")
    answer = await member.wait_for_answer(asked)
    assert answer.reply_to == asked.id
    assert [file.description for file in answer.files] == ["ein rotes Auto"]
    assert answer.content == "Bilder zu „ein rotes Auto“"
    await admin.wait_for_answer(await admin.mention("", PICTURE))
    requests = [(item.request, item.person.is_admin) for item in memory.incoming]
    assert requests == [(Ask("ein rotes Auto"), False), (FindSimilar(PICTURE.content), True)]


async def test_mentions_in_a_server_discord_tells_nothing_about(
    server: DiscordServer, memory: MemoryConversation
) -> None:
    dark = server.new_guild("Dark", is_unavailable=True)
    memory.add(f"discord:guild:{dark.id}", "cat")
    async with running_bot(memory):
        admin = DiscordPerson(server, "Ada", dark, is_admin=True)
        answer = await admin.wait_for_answer(await admin.mention("cat"))
    assert answer.content == "Pictures for “cat”"
    assert not memory.incoming[-1].person.is_admin


async def test_a_picture_that_is_deleted_meanwhile(
    server: DiscordServer, member: DiscordPerson
) -> None:
    message = await member.post("look", PICTURE)
    del server.messages[message.id]
    answer = await (await member.context_menu("Find similar", message)).answer()
    assert answer.content == REFUSALS["missing"]


async def test_direct_messages_are_questions(
    server: DiscordServer, memory: MemoryConversation
) -> None:
    alone = DiscordPerson(server, "Kim", None)
    memory.add(f"discord:user:{alone.id}", "cat")
    answer = await alone.wait_for_answer(await alone.post("cat"))
    assert len(answer.files) == 1
    assert memory.incoming[-1].person.is_admin


async def test_a_component_of_another_version_gets_a_kind_word(
    server: DiscordServer, member: DiscordPerson
) -> None:
    for custom_id in ("from-the-future", "x:1", "m:not valid"):
        button = {"type": 2, "style": 2, "label": "Old", "custom_id": custom_id}
        row = {"type": 1, "components": [button]}
        old = Message(1, server.bot, "old answer", components=[row])
        answer = await (await member.click(old, "Old")).answer()
        assert answer.content == SENTENCES["page_expired"]
        assert answer.is_ephemeral


async def test_texts_are_kept_within_the_limits(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    question = "_" * 1500
    memory.add(collection, question)
    answer = await (await member.slash("search", query=question)).answer()
    assert len(answer.content) == 2000
    assert len(answer.files[0].description or "") == 1024
