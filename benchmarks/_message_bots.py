"""The bots that ``messages.py`` measures, each in a process of its own.

    python -m benchmarks._message_bots httpx|aiohttp|babelpix URL [DATA_DIR]

The first two are bare python-telegram-bot, which echo: a text, or what the text names. Says
"ready" when it is connected; answers each line on stdin with the processor time it has used, in
seconds, and ends with stdin.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any

from telegram import InputMediaPhoto, Message, Update
from telegram.error import BadRequest
from telegram.ext import ApplicationBuilder, CallbackContext, MessageHandler, filters

from benchmarks._interaction_bots import EMOJI, UNLIMITED, drawn, measured
from bot.app import App, opened
from bot.frontends.base import FrontendOptions
from bot.frontends.telegram_bot import TelegramBot
from bot.frontends.telegram_bot.connection import MAX_CONCURRENT_UPDATES
from bot.frontends.telegram_bot.photos import as_photo
from bot.frontends.telegram_bot.transport import AiohttpRequest
from bot.services import service_urls
from bot.settings import BotSettings
from tests.acceptance.telegram_server import TOKEN

PICTURES = 5
PHOTO, ALBUM, AGAIN = "photo", "album", "album by file_id"
"""What the bare bots send when they are told this; they echo anything else."""


class Echo:
    """A bare bot."""

    def __init__(self) -> None:
        self._photos = [as_photo(drawn(n)) for n in range(len(EMOJI[:PICTURES]))]
        self._file_ids: list[str] = []

    async def answer(self, update: Update, _context: CallbackContext[Any, Any, Any, Any]) -> None:
        """Do what a message says."""
        message = update.message
        assert message is not None
        if message.text == PHOTO:
            await message.reply_photo(self._photos[0], caption=PHOTO)
        elif message.text == ALBUM:
            await self._send_album(message, self._photos)
        elif message.text == AGAIN:
            if not self._file_ids:
                sent = await self._send_album(message, self._photos)
                self._file_ids = [one.photo[-1].file_id for one in sent]
                return
            try:
                await self._send_album(message, self._file_ids)
            except BadRequest as error:
                await message.reply_text(error.message)
        else:
            await message.reply_text(message.text or "")

    @staticmethod
    async def _send_album(message: Message, photos: list[Any]) -> tuple[Message, ...]:
        album = [InputMediaPhoto(one, caption=f"{n} · cat") for n, one in enumerate(photos, 1)]
        return await message.reply_media_group(album)


async def echo(transport: str, url: str) -> None:
    """Run a bare bot until stdin ends."""
    builder = (
        ApplicationBuilder()
        .token(TOKEN)
        .base_url(f"{url}/bot")
        .base_file_url(f"{url}/file/bot")
        .concurrent_updates(MAX_CONCURRENT_UPDATES)
    )
    if transport == "aiohttp":
        polls = AiohttpRequest(pool_size=1)
        builder = builder.request(AiohttpRequest()).get_updates_request(polls)
    application = builder.build()
    application.add_handler(MessageHandler(filters.ALL, Echo().answer))
    assert application.updater is not None
    async with application:
        await application.start()
        await application.updater.start_polling(allowed_updates=[Update.MESSAGE])
        await measured()
        await application.updater.stop()
        await application.stop()


async def babelpix(url: str, data_dir: Path) -> None:
    """Run Babelpix on running services until stdin ends."""
    settings = BotSettings(
        _env_file=None,
        data_dir=data_dir,
        limit_per_person=UNLIMITED,
        limit_per_collection=UNLIMITED,
    )
    async with opened(App(settings, service_urls(settings))) as app:
        options = FrontendOptions(
            telegram_token=TOKEN,
            telegram_api_url=url,
            page_size=PICTURES,
            # Else it would wait for Telegram's limits most of the time.
            telegram_messages_a_second=0,
        )
        bot = TelegramBot(app.conversation, options)
        await bot.start()
        await measured()
        await bot.stop()


def main() -> None:
    """Run one of the bots."""
    kind, url, *data_dir = sys.argv[1:]
    os.environ["PTB_TIMEDELTA"] = "true"
    # An error of a bare bot, which would else be seen as a time-out only.
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(babelpix(url, Path(data_dir[0])) if data_dir else echo(kind, url))


if __name__ == "__main__":
    main()
