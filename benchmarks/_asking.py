"""Asking questions at a given concurrency, and what it took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np


class UnansweredError(Exception):
    """A question got no answer; the message is what was said instead."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of questions took."""

    latencies_ms: Sequence[float]
    """Of the questions that were answered."""
    took_s: float
    unanswered: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies_ms) / self.took_s

    def percentile_ms(self, percent: float) -> float:
        """Return the latency that so many per cent of the questions stayed below."""
        return float(np.percentile(self.latencies_ms, percent))


async def ask_all(
    texts: Sequence[str], concurrency: int, ask: Callable[[str], Awaitable[object]]
) -> Round:
    """Have so many people ask at once, each one question after the other until all are asked."""
    left = iter(texts)
    latencies: list[float] = []

    async def person() -> None:
        for text in left:
            asked = time.perf_counter()
            with suppress(UnansweredError):
                await ask(text)
                latencies.append((time.perf_counter() - asked) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(person() for _ in range(concurrency)))
    took_s = time.perf_counter() - began
    return Round(latencies, took_s, len(texts) - len(latencies))


def combined(rounds: Sequence[Round]) -> Round:
    """Return all latencies of some rounds, with the rate of the median one."""
    rate = float(np.median([one.rate for one in rounds]))
    latencies = [ms for one in rounds for ms in one.latencies_ms]
    return Round(latencies, len(latencies) / rate, sum(one.unanswered for one in rounds))
