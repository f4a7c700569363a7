"""Servers on the fake Discord, and who may do what in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_places import (
    EVERYONE,
    JOINED,
    OWNER_ID,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT,
    Channel,
    Member,
    Overwrite,
    Role,
    snowflake,
)


class Guild:
    """A server with a channel, a role that may manage it, and one of the bot's own."""

    def __init__(
        self,
        name: str,
        preferred_locale: str = "en-US",
        *,
        bot_permissions: int = EVERYONE,
        is_unavailable: bool = False,
        attachment_size_limit: int = limits.FILE_BYTES,
        bot: dict[str, Any] | None = None,
        id: int | None = None,  # noqa: A002
    ) -> None:
        self.name = name
        self.preferred_locale = preferred_locale
        self.is_unavailable = is_unavailable
        """Whether Discord keeps its roles and channels to itself, as during an outage."""
        self.attachment_size_limit = attachment_size_limit
        self.id = id if id is not None else snowflake()
        self.owner_id = OWNER_ID
        self.bot_id = int(bot["id"]) if bot is not None else 0
        self.everyone = Role("@everyone", EVERYONE, self.id, 0)
        managing = limits.MANAGE_GUILD | limits.MANAGE_MESSAGES
        self.admin_role = Role("admin", managing)
        self.bot_role = Role("Babelpix", 0, bot_id=self.bot_id)
        self.roles = {role.id: role for role in (self.everyone, self.admin_role, self.bot_role)}
        self.channels: dict[int, Channel] = {}
        self.channel_id = self.add_channel("general").id
        self.members: dict[int, Member] = {}
        if bot is not None:
            self.members[self.bot_id] = Member(bot, [self.bot_role.id])
        self.emojis: list[dict[str, Any]] = []
        self._withheld = 0
        self.bot_permissions = bot_permissions

    @property
    def admin_role_id(self) -> int:
        """The role that may manage it."""
        return self.admin_role.id

    @property
    def bot_permissions(self) -> int:
        """What the bot may in every channel that says nothing else."""
        return (self.everyone.permissions | self.bot_role.permissions) & ~self._withheld

    @bot_permissions.setter
    def bot_permissions(self, permissions: int) -> None:
        # What @everyone has can be kept from the bot in a channel only, so it is, in all of them.
        self._withheld = self.everyone.permissions & ~permissions
        self.bot_role.permissions = permissions

    def add_role(self, name: str, permissions: int = 0) -> Role:
        """Make a role; before the bot connects."""
        role = Role(name, permissions, position=len(self.roles))
        self.roles[role.id] = role
        return role

    def add_channel(
        self,
        name: str,
        *,
        nsfw: bool = False,
        kind: int = TEXT,
        overwrites: Iterable[Overwrite] = (),
        parent_id: int | None = None,
    ) -> Channel:
        """Make a channel; before the bot connects."""
        channel = Channel(
            name, self.id, kind, nsfw, tuple(overwrites), parent_id, len(self.channels)
        )
        self.channels[channel.id] = channel
        return channel

    def add_thread(self, channel: Channel, name: str, *, private: bool = False) -> Channel:
        """Make a thread; before the bot connects."""
        kind = PRIVATE_THREAD if private else PUBLIC_THREAD
        thread = Channel(name, self.id, kind, parent_id=channel.id)
        self.channels[thread.id] = thread
        return thread

    def permissions_of(self, user_id: int, channel: Channel | None = None) -> int:
        """Compute what somebody may, in a channel or in general (topics/permissions)."""
        member = self.members.get(user_id)
        role_ids = set(member.role_ids) if member is not None else set()
        granted = self.everyone.permissions
        for role_id in role_ids & self.roles.keys():
            granted |= self.roles[role_id].permissions
        if user_id == self.owner_id or granted & limits.ADMINISTRATOR:
            return limits.ALL_PERMISSIONS
        if channel is None:
            return granted
        if channel.is_thread and channel.parent_id is not None:
            channel = self.channels.get(channel.parent_id, channel)
        overwrites = (*channel.overwrites, *self._bot_overwrites())
        by_role = [item for item in overwrites if item.kind == 0]
        for chosen in (
            [item for item in by_role if item.id == self.id],
            [item for item in by_role if item.id in role_ids],
            [item for item in overwrites if item.kind == 1 and item.id == user_id],
        ):
            for item in chosen:
                granted &= ~item.deny
            for item in chosen:
                granted |= item.allow
        return granted

    def sees(self, user_id: int, channel: Channel) -> bool:
        """Whether somebody sees a channel or a thread."""
        granted = self.permissions_of(user_id, channel)
        is_private = channel.kind == PRIVATE_THREAD and user_id not in channel.member_ids
        if is_private and not granted & limits.MANAGE_THREADS:
            return False
        return bool(granted & limits.VIEW_CHANNEL)

    def _bot_overwrites(self) -> tuple[Overwrite, ...]:
        return (Overwrite(self.bot_id, 1, deny=self._withheld),) if self._withheld else ()

    def channel_payload(self, channel: Channel) -> dict[str, Any]:
        """Write a channel as the gateway does."""
        return channel.payload(self._bot_overwrites())

    def payload(self) -> dict[str, Any]:
        """Write it as GUILD_CREATE does."""
        zeros = ("afk_timeout", "verification_level", "default_message_notifications", "nsfw_level")
        more_zeros = (
            "explicit_content_filter",
            "mfa_level",
            "premium_tier",
            "system_channel_flags",
        )
        empty = ("stickers", "features", "voice_states", "presences")
        shown = [self.channel_payload(item) for item in self.channels.values() if self._told(item)]
        is_thread = "thread_metadata"
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner_id),
            "member_count": len(self.members) + 1,
            "preferred_locale": self.preferred_locale,
            "unavailable": False,
            "joined_at": JOINED,
            "large": False,
            **dict.fromkeys((*zeros, *more_zeros), 0),
            **{name: [] for name in (*empty, "stage_instances", "guild_scheduled_events")},
            "emojis": self.emojis,
            "roles": [role.payload() for role in self.roles.values()],
            "channels": [item for item in shown if is_thread not in item],
            "threads": [item for item in shown if is_thread in item],
            "members": [self.members[self.bot_id].payload()] if self.bot_id else [],
        }

    def _told(self, channel: Channel) -> bool:
        # A bot is told of all channels, but only of those threads that it sees.
        return not channel.is_thread or self.sees(self.bot_id, channel)
