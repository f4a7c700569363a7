"""Trying again what will work in a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
import discord

from bot.core.errors import UnavailableError

T = TypeVar("T")
NETWORK_ERRORS = (aiohttp.ClientError, OSError)
PASSING = (UnavailableError, discord.DiscordServerError, *NETWORK_ERRORS)
"""What is over after a while, without anybody having to do anything."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the long work is; tests are in more of a hurry."""

    edit_every_s: float = 3.0
    """Between two changes of a progress message."""
    busy_at: int = 300
    """Pictures still being prepared, from which on an import waits."""
    busy_pause_s: float = 5.0
    first_pause_s: float = 2.0
    longest_pause_s: float = 60.0
    download_timeout_s: float = 60.0
    policy_holds_s: float = 30.0

    def pauses(self, count: int | None = None) -> Iterator[float]:
        """Yield how long to wait before each further try."""
        pause = self.first_pause_s
        while count is None or count > 0:
            yield pause
            pause = min(2 * pause, self.longest_pause_s)
            count = None if count is None else count - 1


async def insist(attempt: Callable[[], Awaitable[T]], pauses: Iterator[float]) -> T:
    """Try until it works or the pauses are used up; then the last error is raised."""
    while True:
        try:
            return await attempt()
        except PASSING:
            pause = next(pauses, None)
            if pause is None:
                raise
        await asyncio.sleep(pause)
