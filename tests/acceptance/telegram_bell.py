"""Waiting for what happens on the fake Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

WAIT_S = 60.0


class Bell:
    """Wakes those who wait for something to change."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Say that something has changed."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done() and not future.get_loop().is_closed():
                future.set_result(None)

    async def wait_for(
        self, condition: Callable[[], object], timeout_s: float | None = WAIT_S
    ) -> None:
        """Wait until a condition holds; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                future = asyncio.get_running_loop().create_future()
                self._waiting.add(future)
                try:
                    await future
                finally:
                    self._waiting.discard(future)
