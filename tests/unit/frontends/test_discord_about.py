"""/help, /about and /forgetme."""

from __future__ import annotations

import pytest

from bot.core.errors import UnavailableError
from bot.core.sentences import SENTENCES
from bot.core.texts import languages
from bot.frontends.discord_bot.sentences import SENTENCES as DISCORD
from tests.acceptance.discord_people import DiscordPerson, Exchange
from tests.acceptance.discord_running import running_bot
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Message
from tests.unit.frontends.discord_memory import MemoryConversation, labels

pytestmark = pytest.mark.usefixtures("bot")
QUESTIONS, PICTURES, CANCEL = "Delete my questions", "Delete my pictures too", "Cancel"


@pytest.fixture
def mine(memory: MemoryConversation, collection: str, member: DiscordPerson) -> list[int]:
    """Two pictures of the member's, here and in a server elsewhere; one of somebody else's."""
    me = f"discord:{member.id}"
    memory.add(collection, "theirs")
    places = (collection, "discord:guild:1")
    return [memory.add(place, "mine", uploader_id=me) for place in places]


async def forget(person: DiscordPerson) -> Message:
    return await (await person.slash("forgetme")).answer()


async def aside(exchange: Exchange, answer: Message) -> Message:
    said = await exchange.answer(lambda message: message is not answer)
    assert said.is_ephemeral
    return said


def kept(memory: MemoryConversation) -> list[int]:
    return [image_id for one in memory.pictures.collections.values() for image_id in one]


# Help and about


async def test_help_names_the_commands_to_click_on(
    server: DiscordServer, member: DiscordPerson
) -> None:
    answer = await (await member.slash("help")).answer()
    assert answer.is_ephemeral
    for command in server.commands:
        if command["name"] in {"search", "similar", "about", "forgetme"}:
            assert f"</{command['name']}:{command['id']}>" in answer.content
    assert "/library" in answer.content
    assert "**Find pictures" in answer.content


async def test_about_tells_of_model_languages_and_privacy(
    server: DiscordServer, guild: Guild, memory: MemoryConversation
) -> None:
    async with running_bot(memory, model="big-model_2"):
        answer = await (await DiscordPerson(server, "Max", guild).slash("about")).answer()
    assert answer.is_ephemeral
    assert "big-model_2" in answer.content
    assert f"in {len(languages())} of them" in answer.content
    assert "30 days" in answer.content
    assert "forgetme" in answer.content


@pytest.mark.parametrize("command", ["help", "about"])
async def test_both_are_there_in_direct_messages(server: DiscordServer, command: str) -> None:
    alone = DiscordPerson(server, "Kim", None)
    assert "**" in (await (await alone.slash(command)).answer()).content


# Being forgotten


async def test_somebody_s_questions_are_forgotten(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, mine: list[int]
) -> None:
    for person in (member, admin):
        await (await person.slash("search", query=f"asked by {person.name}")).answer()
    answer = await forget(member)
    assert answer.is_ephemeral
    assert labels(answer) == [QUESTIONS, PICTURES, CANCEL]
    assert "You have added 2 pictures" in answer.content
    await (await member.click(answer, QUESTIONS)).answer()
    assert answer.content == DISCORD["forgotten"]
    assert not answer.parts
    offered = await admin.autocomplete("search", "query", "")
    assert [choice["name"] for choice in offered] == ["asked by Ada"]
    assert set(mine) < set(kept(memory))
    uploaders = [
        one.uploader_id for all_ in memory.pictures.collections.values() for one in all_.values()
    ]
    assert f"discord:{member.id}" not in uploaders


async def test_somebody_s_pictures_are_deleted_only_after_a_question(
    member: DiscordPerson, memory: MemoryConversation, mine: list[int]
) -> None:
    answer = await forget(member)
    assert set(mine) < set(kept(memory))
    await (await member.click(answer, PICTURES)).answer()
    assert answer.content == DISCORD["forgotten"]
    assert len(kept(memory)) == 1


async def test_nothing_is_deleted_by_cancelling(
    member: DiscordPerson, memory: MemoryConversation, mine: list[int]
) -> None:
    await (await member.slash("search", query="cat")).answer()
    answer = await forget(member)
    await (await member.click(answer, CANCEL)).answer()
    assert answer.content == DISCORD["kept"]
    assert not answer.parts
    assert set(mine) < set(kept(memory))
    assert len(memory.history.own) == 1


async def test_who_has_added_nothing_is_not_asked_about_pictures(member: DiscordPerson) -> None:
    answer = await forget(member)
    assert labels(answer) == [QUESTIONS, CANCEL]
    assert answer.content == DISCORD["forget"]


async def test_being_forgotten_after_a_restart_and_in_direct_messages(
    server: DiscordServer, memory: MemoryConversation
) -> None:
    alone = DiscordPerson(server, "Kim", None)
    await (await alone.slash("search", query="cat")).answer()
    answer = await forget(alone)
    async with running_bot(memory):
        await (await alone.click(answer, QUESTIONS)).answer()
    assert answer.content == DISCORD["forgotten"]
    assert memory.history.own == []


async def test_without_the_cache_nothing_is_half_forgotten(
    member: DiscordPerson, memory: MemoryConversation, mine: list[int]
) -> None:
    await (await member.slash("search", query="cat")).answer()
    answer = await forget(member)
    memory.history.is_down = True
    said = await aside(await member.click(answer, PICTURES), answer)
    assert said.content == SENTENCES["unavailable"]
    assert set(mine) < set(kept(memory))
    memory.history.is_down = False
    await (await member.click(answer, PICTURES)).answer()
    assert answer.content == DISCORD["forgotten"]


async def test_without_the_database_it_says_so(
    member: DiscordPerson, memory: MemoryConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await forget(member)

    async def down(_person_id: str) -> list[tuple[str, int]]:
        raise UnavailableError(part="database")

    monkeypatch.setattr(memory.community_store, "uploads_of", down)
    assert (await forget(member)).content == SENTENCES["unavailable"]
    monkeypatch.setattr(memory.community_store, "forget_uploader", down)
    said = await aside(await member.click(answer, QUESTIONS), answer)
    assert said.content == SENTENCES["unavailable"]
    assert labels(answer) == [QUESTIONS, CANCEL]
