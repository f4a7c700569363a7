"""Whose forward pass is next: people's questions go before pictures taken in, and those before
pictures encoded anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Precedence:
    """One piece of work at a time; what somebody waits for goes before bulk. Thread-safe.

    A lock alone would let a bulk ingest, which asks for it all the time, keep others out.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_busy = False
        self.urgent_count = 0
        """How many wait for the next turn."""
        self.bulk_count = 0
        """How many wait with bulk."""

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """Be the next one, as soon as what is being done is done."""
        with self._changed:
            self.urgent_count += 1
            try:
                self._changed.wait_for(lambda: not self._is_busy)
                self._is_busy = True
            finally:
                self.urgent_count -= 1
        yield from self._until_done()

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Have a turn when nothing urgent waits; keep it short."""
        with self._changed:
            self.bulk_count += 1
            try:
                self._changed.wait_for(lambda: not (self._is_busy or self.urgent_count))
                self._is_busy = True
            finally:
                self.bulk_count -= 1
        yield from self._until_done()

    @contextmanager
    def spare(self) -> Iterator[None]:
        """Have a turn when nothing else waits for one; keep it short."""
        with self._changed:
            self._changed.wait_for(
                lambda: not (self._is_busy or self.urgent_count or self.bulk_count)
            )
            self._is_busy = True
        yield from self._until_done()

    def _until_done(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._changed:
                self._is_busy = False
                self._changed.notify_all()
