"""How updates come from Telegram, in one way or the other."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Enum

from telegram import Bot
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0

logger = logging.getLogger(__name__)


class Contact(Enum):
    """How the latest attempt to reach Telegram went."""

    REACHED = "reached"
    UNREACHABLE = "unreachable"
    CONTESTED = "contested"
    """Another process uses the same token."""
    REFUSED = "refused"
    """It does not know the token."""


class Link(ABC):
    """Connects, and puts updates into a queue until it is cancelled."""

    def __init__(
        self, bot: Bot, queue: asyncio.Queue[object], connect: Callable[[], Awaitable[None]]
    ) -> None:
        self.bot = bot
        self.queue = queue
        self._connect = connect
        self.contact: Contact | None = None
        """How the latest attempt went; None before the first has ended."""
        self.tried = asyncio.Event()
        """Set once the first attempt has ended."""

    async def run(self) -> None:
        """Connect and receive, again and again; returns only when the token is refused."""
        pause_s = FIRST_PAUSE_S
        is_connected = False
        while True:
            try:
                if not is_connected:
                    await self._connect()
                    await self.prepare()
                    is_connected = True
                    self.note(Contact.REACHED)
                await self.receive()
            except InvalidToken:
                self.note(Contact.REFUSED)
                return
            except Exception as error:
                is_contested = isinstance(error, Conflict)
                self.note(Contact.CONTESTED if is_contested else Contact.UNREACHABLE, error)
                await asyncio.sleep(max(pause_s, _asked_pause_s(error)))
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            self.note(Contact.REACHED)
            pause_s = FIRST_PAUSE_S

    @abstractmethod
    async def prepare(self) -> None:
        """Tell Telegram how updates are to come."""

    @abstractmethod
    async def receive(self) -> None:
        """Take updates in, for a while."""

    @abstractmethod
    async def close(self) -> None:
        """Take in no more; what was taken in is not to come again."""

    def note(self, contact: Contact, error: Exception | None = None) -> None:
        """Log changes, each once."""
        before, self.contact = self.contact, contact
        self.tried.set()
        if contact is before:
            return
        details = {"error": type(error).__name__} if error is not None else {}
        if isinstance(error, BadRequest):
            # About the address of a webhook, for instance.
            details["said"] = error.message
        if contact is Contact.REACHED:
            logger.info("telegram_connected")
        elif contact is Contact.REFUSED:
            logger.error("telegram_token_refused")
        elif contact is Contact.CONTESTED:
            # Telegram hands updates to one process only: this one, or the other, gets nothing.
            logger.error("telegram_token_used_elsewhere", extra=details)
        else:
            logger.warning("telegram_unreachable", extra=details)


def _asked_pause_s(error: Exception) -> float:
    if not isinstance(error, RetryAfter):
        return 0.0
    pause = error.retry_after
    return pause.total_seconds() if isinstance(pause, timedelta) else float(pause)
