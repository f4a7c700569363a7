"""How long searches take: one asker after another's heels, and two at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")
ASKERS = 2
_WARM_UP = 10


@dataclass(frozen=True, slots=True)
class Timed(Generic[T]):
    """Answers in the order of their questions, and how long a lone asker waited for each."""

    answers: tuple[T, ...]
    times_ms: tuple[float, ...]
    per_second: float
    """With two askers at once; 0 where they did not ask."""

    def percentile(self, percent: float) -> float:
        """Return a percentile of the times of a lone asker, in ms."""
        return float(np.percentile(self.times_ms, percent))

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """p50, p95, p99 and questions a second, for a table."""
        p50, p95, p99 = (f"{self.percentile(percent):.2f}" for percent in (50, 95, 99))
        per_second = f"{self.per_second:.0f}" if self.per_second else "–"
        return p50, p95, p99, per_second


async def timed(ask: Callable[[int], Awaitable[T]], count: int, *, crowd: bool = True) -> Timed[T]:
    """Ask ``count`` questions one by one, after a few to warm up, then once more by two askers."""
    for n in range(min(_WARM_UP, count)):
        await ask(n)
    answers, times = [], []
    for n in range(count):
        began = time.perf_counter()
        answers.append(await ask(n))
        times.append((time.perf_counter() - began) * 1000)
    per_second = 0.0
    if crowd:

        async def some(first: int) -> None:
            for n in range(first, count, ASKERS):
                await ask(n)

        began = time.perf_counter()
        await asyncio.gather(*(some(first) for first in range(ASKERS)))
        per_second = count / (time.perf_counter() - began)
    return Timed(tuple(answers), tuple(times), per_second)


async def timed_in_threads(ask: Callable[[int], T], count: int) -> Timed[T]:
    """Do the same with a library that computes in the asking thread."""
    for n in range(min(_WARM_UP, count)):
        ask(n)
    answers, times = [], []
    for n in range(count):
        began = time.perf_counter()
        answers.append(ask(n))
        times.append((time.perf_counter() - began) * 1000)
    with ThreadPoolExecutor(ASKERS) as pool:
        began = time.perf_counter()
        list(pool.map(ask, range(count)))
        per_second = count / (time.perf_counter() - began)
    return Timed(tuple(answers), tuple(times), per_second)
