"""What nobody waits for: it is done while the answer is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


class Behind:
    """Writes under way. They deal with their own failures."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self, writing: Coroutine[None, None, None]) -> None:
        """Write something from now on."""
        task = asyncio.create_task(writing, name="written-behind")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settled(self) -> None:
        """Wait until everything is written."""
        while self._under_way:
            await asyncio.wait(self._under_way)
