"""Recent questions in Redis. A cache that is down is a cache that is empty."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import struct
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter

from redis.asyncio import Redis
from redis.exceptions import RedisError

from db.errors import DatabaseUnavailableError
from db.records import MatchRecord

VECTOR_TTL_S = 7 * 24 * 3600
PAGE_TTL_S = 3600
PAGING_TTL_S = 7 * 24 * 3600

_VERSION = 3
"""Grows when the meaning of a cached value changes, so that old ones are not misread."""

Curve = tuple[float, float]
"""Slope and offset."""
_CURVE = struct.Struct("<2f")
_NO_CURVE = (math.nan, math.nan)

_FIELDS = tuple(field.name for field in fields(MatchRecord))
_values = attrgetter(*_FIELDS)

logger = logging.getLogger(__name__)


class RedisQueryCache:
    """Vectors by text tower, result pages by collection version, questions behind buttons."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get_vector(self, text_revision: str, text: str) -> tuple[bytes, Curve | None] | None:
        """Return the vector of a question asked before (float16 bytes), and its curve if any."""
        written = await self._get(_vector_key(text_revision, text))
        if written is None:
            return None
        end = len(written) - _CURVE.size
        slope, offset = _CURVE.unpack_from(written, end)
        return written[:end], None if math.isnan(slope) else (slope, offset)

    async def put_vector(
        self, text_revision: str, text: str, vector: bytes, curve: Curve | None = None
    ) -> None:
        """Remember the vector of a question, and its curve behind it."""
        written = vector + _CURVE.pack(*(curve or _NO_CURVE))
        await self._put(_vector_key(text_revision, text), written, VECTOR_TTL_S)

    async def get_page(self, name: str) -> list[MatchRecord] | None:
        """Return a stretch of results; ``name`` holds collection, version and query."""
        written = await self._get(f"r:{_VERSION}:{name}")
        if written is None:
            return None
        return [
            MatchRecord(**row | {"added_at": datetime.fromisoformat(row["added_at"])})
            for row in json.loads(written)
        ]

    async def put_page(self, name: str, matches: Sequence[MatchRecord]) -> None:
        """Remember a stretch of results."""
        # Not asdict: it copies every value, and there are 60 of these.
        rows = [
            dict(zip(_FIELDS, _values(match), strict=True))
            | {"added_at": match.added_at.isoformat()}
            for match in matches
        ]
        written = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
        await self._put(f"r:{_VERSION}:{name}", written, PAGE_TTL_S)

    async def get_count(self, name: str) -> int | None:
        """Return how many pictures an answer has; ``name`` as for :meth:`get_page`."""
        written = await self._get(f"n:{_VERSION}:{name}")
        return None if written is None else int(written)

    async def put_count(self, name: str, count: int) -> None:
        """Remember how many pictures an answer has."""
        await self._put(f"n:{_VERSION}:{name}", str(count).encode(), PAGE_TTL_S)

    async def save_paging(self, token: str, query: str) -> None:
        """Keep what is behind a button; raises DatabaseUnavailableError."""
        try:
            await self._redis.set(f"p:{token}", query.encode(), ex=PAGING_TTL_S)
        except (RedisError, OSError) as error:
            raise DatabaseUnavailableError("Redis is not reachable") from error

    async def load_paging(self, token: str) -> str | None:
        """Return what is behind a button; raises DatabaseUnavailableError."""
        try:
            written = await self._redis.get(f"p:{token}")
        except (RedisError, OSError) as error:
            raise DatabaseUnavailableError("Redis is not reachable") from error
        return written.decode() if isinstance(written, bytes) else None

    async def _get(self, key: str) -> bytes | None:
        try:
            value = await self._redis.get(key)
        except (RedisError, OSError) as error:
            logger.warning("cache_unavailable", extra={"error": type(error).__name__})
            return None
        return value if isinstance(value, bytes) else None

    async def _put(self, key: str, value: bytes, ttl_s: int) -> None:
        try:
            await self._redis.set(key, value, ex=ttl_s)
        except (RedisError, OSError) as error:
            logger.warning("cache_unavailable", extra={"error": type(error).__name__})


def _vector_key(text_revision: str, text: str) -> str:
    return f"q:{_VERSION}:{text_revision}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
