"""Where it is not certain who reads along, little may be shown."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord

from bot.frontends.discord_bot.visibility import Visibility, is_open_to_everybody
from tests.unit.frontends.visibility.conftest import (
    HIDDEN,
    OPEN,
    PRIVATE_THREAD,
    VOICE,
    Ask,
    Channel,
    World,
    both,
    ids,
    thread,
)


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
