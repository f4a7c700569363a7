"""What a server on the fake Discord has: roles, channels, threads, members."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.acceptance import discord_limits as limits

# What @everyone may in a new server that concerns a bot like ours.
EVERYONE = (
    limits.VIEW_CHANNEL
    | limits.SEND_MESSAGES
    | limits.READ_MESSAGE_HISTORY
    | limits.ATTACH_FILES
    | limits.EMBED_LINKS
    | limits.ADD_REACTIONS
    | limits.USE_APPLICATION_COMMANDS
    | limits.SEND_MESSAGES_IN_THREADS
)
JOINED = "2026-01-02T03:04:05.000000+00:00"
TEXT, DIRECT, VOICE, CATEGORY, NEWS = 0, 1, 2, 4, 5
PUBLIC_THREAD, PRIVATE_THREAD = 11, 12
OWNER_ID = 1
_EPOCH_MS = 1420070400000

_newest = 0


def snowflake() -> int:
    """Make an id that tells its time, as Discord's do, and is larger than those before."""
    global _newest  # noqa: PLW0603
    _newest = max(_newest + 1, (int(time.time() * 1000) - _EPOCH_MS) << 22)
    return _newest


def timestamp(number: int) -> str:
    """Tell when an id was made, as Discord writes it."""
    return datetime.fromtimestamp(((number >> 22) + _EPOCH_MS) / 1000, UTC).isoformat()


def user_payload(user_id: int, name: str, *, bot: bool = False) -> dict[str, Any]:
    """Write a user as Discord does."""
    return {
        "id": str(user_id),
        "username": name.lower(),
        "global_name": name,
        "bot": bot,
        "discriminator": "0",
        "avatar": None,
        "public_flags": 0,
    }


@dataclass
class Role:
    """A role; ``@everyone`` has its server's id."""

    name: str
    permissions: int = 0
    id: int = field(default_factory=snowflake)
    position: int = 1
    bot_id: int | None = None
    """Whose own role it is."""

    def payload(self) -> dict[str, Any]:
        """Write it as Discord does."""
        return {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(self.permissions),
            "color": 0,
            "hoist": False,
            "position": self.position,
            "managed": self.bot_id is not None,
            "mentionable": False,
            "flags": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            **({"tags": {"bot_id": str(self.bot_id)}} if self.bot_id is not None else {}),
        }


@dataclass(frozen=True)
class Overwrite:
    """What a channel allows or denies a role (kind 0) or a member (kind 1)."""

    id: int
    kind: int = 0
    allow: int = 0
    deny: int = 0

    def payload(self) -> dict[str, Any]:
        """Write it as Discord does."""
        allowed = {"allow": str(self.allow), "deny": str(self.deny)}
        return {"id": str(self.id), "type": self.kind, **allowed}


@dataclass
class Channel:
    """A channel or a thread."""

    name: str
    guild_id: int
    kind: int = TEXT
    nsfw: bool = False
    overwrites: tuple[Overwrite, ...] = ()
    parent_id: int | None = None
    """Its category, or the channel that it is a thread of."""
    position: int = 0
    owner_id: int = OWNER_ID
    member_ids: set[int] = field(default_factory=set)
    """Who takes part, in a thread."""
    is_archived: bool = False
    id: int = field(default_factory=snowflake)

    @property
    def is_thread(self) -> bool:
        """Whether it is a thread."""
        return self.kind in {10, PUBLIC_THREAD, PRIVATE_THREAD}

    def payload(self, more_overwrites: Iterable[Overwrite] = ()) -> dict[str, Any]:
        """Write it as Discord does."""
        common = {
            "id": str(self.id),
            "type": self.kind,
            "name": self.name,
            "guild_id": str(self.guild_id),
            "parent_id": str(self.parent_id) if self.parent_id else None,
            "rate_limit_per_user": 0,
            "last_message_id": None,
            "flags": 0,
        }
        if not self.is_thread:
            overwrites = [item.payload() for item in (*self.overwrites, *more_overwrites)]
            shown = {"position": self.position, "permission_overwrites": overwrites}
            return common | shown | {"nsfw": self.nsfw, "topic": None}
        counts = dict.fromkeys(("message_count", "total_message_sent"), 0)
        return {
            **common,
            **counts,
            "owner_id": str(self.owner_id),
            "member_count": len(self.member_ids),
            "thread_metadata": {
                "archived": self.is_archived,
                "auto_archive_duration": 1440,
                "archive_timestamp": JOINED,
                "create_timestamp": JOINED,
                "locked": False,
                **({"invitable": True} if self.kind == PRIVATE_THREAD else {}),
            },
        }


@dataclass
class Member:
    """Somebody in a server."""

    user: dict[str, Any]
    role_ids: list[int] = field(default_factory=list)

    def payload(self) -> dict[str, Any]:
        """Write it as Discord does."""
        return {
            "user": self.user,
            "roles": [str(role_id) for role_id in self.role_ids],
            "joined_at": JOINED,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "nick": None,
            "avatar": None,
        }
