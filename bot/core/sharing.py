"""Work that several askers wait for is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Joins identical work under way: whoever comes while it is done gets the same result.

    An asker who gives up does not take the work away from the others.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[T]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return what ``work`` returns, or what the same work under way will return."""
        return await asyncio.shield(self.begin(key, work))

    def begin(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        """Begin work that somebody is likely to :meth:`run` soon, unless it is under way."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.ensure_future(_awaited(work))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return task

    def forget(self, key: Hashable) -> None:
        """Have the next asker begin anew; those who wait already go on waiting."""
        self._under_way.pop(key, None)

    def _forget(self, key: Hashable, task: asyncio.Task[T]) -> None:
        if self._under_way.get(key) is task:
            del self._under_way[key]
        if not task.cancelled():
            task.exception()  # retrieved, should nobody wait any more


class SharedFresh(Generic[T]):
    """Joins identical reads that have not begun yet: nobody gets what was read before he asked.

    While one read is under way, all who come wait for the next one, together.
    """

    def __init__(self) -> None:
        self._reading: dict[Hashable, asyncio.Task[T]] = {}
        self._next: Shared[T] = Shared()

    async def run(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """Return what a read that begins from now on returns."""
        current = self._reading.get(key)

        async def begin() -> T:
            if current is not None:
                await asyncio.wait({current})
            task = asyncio.ensure_future(_awaited(read))
            self._reading[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
            # The read begins now: whoever comes from here on needs another one.
            self._next.forget(key)
            return await asyncio.shield(task)

        return await self._next.run(key, begin)

    def _forget(self, key: Hashable, task: asyncio.Task[T]) -> None:
        if self._reading.get(key) is task:
            del self._reading[key]
        if not task.cancelled():
            task.exception()


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
