"""The two bots that ``interactions.py`` measures, each in a process of its own.

    python -m benchmarks._interaction_bots echo|babelpix REST CDN GATEWAY [DATA_DIR]

Says "ready" when it is connected; answers each line on stdin with the processor time it has used,
in seconds, and ends with stdin.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import discord
from discord import app_commands
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.app import App, opened
from bot.frontends.base import FrontendOptions
from bot.frontends.discord_bot import DiscordBot
from bot.frontends.discord_bot.client import MAX_CONNECTIONS
from bot.services import service_urls
from bot.settings import BotSettings
from samples.emoji import render
from tests.acceptance.discord_server import TOKEN

UNLIMITED = "1000000/second"
EMOJI = "🐈🚗🌻🍕🎂🐘🚀🌙🦋🎸"


def drawn(number: int) -> bytes:
    """Draw a picture as the rendition of a sample is drawn."""
    written = BytesIO()
    render(EMOJI[number]).save(written, "WEBP", quality=80)
    return written.getvalue()


class Echo(discord.AutoShardedClient):
    """A bare bot: says what it is told, with as many ready pictures as it is told."""

    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents.default(),
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )
        self.tree = app_commands.CommandTree(self)
        pictures = [drawn(n) for n in range(len(EMOJI))]

        @self.tree.command(description="Echo")
        async def search(interaction: discord.Interaction[Any], query: str, count: int = 0) -> None:
            files = [
                discord.File(BytesIO(content), f"{n}.webp", description=query)
                for n, content in enumerate(pictures[:count], 1)
            ]
            await interaction.response.send_message(query, files=files)

    async def setup_hook(self) -> None:
        await self.tree.sync()


async def echo() -> None:
    """Run the bare bot until stdin ends."""
    async with Echo() as client:
        await client.login(TOKEN)
        connection = asyncio.create_task(client.connect())
        await client.wait_until_ready()
        await measured()
        connection.cancel()


async def babelpix(data_dir: Path) -> None:
    """Run Babelpix on running services until stdin ends."""
    settings = BotSettings(
        _env_file=None,
        data_dir=data_dir,
        limit_per_person=UNLIMITED,
        limit_per_collection=UNLIMITED,
    )
    async with opened(App(settings, service_urls(settings))) as app:
        bot = DiscordBot(app.conversation, FrontendOptions(discord_token=TOKEN))
        await bot.start()
        await measured()
        await bot.stop()


async def measured() -> None:
    """Answer each line with the processor time used so far."""
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(time.process_time(), flush=True)


def main() -> None:
    """Send discord.py to the addresses given, and run one of the bots."""
    kind, rest, cdn, gateway, *data_dir = sys.argv[1:]
    with ExitStack() as redirected:
        redirected.enter_context(patch.object(Route, "BASE", rest))
        redirected.enter_context(patch.object(Asset, "BASE", cdn))
        redirected.enter_context(patch.object(DiscordWebSocket, "DEFAULT_GATEWAY", URL(gateway)))
        asyncio.run(echo() if kind == "echo" else babelpix(Path(data_dir[0])))


if __name__ == "__main__":
    main()
