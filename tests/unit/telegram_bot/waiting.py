"""Loggers as they were before, and waiting for what happens on its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.frontends.telegram_bot.discretion import LIBRARIES


@contextmanager
def kept_loggers() -> Iterator[None]:
    """Undo the silence of the libraries after a test."""
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    before = [(one, one.level, one.propagate, one.handlers[:]) for one in loggers]
    try:
        yield
    finally:
        for one, level, propagate, handlers in before:
            one.setLevel(level)
            one.propagate = propagate
            one.handlers[:] = handlers


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is true in this process."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)
