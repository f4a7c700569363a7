"""What nobody waits for: it is done while the answer is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

PAUSE_S = 0.005
"""By then the answer has left; what is written first takes its time."""


class Behind:
    """Writes under way. They deal with their own failures."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self, writing: Coroutine[None, None, None]) -> None:
        """Write something in a moment."""
        task = asyncio.create_task(_later(writing), name="written-behind")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settled(self) -> None:
        """Wait until everything is written that has begun by now: in a crowd more always comes."""
        if self._under_way:
            await asyncio.wait(self._under_way)


async def _later(writing: Coroutine[None, None, None]) -> None:
    try:
        await asyncio.sleep(PAUSE_S)
    except asyncio.CancelledError:
        writing.close()
        raise
    await writing
