"""Recent questions in Redis, by collection and person, to suggest them while somebody types."""

from __future__ import annotations

import logging
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

from db.errors import DatabaseUnavailableError

TTL_S = 30 * 24 * 3600
OWN_KEPT = 50
"""Questions kept of one person in one collection."""
SHARED_KEPT = 200
"""Questions kept of one collection."""

logger = logging.getLogger(__name__)


class RecentQuestions:
    """Sorted sets by time; a shared question carries its asker, so that it can be forgotten."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def remember(
        self, collection: str, person_id: str, question: str, *, is_public: bool
    ) -> None:
        """Keep a question; a Redis that is down forgets it."""
        now = time.time()
        own, shared, places = _own(collection, person_id), _shared(collection), _places(person_id)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zadd(own, {question: now})
                pipe.zremrangebyrank(own, 0, -OWN_KEPT - 1)
                pipe.expire(own, TTL_S)
                if is_public:
                    pipe.zadd(shared, {f"{person_id}\n{question}": now})
                    pipe.zremrangebyrank(shared, 0, -SHARED_KEPT - 1)
                    pipe.expire(shared, TTL_S)
                pipe.sadd(places, collection)
                pipe.expire(places, TTL_S)
                await pipe.execute()
        except (RedisError, OSError) as error:
            logger.warning("question_not_remembered", extra={"error": type(error).__name__})

    async def recent(self, collection: str, person_id: str) -> list[str]:
        """Return the person's own questions, the last first, then those of the others."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zrange(_own(collection, person_id), 0, -1, desc=True)
                pipe.zrange(_shared(collection), 0, -1, desc=True)
                own, shared = await pipe.execute()
        except (RedisError, OSError) as error:
            logger.warning("questions_not_recalled", extra={"error": type(error).__name__})
            return []
        questions = [item.decode() for item in own]
        return questions + [item.decode().partition("\n")[2] for item in shared]

    async def forget(self, person_id: str) -> None:
        """Delete a person's questions everywhere; raises DatabaseUnavailableError."""
        try:
            places: set[bytes] = await self._redis.smembers(_places(person_id))  # type: ignore[assignment]
            for collection in (place.decode() for place in places):
                shared: list[bytes] = await self._redis.zrange(_shared(collection), 0, -1)  # type: ignore[assignment]
                theirs = [item for item in shared if item.startswith(f"{person_id}\n".encode())]
                if theirs:
                    await self._redis.zrem(_shared(collection), *theirs)
                await self._redis.delete(_own(collection, person_id))
            await self._redis.delete(_places(person_id))
        except (RedisError, OSError) as error:
            raise DatabaseUnavailableError("Redis is not reachable") from error


def _own(collection: str, person_id: str) -> str:
    return f"h:1:{collection}:{person_id}"


def _shared(collection: str) -> str:
    return f"h:1:{collection}"


def _places(person_id: str) -> str:
    return f"hp:1:{person_id}"
