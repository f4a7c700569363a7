"""Which channels' pictures may be shown, held against discord.py's own permissions."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord

from bot.frontends.discord_bot.visibility import (
    is_open_to_everybody,
    visible_to_all_in,
    visible_to_member,
)
from tests.unit.frontends.visibility.conftest import (
    A_MEMBER,
    ADMINISTRATOR,
    CONNECT,
    FORUM,
    GUILD,
    MEMBER,
    OTHER,
    OWNER,
    ROLE,
    TEXT,
    UNKNOWN_ROLE,
    VIEW,
    VOICE,
    Channel,
    Overwrite,
    World,
    ids,
)

ROLES = 4
ROLE_PERMISSIONS = st.sampled_from([0, 0, 0, VIEW, CONNECT, VIEW | CONNECT, ADMINISTRATOR])
BITS = st.sampled_from([0, VIEW, VIEW, CONNECT, VIEW | CONNECT])
SOMEONES = [*((GUILD, ROLE),) * 3, *((30 + n, ROLE) for n in range(ROLES)), (UNKNOWN_ROLE, ROLE)]
MEMBERS = [(MEMBER, A_MEMBER), (OTHER, A_MEMBER), (OWNER, A_MEMBER)]


@st.composite
def overwrites(draw: st.DrawFn) -> list[Overwrite]:
    targets = draw(st.lists(st.sampled_from([*SOMEONES, *MEMBERS]), max_size=4, unique=True))
    return [Overwrite(one, draw(BITS), draw(BITS), kind) for one, kind in targets]


CHANNELS = st.builds(
    Channel, overwrites(), st.sampled_from([TEXT, TEXT, VOICE, FORUM]), st.booleans()
)
WORLDS = st.builds(
    World,
    st.lists(CHANNELS, min_size=2, max_size=4),
    st.sampled_from([0, VIEW, VIEW, CONNECT, VIEW | CONNECT]),
    st.lists(ROLE_PERMISSIONS, min_size=ROLES, max_size=ROLES),
)


def everybody(world: World) -> Iterable[discord.Member]:
    """Whoever there could be: some members with every set of roles."""
    numbers = [*range(ROLES), UNKNOWN_ROLE - 30]
    for size in range(len(numbers) + 1):
        for roles in itertools.combinations(numbers, size):
            for member_id in (MEMBER, OTHER, OWNER, 23):
                yield world.member(*roles, id=member_id)


def sees(member: discord.Member, channel: discord.guild.GuildChannel) -> bool:
    """Tell by the library's own rules whether somebody can read a channel."""
    granted = channel.permissions_for(member)
    is_voice = isinstance(channel, discord.VoiceChannel)
    return granted.view_channel and (granted.connect or not is_voice)


@settings(max_examples=150, deadline=None)
@given(WORLDS, st.sets(st.integers(0, ROLES - 1)), st.sampled_from([MEMBER, OTHER, OWNER]))
def test_a_member_gets_what_they_see(world: World, roles: set[int], member_id: int) -> None:
    member = world.member(*roles, id=member_id)
    for place in world.guild.channels:
        assert visible_to_member(world.guild, member, place) == {
            str(source.id)
            for source in world.guild.channels
            if sees(member, source) and (place.is_nsfw() or not source.is_nsfw())
        }


@settings(max_examples=100, deadline=None)
@given(WORLDS)
def test_all_who_see_the_place_see_the_sources(world: World) -> None:
    people = list(everybody(world))
    seen = {
        channel.id: {n for n, person in enumerate(people) if sees(person, channel)}
        for channel in world.guild.channels
    }
    owner = world.member(id=OWNER)
    for place in world.guild.channels:
        visible = visible_to_all_in(world.guild, owner, place)
        for source in world.guild.channels:
            is_fit = place.is_nsfw() or not source.is_nsfw()
            if str(source.id) in visible:
                assert is_fit
                assert seen[place.id] <= seen[source.id]
            elif is_fit and not isinstance(place, discord.VoiceChannel):
                # Nothing is withheld without a reason: there could be somebody.
                assert not seen[place.id] <= seen[source.id]


@settings(max_examples=100, deadline=None)
@given(WORLDS, st.sets(st.integers(0, ROLES - 1)))
def test_nobody_shows_in_public_what_they_do_not_see(world: World, roles: set[int]) -> None:
    member = world.member(*roles)
    for place in world.guild.channels:
        public = visible_to_all_in(world.guild, member, place)
        assert public <= visible_to_member(world.guild, member, place)
        if sees(member, place):
            assert str(place.id) in public


@settings(max_examples=50, deadline=None)
@given(st.builds(replace, CHANNELS, is_restricted=st.just(False)))
def test_channels_with_the_same_overwrites_show_each_other(channel: Channel) -> None:
    world = World([channel, channel], roles=[VIEW, 0, CONNECT, ADMINISTRATOR])
    owner = world.member(id=OWNER)
    assert visible_to_all_in(world.guild, owner, world.place()) == ids(0, 1)


@settings(max_examples=100, deadline=None)
@given(WORLDS)
def test_everybody_can_read_what_is_open_to_everybody(world: World) -> None:
    people = list(everybody(world))
    for place in world.guild.channels:
        if is_open_to_everybody(world.guild, place):
            assert not place.is_nsfw()
            assert all(sees(person, place) for person in people)
