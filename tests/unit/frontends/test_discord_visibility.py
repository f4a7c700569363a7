"""Which channels' pictures may be shown, held against discord.py's own permissions."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord

from bot.frontends.discord_bot.visibility import (
    Visibility,
    is_open_to_everybody,
    source_channel_of,
    visible_to_all_in,
    visible_to_member,
)

GUILD, OWNER, MEMBER, OTHER = 10, 20, 21, 22
UNKNOWN_ROLE = 39
CHANNEL = 50
VIEW = discord.Permissions(view_channel=True).value
CONNECT = discord.Permissions(connect=True).value
ADMINISTRATOR = discord.Permissions(administrator=True).value
TEXT, VOICE, CATEGORY, NEWS, STAGE, FORUM = 0, 2, 4, 5, 13, 15
NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
ROLE, A_MEMBER = 0, 1


@dataclass(frozen=True)
class Overwrite:
    """What a role or a member is allowed and denied in a channel."""

    id: int
    allow: int = 0
    deny: int = 0
    type: int = ROLE


@dataclass(frozen=True)
class Channel:
    """A channel to be."""

    overwrites: Sequence[Overwrite] = ()
    type: int = TEXT
    is_restricted: bool = False


@dataclass
class World:
    """A server to be; roles are numbered from 30, channels from 50."""

    channels: Sequence[Channel]
    everyone: int = VIEW | CONNECT
    roles: Sequence[int] = ()
    bots: Sequence[int] = ()
    """Roles that belong to bots; the bots are numbered from 90."""
    threads: Sequence[dict[str, Any]] = ()
    guild: discord.Guild = field(init=False)

    def __post_init__(self) -> None:
        client = discord.Client(intents=discord.Intents(guilds=True))
        permissions = {GUILD: self.everyone} | dict(enumerate(self.roles, 30))
        payload: Any = {
            "id": str(GUILD),
            "name": "Cats",
            "owner_id": str(OWNER),
            "roles": [
                _role(*pair, bot=pair[0] + 60 if pair[0] - 30 in self.bots else None)
                for pair in permissions.items()
            ],
            "channels": [
                _channel(number, channel) for number, channel in enumerate(self.channels, CHANNEL)
            ],
            "threads": list(self.threads),
            "unavailable": False,
        }
        self.guild = discord.Guild(data=payload, state=client._connection)

    def place(self, number: int = 0) -> discord.abc.Snowflake:
        """Return a channel."""
        channel = self.guild.get_channel(CHANNEL + number)
        assert channel is not None
        return channel

    def member(self, *roles: int, id: int = MEMBER, **more: Any) -> discord.Member:  # noqa: A002
        """Make somebody with roles."""
        payload: Any = {
            "user": {"id": str(id), "username": "max", "discriminator": "0", "avatar": None},
            "roles": [str(30 + role) for role in roles],
            "joined_at": "2026-01-02T03:04:05+00:00",
            "flags": 0,
            **more,
        }
        return discord.Member(data=payload, guild=self.guild, state=self.guild._state)


def _role(role_id: int, permissions: int, *, bot: int | None) -> dict[str, Any]:
    zeros = dict.fromkeys(("color", "position", "flags"), 0)
    falses = dict.fromkeys(("hoist", "managed", "mentionable"), False)
    colours = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
    named = {"id": str(role_id), "name": str(role_id), "permissions": str(permissions)}
    tags = {} if bot is None else {"tags": {"bot_id": str(bot)}}
    return {**named, **zeros, **falses, **tags, "colors": colours}


def _channel(channel_id: int, channel: Channel) -> dict[str, Any]:
    return {
        "id": str(channel_id),
        "type": channel.type,
        "name": "general",
        "position": 0,
        "nsfw": channel.is_restricted,
        "bitrate": 64000,
        "user_limit": 0,
        "available_tags": [],
        "permission_overwrites": [
            {"id": str(one.id), "type": one.type, "allow": str(one.allow), "deny": str(one.deny)}
            for one in channel.overwrites
        ],
    }


def thread(thread_id: int, parent: int, kind: int = PUBLIC_THREAD) -> dict[str, Any]:
    """Write a thread as Discord does."""
    metadata = {"archived": False, "locked": False, "auto_archive_duration": 60}
    return {
        "id": str(thread_id),
        "type": kind,
        "parent_id": str(CHANNEL + parent),
        "guild_id": str(GUILD),
        "owner_id": str(MEMBER),
        "name": "talk",
        "message_count": 0,
        "member_count": 1,
        "thread_metadata": {**metadata, "archive_timestamp": "2026-01-02T03:04:05+00:00"},
    }


def ids(*numbers: int) -> frozenset[str]:
    return frozenset(str(CHANNEL + number) for number in numbers)


HIDDEN = Overwrite(GUILD, deny=VIEW)
OPEN = Channel()


class Ask(Protocol):
    def __call__(
        self, guild: discord.Guild, member: discord.Member, place: discord.abc.Snowflake
    ) -> frozenset[str]: ...


both = pytest.mark.parametrize("ask", [visible_to_member, visible_to_all_in])


# --- Sources --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "source"), [(PUBLIC_THREAD, 50), (NEWS_THREAD, 50), (PRIVATE_THREAD, 70)]
)
def test_pictures_in_threads_belong_to_the_parent_unless_the_thread_is_private(
    kind: int, source: int
) -> None:
    world = World([OPEN], threads=[thread(70, 0, kind)])
    place = world.guild.get_thread(70)
    assert place is not None
    assert source_channel_of(place) == str(source)
    assert source_channel_of(world.place()) == "50"


# --- Everyday servers -----------------------------------------------------------------------


def test_a_hidden_channel_is_shown_to_those_who_see_it_and_only_to_them() -> None:
    staff_only = Channel([HIDDEN, Overwrite(30, allow=VIEW)])
    world = World([OPEN, staff_only, staff_only], roles=[0])
    outsider, insider = world.member(), world.member(0)
    assert visible_to_member(world.guild, outsider, world.place()) == ids(0)
    assert visible_to_member(world.guild, insider, world.place()) == ids(0, 1, 2)
    assert visible_to_all_in(world.guild, insider, world.place()) == ids(0)
    assert visible_to_all_in(world.guild, insider, world.place(1)) == ids(0, 1, 2)


def test_who_is_shut_out_of_the_source_may_be_in_the_place() -> None:
    no_muted = Channel([Overwrite(30, deny=VIEW)])
    nobody_muted = Channel([Overwrite(30, deny=VIEW), Overwrite(31, deny=VIEW)])
    world = World([OPEN, no_muted, nobody_muted], roles=[0, 0])
    member = world.member()
    assert visible_to_all_in(world.guild, member, world.place(0)) == ids(0)
    assert visible_to_all_in(world.guild, member, world.place(1)) == ids(0, 1)
    assert visible_to_all_in(world.guild, member, world.place(2)) == ids(0, 1, 2)


def test_a_server_that_is_closed_to_newcomers() -> None:
    lobby = Channel([Overwrite(GUILD, allow=VIEW)])
    for_some = Channel([Overwrite(31, deny=VIEW)])
    world = World([lobby, OPEN, for_some], everyone=0, roles=[VIEW, 0])
    member = world.member(0)
    assert visible_to_all_in(world.guild, member, world.place(0)) == ids(0)
    assert visible_to_all_in(world.guild, member, world.place(1)) == ids(0, 1)
    assert visible_to_all_in(world.guild, member, world.place(2)) == ids(0, 1, 2)
    assert visible_to_member(world.guild, world.member(), world.place()) == ids(0)


def test_a_channel_for_single_members() -> None:
    ticket = Channel([HIDDEN, Overwrite(MEMBER, allow=VIEW, type=A_MEMBER)])
    banned = Channel([Overwrite(MEMBER, deny=VIEW, type=A_MEMBER)])
    world = World([OPEN, ticket, banned])
    assert visible_to_member(world.guild, world.member(), world.place()) == ids(0, 1)
    assert visible_to_all_in(world.guild, world.member(), world.place()) == ids(0)
    assert visible_to_all_in(world.guild, world.member(), world.place(1)) == ids(0, 1)
    other = world.member(id=OTHER)
    assert visible_to_all_in(world.guild, other, world.place(2)) == ids(0, 2)


def test_bots_need_not_be_protected() -> None:
    bot = Overwrite(91, allow=VIEW, type=A_MEMBER)
    staff_and_bot = Channel([HIDDEN, *(Overwrite(30 + n, allow=VIEW) for n in range(2)), bot])
    staff_only = Channel([HIDDEN, Overwrite(30, allow=VIEW)])
    world = World([staff_and_bot, staff_only], roles=[0, 0], bots=[1])
    assert visible_to_all_in(world.guild, world.member(0), world.place()) == ids(0, 1)
    world = World([staff_and_bot, staff_only], roles=[0, 0])
    assert visible_to_all_in(world.guild, world.member(0), world.place()) == ids(0)


def test_owner_and_administrators_see_all_but_show_only_what_the_others_see() -> None:
    world = World([OPEN, Channel([HIDDEN])], roles=[ADMINISTRATOR])
    for powerful in (world.member(0), world.member(id=OWNER)):
        assert visible_to_member(world.guild, powerful, world.place()) == ids(0, 1)
        assert visible_to_all_in(world.guild, powerful, world.place()) == ids(0)
        assert visible_to_all_in(world.guild, powerful, world.place(1)) == ids(0, 1)


def test_no_overwrite_stops_an_administrator() -> None:
    world = World([OPEN, Channel([Overwrite(30, deny=VIEW)])], roles=[ADMINISTRATOR])
    assert visible_to_all_in(world.guild, world.member(), world.place()) == ids(0, 1)


def test_a_server_of_administrators() -> None:
    world = World([OPEN, Channel([HIDDEN])], everyone=ADMINISTRATOR)
    assert visible_to_all_in(world.guild, world.member(), world.place()) == ids(0, 1)


def test_the_text_of_a_voice_channel_is_for_those_who_may_join() -> None:
    locked = Channel([Overwrite(GUILD, deny=CONNECT), Overwrite(30, allow=CONNECT)], VOICE)
    world = World([OPEN, Channel(type=VOICE), locked, Channel(type=STAGE)], roles=[0])
    assert visible_to_member(world.guild, world.member(), world.place()) == ids(0, 1, 3)
    assert visible_to_member(world.guild, world.member(0), world.place()) == ids(0, 1, 2, 3)
    assert visible_to_all_in(world.guild, world.member(0), world.place(0)) == ids(0, 1, 3)
    assert visible_to_all_in(world.guild, world.member(0), world.place(2)) >= ids(0, 2)


@pytest.mark.parametrize("kind", [VOICE, CATEGORY, NEWS, STAGE, FORUM])
def test_channels_of_every_kind(kind: int) -> None:
    shown, hidden = Channel(type=kind), Channel([HIDDEN], kind)
    world = World([shown, hidden, OPEN])
    assert visible_to_all_in(world.guild, world.member(), world.place(0)) == ids(0, 2)
    assert visible_to_all_in(world.guild, world.member(), world.place(2)) == ids(0, 2)


@both
def test_age_restricted_pictures_stay_where_they_may_be_seen(ask: Ask) -> None:
    world = World([OPEN, Channel(is_restricted=True)], threads=[thread(70, 1), thread(71, 0)])
    assert ask(world.guild, world.member(), world.place(0)) == ids(0)
    assert ask(world.guild, world.member(), world.place(1)) == ids(0, 1)
    inside, outside = world.guild.get_thread(70), world.guild.get_thread(71)
    assert inside is not None
    assert outside is not None
    assert ask(world.guild, world.member(), inside) == ids(0, 1)
    assert ask(world.guild, world.member(), outside) == ids(0)


@both
def test_a_private_thread_is_a_source_for_itself_only(ask: Ask) -> None:
    private = thread(70, 1, PRIVATE_THREAD)
    world = World(
        [OPEN, Channel([HIDDEN, Overwrite(30, allow=VIEW)])], roles=[0], threads=[private]
    )
    place = world.guild.get_thread(70)
    assert place is not None
    assert ask(world.guild, world.member(0), place) == ids(0, 1) | {"70"}
    assert "70" not in ask(world.guild, world.member(0), world.place(1))


# --- What is not certain --------------------------------------------------------------------


@both
def test_without_certainty_there_is_only_the_place(ask: Ask) -> None:
    dark = World([OPEN, OPEN])
    dark.guild._roles.clear()
    assert ask(dark.guild, dark.member(), dark.place(1)) == ids(1)
    world = World([OPEN, OPEN], threads=[thread(70, 9), thread(71, 9, PRIVATE_THREAD)])
    orphan, private = world.guild.get_thread(70), world.guild.get_thread(71)
    assert orphan is not None
    assert private is not None
    assert ask(world.guild, world.member(), orphan) == ids(9)
    assert ask(world.guild, world.member(), private) == {"71"}
    assert ask(world.guild, world.member(), discord.Object(99)) == {"99"}
    world.guild.unavailable = True
    assert ask(world.guild, world.member(), world.place(1)) == ids(1)


@both
def test_guests_of_a_voice_channel_see_nothing_else(ask: Ask) -> None:
    world = World([OPEN, Channel(type=VOICE)])
    guest = world.member(flags=discord.MemberFlags(guest=True).value)
    assert ask(world.guild, guest, world.place(1)) == ids(1)


def test_a_question_is_for_everybody_only_where_everybody_can_read_it() -> None:
    threads = [thread(70, 0), thread(71, 0, PRIVATE_THREAD), thread(72, 1)]
    world = World([OPEN, Channel([HIDDEN]), Channel(is_restricted=True)], threads=threads)
    guild = world.guild
    known = {number: guild.get_channel_or_thread(number) for number in (50, 51, 52, 70, 71, 72)}
    is_open = {
        number: is_open_to_everybody(guild, place) for number, place in known.items() if place
    }
    assert is_open == {50: True, 51: False, 52: False, 70: True, 71: False, 72: False}
    assert not is_open_to_everybody(guild, discord.Object(99))
    visibility = Visibility()
    assert visibility.is_open(guild, world.place())
    guild.unavailable = True
    assert not visibility.is_open(guild, world.place())


# --- Memory ---------------------------------------------------------------------------------


def test_answers_hold_until_they_are_forgotten() -> None:
    world, visibility = World([OPEN, OPEN]), Visibility()
    ask = (world.guild, world.member(), world.place())
    assert visibility.visible_to_all_in(*ask) == ids(0, 1)
    assert visibility.visible_to_all_in(*ask) is visibility.visible_to_all_in(*ask)
    del world.guild._channels[CHANNEL + 1]
    visibility.forget(GUILD + 1)
    assert visibility.visible_to_all_in(*ask) == ids(0, 1)
    visibility.forget(GUILD)
    assert visibility.visible_to_all_in(*ask) == ids(0)
    assert visibility.visible_to_member(*ask) == ids(0)


def test_another_question_is_another_answer() -> None:
    hidden = Channel([HIDDEN, Overwrite(30, allow=VIEW)])
    world, visibility = World([OPEN, hidden], roles=[0]), Visibility()
    insider, outsider = world.member(0), world.member()
    assert visibility.visible_to_member(world.guild, insider, world.place()) == ids(0, 1)
    assert visibility.visible_to_member(world.guild, outsider, world.place()) == ids(0)
    assert visibility.visible_to_all_in(world.guild, insider, world.place()) == ids(0)
    assert visibility.visible_to_all_in(world.guild, insider, world.place(1)) == ids(0, 1)


def test_a_new_session_and_an_outage_are_noticed_without_being_told() -> None:
    world, visibility = World([OPEN, OPEN]), Visibility()
    assert visibility.visible_to_member(world.guild, world.member(), world.place()) == ids(0, 1)
    again = World([OPEN, Channel([HIDDEN])])
    assert visibility.visible_to_member(again.guild, again.member(), again.place()) == ids(0)
    again.guild.unavailable = True
    assert visibility.visible_to_member(again.guild, again.member(), again.place(1)) == ids(1)


def test_the_oldest_answers_make_room() -> None:
    world, visibility = World([OPEN]), Visibility(max_entries=2)
    first, second, third = (world.member(id=100 + n) for n in range(3))
    kept = visibility.visible_to_member(world.guild, first, world.place())
    visibility.visible_to_member(world.guild, second, world.place())
    assert visibility.visible_to_member(world.guild, first, world.place()) is kept
    visibility.visible_to_member(world.guild, third, world.place())
    assert visibility.visible_to_member(world.guild, first, world.place()) is kept
    assert len(visibility._known) == 2


# --- Any server -----------------------------------------------------------------------------

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
