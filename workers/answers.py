"""Answers a worker has given lately: who asks again gets the same, without another forward pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from cachetools import LRUCache

ANSWERS_KEPT = 64


class Answers:
    """The latest answers by request. Thread-safe.

    A bot sends a task again when its answer takes long, and a worker under load must not do the
    work twice for that. Should this process die, another one knows nothing of it and does it.
    """

    def __init__(self, kept: int = ANSWERS_KEPT) -> None:
        self._kept: LRUCache[str, Future[bytes]] = LRUCache(kept)
        self._lock = threading.Lock()

    def get_or_make(self, request_id: str, make: Callable[[], bytes]) -> bytes:
        """Return the answer to a request, made once; waits where it is being made."""
        with self._lock:
            answer = self._kept.get(request_id)
            is_ours = answer is None
            if answer is None:
                answer = self._kept[request_id] = Future()
        if is_ours:
            try:
                answer.set_result(make())
            except BaseException as error:
                answer.set_exception(error)
                raise
        return answer.result()
