"""The real front-end on the real discord.py, connected to the fake Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any
from unittest.mock import patch

from yarl import URL

from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.discord_bot import DiscordBot
from tests.acceptance.discord_server import TOKEN, DiscordServer


@asynccontextmanager
async def discord_server() -> AsyncIterator[DiscordServer]:
    """Lend a Discord that discord.py takes for the only one."""
    server = DiscordServer()
    await server.start()
    try:
        with redirected(server):
            yield server
    finally:
        await server.stop()


def redirected(server: DiscordServer) -> ExitStack:
    """Send discord.py to a server's addresses; nothing else of the library is touched."""
    from discord.asset import Asset
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    stack = ExitStack()
    stack.enter_context(patch.object(Route, "BASE", server.url))
    stack.enter_context(patch.object(Asset, "BASE", server.cdn_url))
    stack.enter_context(patch.object(DiscordWebSocket, "DEFAULT_GATEWAY", URL(server.gateway.url)))
    return stack


def build_bot(
    conversation: ConversationPort, *, start_wait_s: float = 8.0, **more: Any
) -> DiscordBot:
    """Build a bot that tries again quickly."""
    options = FrontendOptions(**{"discord_token": TOKEN, **more})
    return DiscordBot(conversation, options, start_wait_s=start_wait_s, first_pause_s=0.05)


@asynccontextmanager
async def running_bot(conversation: ConversationPort, **more: Any) -> AsyncIterator[DiscordBot]:
    """Lend a connected bot."""
    bot = build_bot(conversation, **more)
    await bot.start()
    try:
        yield bot
    finally:
        await bot.stop()
