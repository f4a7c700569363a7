"""Updates from Telegram by long polling, through outages of any length."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from telegram.error import TelegramError

from bot.frontends.telegram_bot.dispatch import WANTED
from bot.frontends.telegram_bot.link import Contact, Link

POLL = timedelta(seconds=25)
_CONFIRM_TIMEOUT_S = 0.4


class Polling(Link):
    """Fetches updates as they come."""

    _offset: int | None = None

    async def prepare(self) -> None:
        """Take back a webhook: where one is set, Telegram refuses to be polled."""
        await self.bot.delete_webhook()

    async def receive(self) -> None:
        """Wait for the next updates."""
        updates = await self.bot.get_updates(
            offset=self._offset, timeout=POLL, allowed_updates=WANTED
        )
        for update in updates:
            await self.queue.put(update)
            self._offset = update.update_id + 1

    async def close(self) -> None:
        """Tell Telegram which updates not to send again after a restart."""
        if self._offset is None or self.contact is not Contact.REACHED:
            return
        with contextlib.suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(_CONFIRM_TIMEOUT_S):
                await self.bot.get_updates(offset=self._offset, limit=1, allowed_updates=WANTED)
