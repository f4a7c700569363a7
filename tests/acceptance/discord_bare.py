"""A bare discord.py bot, for the fake's own tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord import app_commands

from tests.acceptance.discord_server import TOKEN


class BareBot(discord.Client):
    """Keeps what it hears, and answers what its tree has."""

    def __init__(self, *, intents: discord.Intents | None = None, **more: Any) -> None:
        super().__init__(
            intents=intents or discord.Intents.default(), guild_ready_timeout=0.1, **more
        )
        self.tree = app_commands.CommandTree(self)
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Keep every event with its first argument."""
        if not event.startswith(("socket_", "interaction")):
            self.heard.put_nowait((event, args[0] if args else None))
        super().dispatch(event, *args, **kwargs)

    async def hear(self, event: str) -> Any:
        """Wait for an event and return its first argument."""
        async with asyncio.timeout(10):
            while True:
                name, argument = await self.heard.get()
                if name == event:
                    return argument


@asynccontextmanager
async def connected(bot: BareBot) -> AsyncIterator[BareBot]:
    """Lend a bot that is connected and whose commands are registered."""
    running = asyncio.create_task(bot.start(TOKEN))
    ready = asyncio.create_task(bot.hear("ready"))
    try:
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        if bot.tree.get_commands() or bot.tree.get_commands(type=discord.AppCommandType.message):
            await bot.tree.sync()
        yield bot
    finally:
        ready.cancel()
        await bot.close()
        await asyncio.wait({running})
        # One that is forgotten complains about the closed event loop in a much later test.
        for thread in threading.enumerate():
            if thread.name.startswith("keep-alive-handler"):
                thread.join(1)
