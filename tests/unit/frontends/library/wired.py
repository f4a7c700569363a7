"""Temporary: the client with the library wired in."""

from __future__ import annotations

from typing import Any

import discord

from bot.frontends.discord_bot import library
from bot.frontends.discord_bot.client import BotClient


class WiredClient(BotClient):
    def __init__(
        self, conversation: Any, answers: Any, options: Any, *more: Any, **named: Any
    ) -> None:
        super().__init__(conversation, answers, options, *more, **named)
        self.watcher = library.Watcher(self, conversation, options)
        self.importer = library.Importer(self, conversation, options, self.watcher.deletions)
        self.presence = library.Presence(self, conversation)
        self.tree.add_command(library.library_group(answers, conversation, options))
        self.tree.add_command(library.add_to_library_menu(answers, conversation, options))

    async def setup_hook(self) -> None:
        await super().setup_hook()
        self.add_dynamic_items(*library.ITEMS)

    def _knows(self, custom_id: str) -> bool:
        return super()._knows(custom_id) or library.is_known(custom_id)

    async def on_ready(self) -> None:
        await self.presence.on_ready()
        await self.importer.resume()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await super().on_guild_join(guild)
        await self.presence.on_guild_join(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await super().on_guild_remove(guild)
        await self.presence.on_guild_remove(guild)

    async def on_message(self, message: discord.Message) -> None:
        await super().on_message(message)
        await self.watcher.on_message(message)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.watcher.on_deleted(payload.guild_id, payload.channel_id, {payload.message_id})

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await self.watcher.on_deleted(payload.guild_id, payload.channel_id, payload.message_ids)

    async def close(self) -> None:
        await self.importer.stop()
        await self.watcher.stop()
        await super().close()
