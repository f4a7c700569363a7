"""Where the bot is: collections of servers that it was thrown out of are kept for a while only."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import discord

from bot.core.errors import CoreError
from bot.frontends.base import ConversationPort
from bot.frontends.discord_bot.library.parts import PREFIX, collection_of
from bot.frontends.discord_bot.library.patience import Pace, insist

TRIES = 6

logger = logging.getLogger(__name__)


class Presence:
    """Tells the core which servers the bot is in."""

    def __init__(
        self, client: discord.Client, conversation: ConversationPort, pace: Pace | None = None
    ) -> None:
        self._client = client
        self._communities = conversation.communities
        self._pace = pace or Pace()

    async def on_ready(self) -> None:
        """Tell of all servers, and of those left while nobody was listening."""
        here = [collection_of(guild.id) for guild in self._client.guilds]
        await self._tell(
            lambda: self._communities.present(PREFIX, here, all_of_them=self._sees_all())
        )

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Tell of a server that the bot has come, or come back, to."""
        key = collection_of(guild.id)
        await self._tell(lambda: self._communities.present(PREFIX, [key], all_of_them=False))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Tell of a server that the bot was thrown out of, or that is no more."""
        key = collection_of(guild.id)
        await self._tell(lambda: self._communities.left(key))

    async def _tell(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await insist(work, self._pace.pauses(TRIES - 1))
        except CoreError as error:
            # The next time the connection is ready, all of it is told again.
            logger.warning("discord_presence_not_told", extra={"code": error.code})

    def _sees_all(self) -> bool:
        """Tell whether this process has all shards, so that a server it lacks was left.

        With several processes, each knows its own shards' servers only, and none may speak for
        the others: what was left while the bot was down is then found by on_guild_remove only.
        """
        client = self._client
        if not isinstance(client, discord.AutoShardedClient):
            return client.shard_count in {None, 1}
        return client.shard_ids is None and client.shards.keys() == set(
            range(client.shard_count or 0)
        )
