"""Updates are handled at the same time, but those of one chat one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Update
from telegram.ext import BaseUpdateProcessor

MAX_CONCURRENT_UPDATES = 1024
"""Chats that are answered at once; some of them may be waiting out a flood."""
_MAX_KNOWN_UPDATES = 100_000
"""Updates that wait for their turn count as being handled for python-telegram-bot."""


class ChatOrder(BaseUpdateProcessor):
    """Has updates handled in the order of their chat, and can give them up."""

    def __init__(self, is_taken: Callable[[Update], bool] = lambda _update: False) -> None:
        super().__init__(_MAX_KNOWN_UPDATES)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._last: dict[int, asyncio.Future[None]] = {}
        self._free = asyncio.Semaphore(MAX_CONCURRENT_UPDATES)
        self.is_taken = is_taken
        """Takes in what belongs to an update that is being handled, out of order."""

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Handle an update when those before it in its chat are done."""
        if not isinstance(update, Update) or self.is_taken(update):
            _close(coroutine)
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is a coroutine
        self._tasks.add(task)
        chat_id = _chat_of(update)
        before = self._last.get(chat_id) if chat_id else None
        done = asyncio.get_running_loop().create_future()
        if chat_id:
            self._last[chat_id] = done
        try:
            if before is not None:
                await asyncio.wait({before})
            async with self._free:
                await coroutine
        finally:
            done.set_result(None)
            if self._last.get(chat_id) is done:
                del self._last[chat_id]
            self._tasks.discard(task)
            _close(coroutine)

    def cancel(self) -> None:
        """Give up what is being handled."""
        for task in self._tasks:
            task.cancel()

    async def initialize(self) -> None:
        """Do nothing; the base class asks for it."""

    async def shutdown(self) -> None:
        """Do nothing; the base class asks for it."""


def _chat_of(update: Update) -> int:
    """Return the chat in which order matters; 0 where it does not: in inline mode."""
    if update.inline_query is not None:
        return 0
    chat = update.effective_chat
    return chat.id if chat is not None else 0


def _close(coroutine: Awaitable[Any]) -> None:
    """Let go of what will not be awaited; nothing happens to what has ended."""
    close = getattr(coroutine, "close", None)
    if close is not None:
        close()
