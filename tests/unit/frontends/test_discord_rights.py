"""Who gets which pictures where: nobody sees any from a channel that they cannot see."""

from __future__ import annotations

import pytest

from bot.core.policy import Policy
from bot.core.sentences import SENTENCES
from bot.frontends.discord_bot.sentences import SENTENCES as DISCORD
from tests.acceptance.discord_limits import ADMINISTRATOR
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import VIEW_CHANNEL
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Channel, Guild, Message, Overwrite, Role
from tests.unit.frontends.discord_memory import MemoryConversation, captions

BOTH = ["open cat", "secret cat"]


@pytest.fixture
def role(guild: Guild) -> Role:
    return guild.add_role("moderators")


def closed(guild: Guild, *roles: Role) -> list[Overwrite]:
    allowed = [Overwrite(one.id, allow=VIEW_CHANNEL) for one in (*roles, guild.bot_role)]
    return [Overwrite(guild.id, deny=VIEW_CHANNEL), *allowed]


@pytest.fixture
def hidden(guild: Guild, role: Role) -> Channel:
    return guild.add_channel("hidden", overwrites=closed(guild, role))


@pytest.fixture
def adults(guild: Guild) -> Channel:
    return guild.add_channel("adults", nsfw=True)


@pytest.fixture
def moderator(server: DiscordServer, guild: Guild, role: Role) -> DiscordPerson:
    return DiscordPerson(server, "Mo", guild, roles=[role])


@pytest.fixture
def pictures(
    memory: MemoryConversation, collection: str, guild: Guild, hidden: Channel, adults: Channel
) -> None:
    memory.add(collection, "open cat", b"o", str(guild.channel_id))
    memory.add(collection, "secret cat", b"s", str(hidden.id))


pytestmark = pytest.mark.usefixtures("pictures", "bot")  # in this order


async def ask(person: DiscordPerson, *, private: bool = False) -> Message:
    return await (await person.slash("search", query="cat", private=private)).answer()


async def found(person: DiscordPerson, *, private: bool = False) -> list[str | None]:
    return captions(await ask(person, private=private))


async def press(person: DiscordPerson, custom_id: str, value: str = "") -> Message:
    """Use a component that the bot has never made, with a message of its own."""
    part: dict[str, object] = {"custom_id": custom_id, "type": 2, "style": 2, "label": "x"}
    if value:
        option = {"label": "x", "value": value}
        part = {"custom_id": custom_id, "type": 3, "options": [option]}
    row = {"type": 1, "components": [part]}
    message = Message(person.channel_id, person.server.bot, "?", components=[row])
    exchange = await (person.choose(message, "x") if value else person.click(message, "x"))
    return await exchange.answer()


async def test_the_same_question_from_members_of_different_roles(
    member: DiscordPerson, moderator: DiscordPerson, memory: MemoryConversation
) -> None:
    for _ in range(2):  # the second time from the cache
        assert await found(member, private=True) == ["open cat"]
        assert await found(moderator, private=True) == BOTH
    assert memory.encoder.calls == 1
    memory.cache.forgetful = True
    memory.pictures.version += 1
    assert await found(moderator, private=True) == BOTH
    assert await found(member, private=True) == ["open cat"]


async def test_a_public_answer_shows_what_all_there_may_see(
    member: DiscordPerson, moderator: DiscordPerson, hidden: Channel
) -> None:
    assert await found(moderator) == ["open cat"]
    assert await found(moderator.in_channel(hidden)) == BOTH
    answer = await moderator.wait_for_answer(await moderator.mention("cat"))
    assert captions(answer) == ["open cat"]
    here = moderator.in_channel(hidden)
    answer = await here.wait_for_answer(await here.mention("cat"))
    assert captions(answer) == BOTH


async def test_the_owner_and_administrators_see_everything_privately(
    server: DiscordServer, guild: Guild
) -> None:
    powerful = await server.new_role(guild, "powerful", ADMINISTRATOR)
    person = DiscordPerson(server, "Pow", guild, roles=[powerful])
    assert await found(person, private=True) == BOTH
    assert await found(person) == ["open cat"]


async def test_age_restricted_pictures_appear_only_in_age_restricted_channels(
    member: DiscordPerson, memory: MemoryConversation, collection: str, adults: Channel
) -> None:
    memory.add(collection, "naughty cat", b"n", str(adults.id))
    for private in (False, True):
        assert await found(member, private=private) == ["open cat"]
        there = member.in_channel(adults)
        assert await found(there, private=private) == ["open cat", "naughty cat"]


