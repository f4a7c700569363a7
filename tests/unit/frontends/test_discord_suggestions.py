"""What /search offers while somebody types."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.sentences import SENTENCES
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Overwrite
from tests.unit.frontends.discord_memory import MemoryConversation, captions

pytestmark = pytest.mark.usefixtures("bot")
VIEW_CHANNEL = 1 << 10


async def offered(person: DiscordPerson, typed: str = "") -> list[str]:
    choices = await person.autocomplete("search", "query", typed)
    assert all(choice["name"] == choice["value"] for choice in choices)
    return [choice["name"] for choice in choices]


async def test_own_questions_are_offered_before_those_of_others(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation
) -> None:
    await (await admin.slash("search", query="red car")).answer()
    await (await member.slash("search", query="red cat")).answer()
    await (await member.slash("search", query="blue cat")).answer()
    assert await offered(member) == ["blue cat", "red cat", "red car"]
    assert await offered(member, "RED") == ["red cat", "red car"]
    assert await offered(member, "green") == []


async def test_nobody_is_offered_what_somebody_asked_privately(
    member: DiscordPerson, admin: DiscordPerson
) -> None:
    await (await member.slash("search", query="a present for Ada", private=True)).answer()
    assert await offered(member) == ["a present for Ada"]
    assert await offered(admin) == []


async def test_nobody_is_offered_what_was_asked_in_a_channel_not_open_to_all(
    server: DiscordServer, guild: Guild, member: DiscordPerson, admin: DiscordPerson
) -> None:
    closed = [Overwrite(guild.id, deny=VIEW_CHANNEL)]
    for role in (guild.admin_role, guild.bot_role):
        closed.append(Overwrite(role.id, allow=VIEW_CHANNEL))
    hidden = await server.new_channel(guild, "moderators", overwrites=closed)
    adults = await server.new_channel(guild, "adults", nsfw=True)
    thread = await server.new_thread(guild, guild.channels[guild.channel_id], "plan", private=True)
    thread.member_ids |= {admin.id, server.application_id}
    for place, question in ((hidden, "secret"), (adults, "naughty"), (thread, "plan")):
        await (await admin.in_channel(place).slash("search", query=question)).answer()
    await admin.wait_for_answer(await admin.in_channel(hidden).mention("secret too"))
    assert await offered(member) == []
    assert len(await offered(admin)) == 4
    public = await server.new_thread(guild, guild.channels[guild.channel_id], "talk")
    await (await admin.in_channel(public).slash("search", query="open")).answer()
    assert await offered(member) == ["open"]


async def test_other_servers_questions_are_not_offered(
    server: DiscordServer, member: DiscordPerson
) -> None:
    await (await member.slash("search", query="here")).answer()
    other = server.new_guild("Dogs")
    await server.join_guild(other)
    assert await offered(DiscordPerson(server, "Eve", other)) == []
    assert await offered(member.in_direct()) == []


async def test_no_more_is_offered_than_discord_takes(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    for number in range(30):
        memory.history.own.append((collection, f"discord:{member.id}", f"cat {number}"))
    memory.history.own.append((collection, f"discord:{member.id}", "x" * 100))
    memory.history.own.append((collection, f"discord:{member.id}", "y" * 101))
    choices = await offered(member)
    assert len(choices) == 25
    assert choices[0] == "x" * 100


async def test_without_the_cache_nothing_is_offered_and_all_else_works(
    member: DiscordPerson, memory: MemoryConversation
) -> None:
    await (await member.slash("search", query="cat")).answer()
    memory.history.is_down = True
    assert await offered(member) == []
    answer = await (await member.slash("search", query="cat")).answer()
    assert answer.content == SENTENCES["empty_collection"]


async def test_a_cache_that_does_not_answer_holds_up_nobody(
    member: DiscordPerson, memory: MemoryConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.frontends.discord_bot import commands

    async def for_ever(*_args: object) -> list[str]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(commands, "SUGGEST_WITHIN_S", 0.05)
    monkeypatch.setattr(memory, "suggest", for_ever)
    assert await offered(member) == []


async def test_a_page_is_quick_only_where_it_is_small(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat", bytes(2**20 + 1))
    exchange = await member.slash("search", query="cat")
    assert await exchange.acknowledged() == 5
    assert captions(await exchange.answer()) == ["cat"]
