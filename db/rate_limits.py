"""Floods held back, by counters in Redis that all bots share."""

from __future__ import annotations

import logging
import time

from cachetools import TTLCache
from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

CROWDED_KEPT = 10_000
CROWDED_FOR_S = 120.0

logger = logging.getLogger(__name__)


class RateLimits:
    """How many questions one person, and all people of one collection, may ask.

    Limits are written as ``20/minute``; raises ValueError on anything else. A Redis that is down
    lets everything through.
    """

    def __init__(self, pool: ConnectionPool, *, per_person: str, per_collection: str) -> None:
        # The address is a formality: the pool knows where its Redis is.
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="limit",
            connection_pool=pool,  # type: ignore[arg-type] # taken, but not in its annotation
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._per_person = parse(per_person)
        self._per_collection = parse(per_collection)
        self._crowded: TTLCache[str, bool] = TTLCache(CROWDED_KEPT, CROWDED_FOR_S)

    async def admit(self, collection: str, person_id: str) -> float:
        """Count a question; returns 0, or in how many seconds the next one is welcome."""
        person = (self._per_person, ("person", person_id))
        everybody = (self._per_collection, ("collection", collection))
        try:
            # A place without room must not use up what its people may ask elsewhere: where it
            # was full lately, it is asked first whether it still is.
            if collection in self._crowded and not await self._limiter.test(
                everybody[0], *everybody[1]
            ):
                return await self._wait_s(*everybody)
            # The person first: one who floods must not use up what is there for all.
            if not await self._limiter.hit(person[0], *person[1]):
                return await self._wait_s(*person)
            if not await self._limiter.hit(everybody[0], *everybody[1]):
                self._crowded[collection] = True
                return await self._wait_s(*everybody)
        except (RedisError, OSError) as error:
            logger.warning("limits_unavailable", extra={"error": type(error).__name__})
        return 0.0

    async def _wait_s(self, item: RateLimitItem, names: tuple[str, ...]) -> float:
        stats = await self._limiter.get_window_stats(item, *names)
        return max(1.0, stats.reset_time - time.time())
