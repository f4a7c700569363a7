"""Channels whose new pictures are taken in as they are posted, and leave with their message."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import discord

from bot.core.errors import CoreError
from bot.core.messages import Person
from bot.core.policy import Policy
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.discord_bot.library.intake import Deletions, Intake, posted_pictures
from bot.frontends.discord_bot.library.parts import collection_of
from bot.frontends.discord_bot.library.patience import Pace, insist
from bot.frontends.discord_bot.visibility import source_channel_of, source_message_of

POLICIES_KEPT = 5000
AT_ONCE = 8
TRIES = 4

logger = logging.getLogger(__name__)


class Policies:
    """The settings of collections, remembered for a short while."""

    def __init__(self, conversation: ConversationPort, holds_s: float) -> None:
        self._conversation = conversation
        self._holds_s = holds_s
        self._known: OrderedDict[str, tuple[float, Policy]] = OrderedDict()
        self._changes = 0
        self._changing = asyncio.Lock()

    async def get(self, collection: str) -> Policy:
        """Return the settings, which can be a little old. Raises CoreError."""
        now = asyncio.get_running_loop().time()
        read_at, policy = self._known.get(collection, (-self._holds_s, None))
        if policy is None or now - read_at >= self._holds_s:
            changes = self._changes
            policy = await self._conversation.communities.policy(collection)
            if changes == self._changes:
                self._known[collection] = now, policy
                self._known.move_to_end(collection)
                if len(self._known) > POLICIES_KEPT:
                    self._known.popitem(last=False)
        return policy

    def forget(self, collection: str) -> None:
        """Have the next look be a fresh one."""
        self._changes += 1
        self._known.pop(collection, None)

    async def change(
        self, collection: str, person: Person, change: Callable[[Policy], Policy]
    ) -> Policy:
        """Change the settings as they are now; returns them. Raises CoreError."""
        communities = self._conversation.communities
        # One after the other: what two admins change at once must both hold.
        async with self._changing:
            policy = change(await communities.policy(collection))
            try:
                await communities.change_policy(collection, person, policy)
            finally:
                self.forget(collection)
        return policy


class Watcher:
    """Follows the messages of watched channels."""

    def __init__(
        self,
        client: discord.Client,
        conversation: ConversationPort,
        options: FrontendOptions,
        pace: Pace | None = None,
    ) -> None:
        self._client = client
        self._conversation = conversation
        self._pace = pace or Pace()
        self.deletions = Deletions()
        self.policies = Policies(conversation, self._pace.policy_holds_s)
        self._intake = Intake(conversation, self.deletions, options.max_upload_bytes, self._pace)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._active: set[asyncio.Task[object]] = set()

    def forget_policy(self, collection: str) -> None:
        """Note that a collection's settings have changed."""
        self.policies.forget(collection)

    async def on_message(self, message: discord.Message) -> None:
        """Take in the pictures of a message in a watched channel."""
        # Without the message content intent there are none to be seen, and this is all it costs.
        if message.guild is None or not posted_pictures(message):
            return
        guild_id = message.guild.id
        collection = collection_of(guild_id)

        async def attempt() -> None:
            policy = await self.policies.get(collection)
            if source_channel_of(message.channel) in policy.watched:
                async with self._turns:
                    await self._intake.take(guild_id, [message])

        with self._counted():
            try:
                await insist(attempt, self._pace.pauses(TRIES - 1))
            except CoreError as error:
                logger.warning("discord_picture_not_taken", extra={"code": error.code})

    async def on_edited(self, message: discord.Message) -> None:
        """Take in the picture behind an address that was posted: Discord shows it only then."""
        if message.edited_at is None and message.embeds:
            await self.on_message(message)

    async def on_deleted(
        self, guild_id: int | None, channel_id: int, message_ids: Collection[int]
    ) -> None:
        """Delete the pictures that came with messages that are gone, imported ones too."""
        if guild_id is None:
            return
        self.deletions.note(message_ids)
        channel, gone = self._written(guild_id, channel_id, message_ids)

        async def attempt() -> None:
            async with self._turns:
                communities = self._conversation.communities
                await communities.messages_deleted(collection_of(guild_id), channel, gone)

        with self._counted():
            try:
                await insist(attempt, self._pace.pauses(TRIES - 1))
            except CoreError as error:
                logger.warning("discord_deletion_not_followed", extra={"code": error.code})

    async def stop(self) -> None:
        """Let go of what is being taken in."""
        for task in self._active:
            task.cancel()
        if self._active:
            await asyncio.wait(self._active, timeout=0.2)

    def _written(
        self, guild_id: int, channel_id: int, message_ids: Collection[int]
    ) -> tuple[str, list[str]]:
        """Return the channel that pictures are kept with, and how their messages are written."""
        guild = self._client.get_guild(guild_id)
        channel = guild.get_channel_or_thread(channel_id) if guild is not None else None
        if channel is None:
            # An old thread, whose parent is not known here: in whatever channel it was kept.
            ways = ("{number}", "{channel}/{number}")
            return "", [
                way.format(channel=channel_id, number=number)
                for number in message_ids
                for way in ways
            ]
        return source_channel_of(channel), [
            source_message_of(channel, number) for number in message_ids
        ]

    @contextmanager
    def _counted(self) -> Iterator[None]:
        task = asyncio.current_task()
        if task is not None:
            self._active.add(task)
        try:
            yield
        finally:
            if task is not None:
                self._active.discard(task)
