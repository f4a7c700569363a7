"""Which channels' pictures may be shown on servers as they are every day."""

from __future__ import annotations

import pytest

from bot.frontends.discord_bot.visibility import (
    source_channel_of,
    visible_to_all_in,
    visible_to_member,
)
from tests.unit.frontends.visibility.conftest import (
    A_MEMBER,
    ADMINISTRATOR,
    CATEGORY,
    CONNECT,
    FORUM,
    GUILD,
    HIDDEN,
    MEMBER,
    NEWS,
    NEWS_THREAD,
    OPEN,
    OTHER,
    OWNER,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    STAGE,
    VIEW,
    VOICE,
    Ask,
    Channel,
    Overwrite,
    World,
    both,
    ids,
    thread,
)


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
