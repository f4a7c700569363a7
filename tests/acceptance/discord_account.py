"""An account on the fake Discord, somewhere, and what comes of its use of the bot."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Self

from tests.acceptance.discord_guilds import Guild
from tests.acceptance.discord_interactions import Interaction
from tests.acceptance.discord_limits import FILE_BYTES
from tests.acceptance.discord_messages import Message
from tests.acceptance.discord_places import (
    DIRECT,
    EVERYONE,
    Channel,
    Member,
    Role,
    snowflake,
    user_payload,
)
from tests.acceptance.discord_server import DiscordServer


class NotShownError(Exception):
    """Discord does not offer this to the person."""


class Exchange:
    """A use of the bot, and what came of it."""

    def __init__(self, server: DiscordServer, interaction: Interaction) -> None:
        self._server = server
        self.interaction = interaction

    async def answer(self, until: Callable[[Message], bool] | None = None) -> Message:
        """Wait for the answer that stays; after a mere acknowledgement, for what is sent then."""

        def is_there() -> bool:
            message = self.interaction.answer
            return message is not None and (until is None or until(message))

        await self._server.wait_for(is_there)
        assert self.interaction.answer is not None
        return self.interaction.answer

    async def followup(self, number: int = 0) -> Message:
        """Wait for a further message."""
        followups = self.interaction.followups
        await self._server.wait_for(lambda: len(followups) > number)
        return followups[number]

    async def acknowledged(self) -> int:
        """Wait for the first answer, whatever it is, and return its type."""
        await self._server.wait_for(lambda: self.interaction.callback is not None)
        assert self.interaction.callback is not None
        return self.interaction.callback

    async def modal(self) -> dict[str, Any]:
        """Wait for a dialog."""
        await self._server.wait_for(lambda: self.interaction.modal is not None)
        assert self.interaction.modal is not None
        return self.interaction.modal

    def age(self, by_s: float) -> None:
        """Make it older, so that its token expires."""
        self.interaction.created_s -= by_s
        self.interaction.is_aged = True


class Account:
    """Somebody, in a channel of a server or in a direct conversation with the bot."""

    def __init__(
        self,
        server: DiscordServer,
        name: str,
        guild: Guild | None,
        *,
        locale: str = "en-US",
        is_admin: bool = False,
        roles: Sequence[Role] = (),
        channel: Channel | None = None,
    ) -> None:
        self.server = server
        self.guild = guild
        self.locale = locale
        self.id = snowflake()
        self.name = name
        self.user = server.users[self.id] = user_payload(self.id, name)
        self.channel: Channel | None = None
        self.channel_id = server.direct_channel(self.id)
        if guild is not None:
            own = [guild.admin_role] if is_admin else []
            role_ids = [role.id for role in (*own, *roles)]
            guild.members[self.id] = Member(self.user, role_ids)
            self.channel = channel or guild.channels[guild.channel_id]
            self.channel_id = self.channel.id

    @property
    def mention_text(self) -> str:
        """How the person is mentioned."""
        return f"<@{self.id}>"

    def in_channel(self, channel: Channel) -> Self:
        """Return the same person in another channel or thread."""
        other = copy.copy(self)
        other.channel, other.channel_id = channel, channel.id
        return other

    def in_direct(self) -> Self:
        """Return the same person in the direct conversation with the bot."""
        other = copy.copy(self)
        other.guild = other.channel = None
        other.channel_id = self.server.direct_channel(self.id)
        return other

    @property
    def permissions(self) -> int:
        """What the person may here."""
        return self.guild.permissions_of(self.id, self.channel) if self.guild else EVERYONE

    def enter(self) -> None:
        """Raise NotShownError where the person cannot be."""
        if self.guild is None or self.channel is None:
            return
        is_there = self.guild in self.server.gateway.guilds and self.id in self.guild.members
        if not is_there or self.channel.id not in self.guild.channels:
            raise NotShownError(f"{self.name} is not in {self.guild.name}, or the bot is not")
        if not self.guild.sees(self.id, self.channel):
            raise NotShownError(f"{self.name} does not see {self.channel.name}")

    def at(self, message: Message) -> Self:
        """Go to where a message is. Raises NotShownError."""
        if message.is_deleted:
            raise NotShownError("the message is deleted")
        if message.is_ephemeral and message.seen_by not in {None, self.id}:
            raise NotShownError("only somebody else sees the message")
        place = self.server.find_place(message.channel_id)
        if place is None:
            return self
        if place.guild is None:
            if message.channel_id != self.server.direct_channel(self.id):
                raise NotShownError("somebody else's direct conversation")
            return self.in_direct()
        if place.guild is not self.guild or place.channel is None:
            raise NotShownError("the message is elsewhere")
        here = self.in_channel(place.channel)
        here.enter()
        return here

    def member_payload(self) -> dict[str, Any]:
        """Write the person as a member, with permissions here."""
        assert self.guild is not None
        member = self.guild.members[self.id].payload()
        return {**member, "permissions": str(self.permissions)}

    def channel_payload(self, channel: Channel) -> dict[str, Any]:
        """Write a channel as interactions do: with what the person may in it."""
        assert self.guild is not None
        payload = channel.payload()
        payload.pop("permission_overwrites", None)
        return {**payload, "permissions": str(self.guild.permissions_of(self.id, channel))}

    async def interact(self, kind: int, data: dict[str, Any], **more: Any) -> Exchange:
        """Tell the bot of a use."""
        self.enter()
        payload: dict[str, Any] = {
            "type": kind,
            "data": data,
            "application_id": str(self.server.application_id),
            "locale": self.locale,
            "channel_id": str(self.channel_id),
            "version": 1,
            "entitlements": [],
        }
        payload |= self._place() | more
        interaction = Interaction(kind, payload)
        payload |= {"id": str(interaction.id), "token": interaction.token}
        self.server.interactions[interaction.id] = interaction
        guild_id = self.guild.id if self.guild is not None else None
        await self.server.gateway.tell("INTERACTION_CREATE", interaction.payload, guild_id)
        return Exchange(self.server, interaction)

    def _place(self) -> dict[str, Any]:
        guild, channel = self.guild, self.channel
        if guild is None or channel is None:
            shown = {"id": str(self.channel_id), "type": DIRECT, "recipients": [self.user]}
            return {
                "channel": {**shown, "last_message_id": None, "flags": 0},
                "user": self.user,
                "context": 1,
                "app_permissions": str(EVERYONE),
                "attachment_size_limit": FILE_BYTES,
                "authorizing_integration_owners": {"0": "0"},
            }
        owner = str(guild.id)
        granted = guild.permissions_of(self.server.application_id, channel)
        return {
            "channel": self.channel_payload(channel),
            "guild_id": owner,
            "guild": {"id": owner, "features": [], "locale": guild.preferred_locale},
            "guild_locale": guild.preferred_locale,
            "member": self.member_payload(),
            "context": 0,
            "app_permissions": str(granted),
            "attachment_size_limit": guild.attachment_size_limit,
            "authorizing_integration_owners": {"0": owner},
        }