async def test_threads_show_what_their_channel_shows(
    server: DiscordServer, guild: Guild, moderator: DiscordPerson, hidden: Channel
) -> None:
    public = await server.new_thread(guild, hidden, "talk")
    assert await found(moderator.in_channel(public)) == BOTH
    open_thread = await server.new_thread(guild, guild.channels[guild.channel_id], "talk")
    assert await found(moderator.in_channel(open_thread)) == ["open cat"]


async def test_a_private_thread_keeps_its_pictures(
    server: DiscordServer,
    guild: Guild,
    member: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
) -> None:
    channel = guild.channels[guild.channel_id]
    thread = await server.new_thread(guild, channel, "plan", private=True)
    thread.member_ids |= {member.id, server.application_id}
    memory.add(collection, "planned cat", b"p", str(thread.id))
    assert await found(member.in_channel(thread)) == ["open cat", "planned cat"]
    assert await found(member) == ["open cat"]
    assert await found(member, private=True) == ["open cat"]


# Changes


async def test_a_change_of_a_channel_takes_effect_at_once(
    server: DiscordServer, guild: Guild, member: DiscordPerson, hidden: Channel
) -> None:
    assert await found(member) == ["open cat"]
    await server.change_channel(guild, hidden, overwrites=[])
    assert await found(member) == BOTH
    await server.change_channel(guild, hidden, nsfw=True)
    assert await found(member) == ["open cat"]
    await server.change_channel(guild, hidden, nsfw=False)
    assert await found(member) == BOTH
    await server.change_channel(guild, hidden, overwrites=closed(guild))
    assert await found(member) == ["open cat"]


async def test_a_role_that_is_given_taken_or_deleted_takes_effect_at_once(
    server: DiscordServer, guild: Guild, member: DiscordPerson, role: Role
) -> None:
    assert await found(member, private=True) == ["open cat"]
    await server.give_roles(guild, member.id, [role])
    assert await found(member, private=True) == BOTH
    await server.give_roles(guild, member.id, [])
    assert await found(member, private=True) == ["open cat"]
    await server.give_roles(guild, member.id, [role])
    await server.remove_role(guild, role)
    assert await found(member, private=True) == ["open cat"]


async def test_what_a_role_may_do_takes_effect_at_once(
    server: DiscordServer, guild: Guild, moderator: DiscordPerson, hidden: Channel
) -> None:
    await server.change_channel(guild, hidden, overwrites=closed(guild))
    assert await found(moderator, private=True) == ["open cat"]
    powerful = await server.new_role(guild, "powerful", 0)
    await server.give_roles(guild, moderator.id, [powerful])
    assert await found(moderator, private=True) == ["open cat"]
    await server.change_role(guild, powerful, permissions=ADMINISTRATOR)
    assert await found(moderator, private=True) == BOTH


async def test_pictures_of_a_channel_that_is_deleted_are_not_shown(
    server: DiscordServer, guild: Guild, moderator: DiscordPerson, hidden: Channel
) -> None:
    assert await found(moderator, private=True) == BOTH
    await server.remove_channel(guild, hidden)
    assert await found(moderator, private=True) == ["open cat"]


async def test_during_an_outage_only_the_place_itself_is_left(
    server: DiscordServer, guild: Guild, moderator: DiscordPerson
) -> None:
    assert await found(moderator, private=True) == BOTH
    await server.take_down(guild)
    assert await found(moderator, private=True) == ["open cat"]
    await server.bring_back(guild)
    assert await found(moderator, private=True) == BOTH


# Buttons


async def test_a_page_is_judged_anew_by_what_may_be_seen_now(  # noqa: PLR0917
    server: DiscordServer,
    guild: Guild,
    moderator: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
    hidden: Channel,
) -> None:
    for number in range(20):
        memory.add(collection, f"secret {number}", b"s", str(hidden.id))
    answer = await ask(moderator, private=True)
    assert len(answer.files) == 10
    await server.give_roles(guild, moderator.id, [])
    await (await moderator.click(answer, "▶")).answer()
    assert captions(answer) == ["open cat"]


async def test_more_like_this_is_judged_by_who_presses(
    member: DiscordPerson, moderator: DiscordPerson, hidden: Channel
) -> None:
    there = moderator.in_channel(hidden)
    answer = await ask(there)
    like = await (await there.choose(answer, "№ 1", select="More like this …")).answer()
    assert captions(like) == ["secret cat"]
    public = await ask(member)
    like = await (await moderator.choose(public, "№ 1", select="More like this …")).answer()
    assert like.content == SENTENCES["nothing_found"]


