"""Updates from Telegram by long polling, through outages of any length."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Enum

from telegram import Bot, Update
from telegram.error import InvalidToken, RetryAfter, TelegramError

WANTED = [Update.MESSAGE, Update.CALLBACK_QUERY]
POLL = timedelta(seconds=25)
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_CONFIRM_TIMEOUT_S = 0.4

logger = logging.getLogger(__name__)


class Contact(Enum):
    """How the latest attempt to reach Telegram went."""

    REACHED = "reached"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    """It does not know the token."""


class Polling:
    """Puts updates into a queue until it is cancelled."""

    def __init__(
        self, bot: Bot, queue: asyncio.Queue[object], connect: Callable[[], Awaitable[None]]
    ) -> None:
        self._bot = bot
        self._queue = queue
        self._connect = connect
        self._offset: int | None = None
        self._contact: Contact | None = None
        self.tried = asyncio.Event()
        """Set once the first attempt has ended."""

    @property
    def contact(self) -> Contact | None:
        """How the latest attempt went; None before the first has ended."""
        return self._contact

    async def run(self) -> None:
        """Connect and poll, again and again; returns only when the token is refused."""
        pause_s = _FIRST_PAUSE_S
        is_connected = False
        while True:
            try:
                if not is_connected:
                    await self._connect()
                    is_connected = True
                    self._note(Contact.REACHED)
                updates = await self._bot.get_updates(
                    offset=self._offset, timeout=POLL, allowed_updates=WANTED
                )
            except InvalidToken:
                self._note(Contact.REFUSED)
                return
            except Exception as error:
                self._note(Contact.UNREACHABLE, error)
                await asyncio.sleep(max(pause_s, _asked_pause_s(error)))
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                continue
            self._note(Contact.REACHED)
            pause_s = _FIRST_PAUSE_S
            for update in updates:
                await self._queue.put(update)
                self._offset = update.update_id + 1

    async def confirm(self) -> None:
        """Tell Telegram which updates not to send again after a restart."""
        if self._offset is None or self._contact is not Contact.REACHED:
            return
        with contextlib.suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(_CONFIRM_TIMEOUT_S):
                await self._bot.get_updates(offset=self._offset, limit=1, allowed_updates=WANTED)

    def _note(self, contact: Contact, error: Exception | None = None) -> None:
        """Log changes, each once."""
        before, self._contact = self._contact, contact
        self.tried.set()
        if contact is before:
            return
        details = {"error": type(error).__name__} if error is not None else {}
        if contact is Contact.REACHED:
            logger.info("telegram_connected")
        elif contact is Contact.REFUSED:
            logger.error("telegram_token_refused")
        else:
            logger.warning("telegram_unreachable", extra=details)


def _asked_pause_s(error: Exception) -> float:
    if not isinstance(error, RetryAfter):
        return 0.0
    pause = error.retry_after
    return pause.total_seconds() if isinstance(pause, timedelta) else float(pause)
