"""What may be shown is remembered, and forgotten when it may have changed."""

from __future__ import annotations

from bot.frontends.discord_bot.visibility import Visibility
from tests.unit.frontends.visibility.conftest import (
    CHANNEL,
    GUILD,
    HIDDEN,
    OPEN,
    VIEW,
    Channel,
    Overwrite,
    World,
    ids,
)


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
