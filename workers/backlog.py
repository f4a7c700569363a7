"""Bulk work of one worker, bounded so that a thread is always free for a question."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

MAX_ACTIVE = 2
"""Threads of a worker that ingest at a time, out of the four it has."""


class Backlog:
    """Chunks of pictures that wait for one of the few threads that ingest.

    A task that finds all of them busy leaves its chunk here and ends at once. Nothing is lost
    with this process: the rows are still pending, and the sweep finds them.
    """

    def __init__(self, work: Callable[[Sequence[int]], None], max_active: int = MAX_ACTIVE) -> None:
        self._work = work
        self._max_active = max_active
        self._chunks: deque[list[int]] = deque()
        self._waiting: set[int] = set()
        self._active = 0
        self._lock = threading.Lock()

    def put(self, image_ids: Sequence[int]) -> None:
        """Queue a chunk; if a place is free, work on everything queued before returning."""
        with self._lock:
            # The sweep may have queued again what waits here already.
            fresh = [image_id for image_id in image_ids if image_id not in self._waiting]
            if fresh:
                self._chunks.append(fresh)
                self._waiting.update(fresh)
            if self._active >= self._max_active:
                return
            self._active += 1
        try:
            while chunk := self._next():
                self._work(chunk)
        except BaseException:
            with self._lock:
                self._active -= 1
            raise

    def _next(self) -> list[int]:
        """Take a chunk; with none left, free the place under the same lock."""
        with self._lock:
            if not self._chunks:
                self._active -= 1
                return []
            chunk = self._chunks.popleft()
            self._waiting.difference_update(chunk)
            return chunk