async def test_a_reply_is_judged_by_where_it_is_written(
    server: DiscordServer, guild: Guild, moderator: DiscordPerson, hidden: Channel
) -> None:
    there = moderator.in_channel(hidden)
    answer = await there.wait_for_answer(await there.mention("cat"))
    assert captions(answer) == BOTH
    await server.give_roles(guild, moderator.id, [])
    again = await moderator.wait_for_answer(await moderator.mention("cat"))
    refined = await moderator.wait_for_answer(await moderator.reply(again, "at night"))
    assert captions(refined) == ["open cat"]


async def test_components_made_by_hand_give_away_nothing(
    member: DiscordPerson,
    admin: DiscordPerson,
    moderator: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
) -> None:
    kept = memory.pictures.collections[collection]
    secret = next(number for number, one in kept.items() if one.caption == "secret cat")
    for person in (member, admin):
        answer = await press(person, "like", f"l:{secret}")
        assert answer.content == SENTENCES["image_gone"]
        answer = await press(person, "delete", f"d:{secret}")
        assert answer.content == SENTENCES["image_gone"]
    assert secret in kept
    await ask(moderator, private=True)
    (token,) = memory.cache.paging
    answer = await press(member, f"m:{token}:0@{member.id}")
    assert captions(answer) == ["open cat"]
    answer = await press(member, f"share-m:{token}:0@{member.id}")
    assert captions(answer) == ["open cat"]
    for custom_id in (f"m:{token}:0@{moderator.id}", f"share-m:{token}:0@{moderator.id}"):
        assert (await press(member, custom_id)).content == DISCORD["not_yours"]


# Servers


async def test_servers_never_mix(
    server: DiscordServer,
    guild: Guild,
    memory: MemoryConversation,
    collection: str,
    member: DiscordPerson,
) -> None:
    other = server.new_guild("Dogs")
    await server.join_guild(other)
    theirs = memory.add(f"discord:guild:{other.id}", "their cat")
    stranger = DiscordPerson(server, "Eve", other)
    assert await found(stranger) == ["their cat"]
    assert await found(member) == ["open cat"]
    assert (await press(member, "like", f"l:{theirs}")).content == SENTENCES["image_gone"]
    assert (await press(member, "delete", f"d:{theirs}")).content == SENTENCES["image_gone"]
    # The same question has the same token; what it finds is the place's business.
    (token,) = set(memory.cache.paging)
    assert captions(await press(stranger, f"m:{token}:0@{stranger.id}")) == ["their cat"]
    assert (await ask(member.in_direct())).content == SENTENCES["empty_collection"]
    alone = memory.add(f"discord:user:{member.id}", "my own cat")
    assert await found(member.in_direct()) == ["my own cat"]
    assert (await press(stranger, "like", f"l:{alone}")).content == SENTENCES["image_gone"]


async def test_only_those_search_who_may(  # noqa: PLR0917
    guild: Guild,
    member: DiscordPerson,
    moderator: DiscordPerson,
    admin: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
    role: Role,
) -> None:
    answer = await ask(member)
    memory.pictures.policies[collection] = Policy(search_groups=frozenset({str(role.id)}))
    refused = await ask(member)
    assert (refused.content, refused.is_ephemeral) == (SENTENCES["search_not_allowed"], True)
    more = await (await member.choose(answer, "№ 1", select="More like this …")).answer()
    assert (more.content, more.is_ephemeral) == (SENTENCES["search_not_allowed"], True)
    assert await found(moderator) == ["open cat"]
    assert await found(admin) == ["open cat"]


async def test_links_lead_to_where_a_picture_was_posted(
    member: DiscordPerson,
    guild: Guild,
    memory: MemoryConversation,
    collection: str,
    hidden: Channel,
) -> None:
    both = memory.add(collection, "cat in two places", b"b", str(guild.channel_id), str(hidden.id))
    answer = await ask(member)
    link = "[{rank}](<https://discord.com/channels/{guild}/{channel}/{message}0>)"
    shown = [
        link.format(rank=n, guild=guild.id, channel=guild.channel_id, message=image_id)
        for n, image_id in enumerate((both - 2, both), 1)
    ]
    assert answer.content.splitlines()[1] == f"Posted here: {' · '.join(shown)}"
