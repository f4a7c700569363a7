"""A bare python-telegram-bot, for the fake's own tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram import Bot, Message, Update

from tests.acceptance.telegram_server import TelegramServer


@asynccontextmanager
async def bare_bot(server: TelegramServer) -> AsyncIterator[Bot]:
    """Lend a bot that has the server's address and nothing else changed."""
    async with Bot(server.token, f"{server.url}/bot", f"{server.url}/file/bot") as bot:
        yield bot


async def hear(bot: Bot, number: int, *, allowed: list[str] | None = None) -> list[Update]:
    """Fetch so many updates, and confirm them."""
    heard: list[Update] = []
    offset = None
    while len(heard) < number:
        heard += await bot.get_updates(
            offset, number - len(heard), timeout=10, allowed_updates=allowed
        )
        offset = heard[-1].update_id + 1
    # What comes after is fetched but not confirmed, and so comes again.
    await bot.get_updates(offset, 1)
    return heard


async def hear_messages(bot: Bot, number: int) -> list[Message]:
    """Fetch so many updates that are messages."""
    messages = [update.effective_message for update in await hear(bot, number)]
    assert all(messages)
    return [message for message in messages if message is not None]
