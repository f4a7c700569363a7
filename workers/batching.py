"""Questions gathered into batches on the bot's side, without a timer.

A lone question leaves at once. While a task is under way a second one may wait at the worker's
door, so that the worker never waits for the bot; it leaves once it carries at least as many
questions as the one before it. A crowd so stays in large batches, however its questions trickle
in, and nobody waits longer than until a task comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from workers import contract

MAX_IN_FLIGHT = 2
"""Tasks under way at a time: one is encoded while the next waits at the worker's door."""

RowT = TypeVar("RowT")
"""What becomes of one question."""


@dataclass(eq=False, slots=True)
class _Question(Generic[RowT]):
    text: str
    revision: str
    answer: asyncio.Future[RowT] = field(default_factory=asyncio.Future)


class Batches(Generic[RowT]):
    """Sends what is asked at the same time together, up to ``contract.MAX_BATCH`` a task."""

    def __init__(self, send: Callable[[str, list[str]], Awaitable[Sequence[RowT]]]) -> None:
        """``send`` has the text tower of a revision encode texts; it returns as many rows."""
        self._send = send
        self._waiting: list[_Question[RowT]] = []
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._is_leaving = False

    async def ask(self, text: str, revision: str) -> RowT:
        """Return what became of one question; raises what sending its batch raised."""
        question: _Question[RowT] = _Question(text, revision)
        self._waiting.append(question)
        self._leave_soon()
        return await question.answer

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way and nobody waits."""
        return not self._under_way and not self._waiting

    def close(self) -> list[asyncio.Task[None]]:
        """Fail what waits; returns the tasks under way, to be cancelled."""
        for question in self._waiting:
            question.answer.cancel()
        self._waiting.clear()
        return list(self._under_way)

    def _leave_soon(self) -> None:
        """Let all who ask in this turn of the loop go together."""
        if not self._is_leaving:
            self._is_leaving = True
            asyncio.get_running_loop().call_soon(self._leave)

    def _leave(self) -> None:
        self._is_leaving = False
        while batch := self._next_batch():
            task = asyncio.create_task(self._carry(batch), name="encode-text")
            self._under_way[task] = len(batch)
            task.add_done_callback(self._arrived)

    def _next_batch(self) -> list[_Question[RowT]]:
        """Take what may leave now, questions to one text tower."""
        # Whoever has given up is not waited for any more.
        self._waiting = [question for question in self._waiting if not question.answer.done()]
        if not self._waiting or len(self._under_way) >= MAX_IN_FLIGHT:
            return []
        revision = self._waiting[0].revision
        batch = [q for q in self._waiting if q.revision == revision][: contract.MAX_BATCH]
        if len(batch) < min(self._under_way.values(), default=0):
            return []
        taken = set(batch)
        self._waiting = [question for question in self._waiting if question not in taken]
        return batch

    def _arrived(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._leave_soon()

    async def _carry(self, batch: list[_Question[RowT]]) -> None:
        try:
            rows = await self._send(batch[0].revision, [question.text for question in batch])
            for question, row in zip(batch, rows, strict=True):
                if not question.answer.done():
                    question.answer.set_result(row)
        except Exception as error:
            for question in batch:
                if not question.answer.done():
                    question.answer.set_exception(error)
        finally:
            for question in batch:
                question.answer.cancel()  # does nothing to those that are answered
