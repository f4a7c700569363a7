"""What there is on the fake Discord: servers, channels, messages, interactions."""

from __future__ import annotations

import itertools
import mimetypes
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.discord_rules import (
    ATTACH_FILES,
    EPHEMERAL,
    FILE_BYTES,
    MANAGE_GUILD,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    UploadedFile,
)

EVERYONE = SEND_MESSAGES | READ_MESSAGE_HISTORY | ATTACH_FILES
JOINED = "2026-01-02T03:04:05.000000+00:00"
_EPOCH_MS = 1420070400000

_numbers = itertools.count()


def snowflake() -> int:
    """Make an id that tells its time, as Discord's do."""
    return ((int(time.time() * 1000) - _EPOCH_MS) << 22) | (next(_numbers) & 0xFFF)


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
class Guild:
    """A server with one channel and one role that may manage it."""

    name: str
    preferred_locale: str = "en-US"
    bot_permissions: int = EVERYONE
    is_unavailable: bool = False
    """Whether Discord keeps its roles and channels to itself, as during an outage."""
    id: int = field(default_factory=snowflake)
    channel_id: int = field(default_factory=snowflake)
    admin_role_id: int = field(default_factory=snowflake)

    def payload(self, bot: dict[str, Any]) -> dict[str, Any]:
        """Write it as GUILD_CREATE does."""
        zeros = ("afk_timeout", "verification_level", "default_message_notifications", "nsfw_level")
        more_zeros = (
            "explicit_content_filter",
            "mfa_level",
            "premium_tier",
            "system_channel_flags",
        )
        empty = ("emojis", "stickers", "features", "voice_states", "threads", "presences")
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": "1",
            "member_count": 2,
            "preferred_locale": self.preferred_locale,
            "unavailable": False,
            **dict.fromkeys((*zeros, *more_zeros), 0),
            **{name: [] for name in (*empty, "stage_instances", "guild_scheduled_events")},
            "roles": [
                _role(self.id, "@everyone", EVERYONE),
                _role(self.admin_role_id, "admin", MANAGE_GUILD),
            ],
            "channels": [self.channel_payload()],
            "members": [self.member_payload(bot, is_admin=False)],
        }

    def channel_payload(self) -> dict[str, Any]:
        """Write its channel."""
        return {
            "id": str(self.channel_id),
            "type": 0,
            "name": "general",
            "position": 0,
            "guild_id": str(self.id),
            "permission_overwrites": [],
            "nsfw": False,
        }

    def member_payload(self, user: dict[str, Any], *, is_admin: bool) -> dict[str, Any]:
        """Write a member."""
        return {
            "user": user,
            "roles": [str(self.admin_role_id)] if is_admin else [],
            "joined_at": JOINED,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "nick": None,
            "avatar": None,
        }


def _role(role_id: int, name: str, permissions: int) -> dict[str, Any]:
    return {
        "id": str(role_id),
        "name": name,
        "permissions": str(permissions),
        "color": 0,
        "hoist": False,
        "position": 0,
        "managed": False,
        "mentionable": False,
        "flags": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
    }


@dataclass
class Message:
    """A message as it is seen right now."""

    channel_id: int
    author: dict[str, Any]
    content: str = ""
    files: tuple[UploadedFile, ...] = ()
    components: Sequence[dict[str, Any]] = ()
    flags: int = 0
    is_loading: bool = False
    """Whether "thinking …" is shown."""
    allowed_mentions: dict[str, Any] | None = None
    reply_to: int | None = None
    nonce: str | None = None
    edits: list[str] = field(default_factory=list)
    """Every text it has had."""
    id: int = field(default_factory=snowflake)

    @property
    def is_ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Its buttons and lists."""
        return [part for row in self.components for part in row["components"]]

    def set(self, payload: dict[str, Any], files: Sequence[UploadedFile]) -> None:
        """Take over what a request names."""
        if "content" in payload:
            self.content = payload["content"] or ""
        if "attachments" in payload:
            self.files = tuple(files)
        if "components" in payload:
            self.components = payload["components"]
        self.allowed_mentions = payload.get("allowed_mentions")
        self.is_loading = False
        self.edits.append(self.content)

    def payload(self, cdn_url: str) -> dict[str, Any]:
        """Write it as Discord does; ``cdn_url`` is where its files are served."""
        reference = {"message_id": str(self.reply_to), "channel_id": str(self.channel_id)}
        return {
            "id": str(self.id),
            "channel_id": str(self.channel_id),
            "author": self.author,
            "content": self.content,
            "timestamp": JOINED,
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "embeds": [],
            "pinned": False,
            "type": 19 if self.reply_to else 0,
            "components": list(self.components),
            "flags": self.flags,
            "nonce": self.nonce,
            **({"message_reference": reference} if self.reply_to else {}),
            "attachments": [
                attachment_payload(n, file, f"{cdn_url}/{self.id}/{n}")
                for n, file in enumerate(self.files)
            ],
        }


def attachment_payload(number: int, file: UploadedFile, url: str) -> dict[str, Any]:
    """Write an attachment."""
    return {
        "id": str(number),
        "filename": file.filename,
        "size": len(file.content),
        "url": url,
        "proxy_url": url,
        "description": file.description,
        "content_type": mimetypes.guess_type(file.filename)[0] or "application/octet-stream",
    }


@dataclass
class Interaction:
    """One use of a command or a component."""

    type: int
    payload: dict[str, Any]
    id: int
    token: str
    created_s: float = field(default_factory=time.monotonic)
    acknowledged_after_s: float | None = None
    message: Message | None = None

    @property
    def age_s(self) -> float:
        """How long ago it was."""
        return time.monotonic() - self.created_s


def interaction_limits() -> dict[str, Any]:
    """Return the fields that every interaction has whatever it is about."""
    return {"version": 1, "entitlements": [], "attachment_size_limit": FILE_BYTES}
