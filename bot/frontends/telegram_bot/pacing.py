"""Sending at the pace that Telegram allows, without one chat stopping the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from aiolimiter import AsyncLimiter
from cachetools import TTLCache
from telegram.error import ChatMigrated, RetryAfter

from bot.frontends.telegram_bot.limits import (
    FLOOD_CHAT_A_SECOND,
    FLOOD_GROUP_A_MINUTE,
    FLOOD_OVERALL_A_SECOND,
)
from bot.frontends.telegram_bot.places import is_group
from bot.frontends.telegram_bot.transport import NotSentError

T = TypeVar("T")
Send = Callable[[int], Awaitable[T]]
"""Sends to the chat with this id, which can change on the way."""

BURST_S = 20
"""Telegram lets a chat have some messages at once, if they are not more than one a second later."""
_ATTEMPTS = 4
_FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 65.0
"""Telegram's limit for groups is counted by the minute; later nobody waits for the answer."""
_MAX_CHATS = 10_000
_CHAT_KEPT_S = 600

logger = logging.getLogger(__name__)


class Pace:
    """Knows when which chat may be written to."""

    def __init__(
        self,
        moved: Callable[[int, int], Awaitable[None]],
        overall_a_second: int = FLOOD_OVERALL_A_SECOND,
    ) -> None:
        """With 0 a second, pause only when Telegram says so."""
        self._moved = moved
        self._overall = AsyncLimiter(overall_a_second, 1) if overall_a_second else None
        self._chats: TTLCache[int, AsyncLimiter] = TTLCache(_MAX_CHATS, _CHAT_KEPT_S)
        self._paused: TTLCache[int, float] = TTLCache(_MAX_CHATS, _CHAT_KEPT_S)

    async def send(self, chat_id: int, send: Send[T]) -> T:
        """Send when it may be sent; again if it has surely not arrived. Raises TelegramError."""
        pause_s = _FIRST_PAUSE_S
        for _attempt in range(_ATTEMPTS - 1):
            try:
                await self._turn(chat_id)
                return await send(chat_id)
            except ChatMigrated as error:
                await self._moved(chat_id, error.new_chat_id)
                chat_id = error.new_chat_id
            except RetryAfter as error:
                self._pause(chat_id, error)
            except NotSentError as error:
                # Whatever else went wrong may have arrived, or would fare no better.
                logger.info("telegram_sending_again", extra={"error": type(error).__name__})
                await asyncio.sleep(pause_s)
                pause_s *= 4
        await self._turn(chat_id)
        return await send(chat_id)

    async def _turn(self, chat_id: int) -> None:
        """Wait until a chat may be written to: what Telegram has asked for, then the limits."""
        left_s = self._paused.get(chat_id, 0.0) - asyncio.get_running_loop().time()
        if left_s > 0:
            await asyncio.sleep(left_s)
        if self._overall is None:
            return
        limiter = self._chats.get(chat_id)
        if limiter is None:
            if is_group(chat_id):
                limiter = AsyncLimiter(FLOOD_GROUP_A_MINUTE, 60)
            else:
                limiter = AsyncLimiter(BURST_S * FLOOD_CHAT_A_SECOND, BURST_S)
        self._chats[chat_id] = limiter
        # First the chat's own: whoever waits there must not hold up the others.
        await limiter.acquire()
        await self._overall.acquire()

    def _pause(self, chat_id: int, error: RetryAfter) -> None:
        """Leave a chat alone for as long as Telegram says; raises what is too long."""
        pause = error.retry_after
        pause_s = pause.total_seconds() if isinstance(pause, timedelta) else float(pause)
        logger.info("telegram_flood", extra={"pause_s": pause_s})
        if pause_s > LONGEST_PAUSE_S:
            raise error
        self._paused[chat_id] = asyncio.get_running_loop().time() + pause_s
