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

# One message to Redis for every question, whether it is remembered in one place or in two.
_REMEMBER = """
local now, ttl = ARGV[1], ARGV[2]
local function keep(key, member, limit)
  redis.call('ZADD', key, now, member)
  redis.call('ZREMRANGEBYRANK', key, 0, -limit - 1)
  redis.call('ZREMRANGEBYSCORE', key, 0, now - ttl)
  redis.call('EXPIRE', key, ttl)
end
keep(KEYS[1], ARGV[3], ARGV[4])
redis.call('SADD', KEYS[2], ARGV[5])
-- A shared question may be there until nobody has asked anything for that long.
redis.call('EXPIRE', KEYS[2], 2 * ttl)
if KEYS[3] then keep(KEYS[3], ARGV[6], ARGV[7]) end
"""

logger = logging.getLogger(__name__)


class RecentQuestions:
    """Sorted sets by time; a shared question carries its asker, so that it can be forgotten."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._remember = redis.register_script(_REMEMBER)

    async def remember(
        self, collection: str, person_id: str, question: str, *, is_public: bool
    ) -> None:
        """Keep a question; a Redis that is down forgets it."""
        keys = [_own(collection, person_id), _places(person_id)]
        values: list[str | float] = [time.time(), TTL_S, question, OWN_KEPT, collection]
        if is_public:
            keys.append(_shared(collection))
            values += [f"{person_id}\n{question}", SHARED_KEPT]
        try:
            await self._remember(keys, values)
        except (RedisError, OSError) as error:
            logger.warning("question_not_remembered", extra={"error": type(error).__name__})

    async def recent(self, collection: str, person_id: str) -> list[str]:
        """Return the person's own questions, the last first, then those of the others."""
        oldest = time.time() - TTL_S
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zrevrangebyscore(_own(collection, person_id), "+inf", oldest)
                pipe.zrevrangebyscore(_shared(collection), "+inf", oldest)
                own, shared = await pipe.execute()
        except (RedisError, OSError) as error:
            logger.warning("questions_not_recalled", extra={"error": type(error).__name__})
            return []
        questions = [item.decode() for item in own]
        return questions + [item.decode().partition("\n")[2] for item in shared]

    async def lately(self, limit: int) -> list[tuple[str, str]]:
        """Return (collection, question) of any place, each once; none if Redis is down.

        For numbers only: who asked has not agreed to be read elsewhere.
        """
        found: dict[tuple[str, str], None] = {}
        try:
            async for key in self._redis.scan_iter("h:1:*"):
                collection = key.decode().removeprefix("h:1:").partition("\n")[0]
                items: list[bytes] = await self._redis.zrevrange(key, 0, limit - 1)  # type: ignore[assignment]
                for item in items:
                    found[collection, item.decode()] = None
                if len(found) >= limit:
                    break
        except (RedisError, OSError) as error:
            logger.warning("questions_not_recalled", extra={"error": type(error).__name__})
        return list(found)[:limit]

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
    return f"h:1:{collection}\n{person_id}"


def _shared(collection: str) -> str:
    return f"hs:1:{collection}"


def _places(person_id: str) -> str:
    return f"hp:1:{person_id}"
