"""What the fake Discord remembers, and how those who wait hear of a change."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_attachments import Links
from tests.acceptance.discord_faults import Fault
from tests.acceptance.discord_gateway import Gateway
from tests.acceptance.discord_guilds import Guild
from tests.acceptance.discord_interactions import Interactions
from tests.acceptance.discord_limits import RefusedError, UploadedFile
from tests.acceptance.discord_messages import MENTION, Message, hide_content
from tests.acceptance.discord_places import DIRECT, Channel, snowflake, user_payload

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAwMA.fake.token-of-the-bot"


@dataclass(frozen=True)
class Place:
    """A channel of a server, or a direct conversation, and what the bot may there."""

    id: int
    guild: Guild | None
    channel: Channel | None
    permissions: int

    @property
    def file_bytes(self) -> int:
        """How large a file may be."""
        return self.guild.attachment_size_limit if self.guild else limits.FILE_BYTES


class State:
    """Everything there is."""

    def __init__(self) -> None:
        self.application_id = snowflake()
        self.bot = user_payload(self.application_id, "Babelpix", bot=True)
        self.message_content = False
        """Whether the application was granted the message content intent."""
        self.limits_followups = False
        """Whether followups and edits are limited to 5 in 2 s for a token."""
        self.gateway = Gateway(TOKEN, self.bot, self.application_id, self.notify)
        self.gateway.flags = lambda: limits.MESSAGE_CONTENT_FLAGS if self.message_content else 0
        self.links = Links()
        self.commands: list[dict[str, Any]] = []
        self.interactions = Interactions()
        self.messages: dict[int, Message] = {}
        self.uploads: dict[int, UploadedFile] = {}
        """What people have given with their commands."""
        self.pictures: dict[str, UploadedFile] = {}
        """Emojis, stickers and pictures from elsewhere, by path."""
        self.users: dict[int, dict[str, Any]] = {self.application_id: self.bot}
        self.direct: dict[int, int] = {}
        """Direct conversations by the person."""
        self.faults: dict[str, list[Fault]] = {}
        """By kind of request, as ``counts`` has them."""
        self.misbehaviour: list[str] = []
        """What the bot has done that Discord refuses, without a test having asked for it."""
        self.counts: Counter[str] = Counter()
        """How many requests of each kind have come in."""
        self._changed = asyncio.Condition()

    async def wait_for(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(condition)

    async def notify(self) -> None:
        """Have everybody who waits look again."""
        async with self._changed:
            self._changed.notify_all()

    def direct_channel(self, user_id: int) -> int:
        """Return somebody's direct conversation with the bot."""
        return self.direct.setdefault(user_id, snowflake())

    def find_place(self, channel_id: int) -> Place | None:
        """Look for a channel, a thread or a direct conversation."""
        for guild in self.gateway.guilds:
            channel = guild.channels.get(channel_id)
            if channel is not None:
                allowed = guild.permissions_of(self.application_id, channel)
                if not guild.sees(self.application_id, channel):
                    allowed &= ~limits.VIEW_CHANNEL
                return Place(channel_id, guild, channel, allowed)
        if channel_id in self.direct.values():
            return Place(channel_id, None, None, limits.ALL_PERMISSIONS)
        return None

    def place(self, channel_id: int) -> Place:
        """Return a place that the bot sees; refuses others as Discord does."""
        place = self.find_place(channel_id)
        if place is None:
            raise RefusedError(404, 10003, "Unknown Channel")
        if not place.permissions & limits.VIEW_CHANNEL:
            raise RefusedError(403, 50001, "Missing Access")
        return place

    def direct_payload(self, channel_id: int) -> dict[str, Any]:
        """Write a direct conversation."""
        owners = [user for user, channel in self.direct.items() if channel == channel_id]
        told = {"id": str(channel_id), "type": DIRECT, "last_message_id": None, "flags": 0}
        return {**told, "recipients": [self.users[user] for user in owners if user in self.users]}

    def message_payload(self, message: Message) -> dict[str, Any]:
        """Write a message with the one that it is a reply to."""
        payload = message.payload(self.links)
        if message.reply_to:
            original = self.messages.get(message.reply_to)
            written = original.payload(self.links) if original is not None else None
            payload["referenced_message"] = written
        return payload

    def message_for_bot(self, message: Message) -> dict[str, Any]:
        """Write a message as REST shows it to the bot."""
        payload = self.message_payload(message)
        place = self.find_place(message.channel_id)
        if self.message_content or place is None or place.guild is None:
            return payload
        return hide_content(payload, self.application_id)

    async def tell_message(self, event: str, message: Message) -> None:
        """Tell of a message that is new or was edited, if the bot can see it."""
        if message.author["bot"]:
            message.mentions = self._pinged(message)
        place = self.find_place(message.channel_id)
        if message.is_ephemeral or place is None:
            return
        if not place.permissions & limits.VIEW_CHANNEL:
            return
        payload = self.message_payload(message)
        if place.guild is None:
            await self.gateway.tell(event, payload, None)
            return
        payload["guild_id"] = str(place.guild.id)
        member = place.guild.members.get(int(message.author["id"]))
        if member is not None:
            written = member.payload()
            payload["member"] = {key: value for key, value in written.items() if key != "user"}
        await self.gateway.tell(event, payload, place.guild.id)

    def _pinged(self, message: Message) -> list[dict[str, Any]]:
        """Return whom a message of the bot notifies (resources/message, allowed mentions)."""
        allowed = message.allowed_mentions
        named = [int(number) for number in MENTION.findall(message.content)]
        original = self.messages.get(message.reply_to or 0)
        if allowed is not None and "users" not in allowed.get("parse", ()):
            chosen = {int(number) for number in allowed.get("users", ())}
            named = [number for number in named if number in chosen]
        if original is not None and (allowed is None or allowed.get("replied_user")):
            named.append(int(original.author["id"]))
        return [self.users[number] for number in dict.fromkeys(named) if number in self.users]

    async def remove_message(self, message: Message) -> None:
        """Delete a message and tell of it."""
        await self.remove_messages([message], "MESSAGE_DELETE")

    async def remove_messages(self, messages: list[Message], event: str) -> None:
        """Delete messages of one channel and tell of them."""
        for message in messages:
            self.messages.pop(message.id, None)
            message.is_deleted = True
        first = messages[0]
        place = self.find_place(first.channel_id)
        is_seen = place is not None and place.permissions & limits.VIEW_CHANNEL
        if is_seen and place is not None and not first.is_ephemeral:
            ids = [str(message.id) for message in messages]
            which = {"id": ids[0]} if event == "MESSAGE_DELETE" else {"ids": ids}
            where: dict[str, Any] = {"channel_id": str(first.channel_id)}
            guild_id = place.guild.id if place.guild is not None else None
            if guild_id is not None:
                where["guild_id"] = str(guild_id)
            await self.gateway.tell(event, which | where, guild_id)
        await self.notify()
