"""Servers to be, of discord.py's own objects, and who asks what may be shown in them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord

from bot.frontends.discord_bot.visibility import visible_to_all_in, visible_to_member

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
