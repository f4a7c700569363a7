"""Small notes of the front-ends in Redis, each with a time to live."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

_PREFIX = "note:1:"

logger = logging.getLogger(__name__)


class Notes:
    """Notes, claims and sets by name. A Redis that is down knows nothing and keeps nothing."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, names: Sequence[str]) -> list[str | None]:
        """Return notes by their names, in order."""
        found: list[bytes | str | None] = [None] * len(names)
        if names:
            with _forgiving():
                found = await self._redis.mget([_PREFIX + name for name in names])
        return [None if value is None else _text(value) for value in found]

    async def put(self, notes: Mapping[str, str], ttl_s: int) -> None:
        """Keep notes, over older ones of the same names."""
        with _forgiving():
            async with self._redis.pipeline(transaction=False) as pipe:
                for name, value in notes.items():
                    pipe.set(_PREFIX + name, value, ex=ttl_s)
                await pipe.execute()

    async def forget(self, names: Sequence[str]) -> None:
        """Throw notes and sets away."""
        if names:
            with _forgiving():
                await self._redis.delete(*(_PREFIX + name for name in names))

    async def claim(self, name: str, ttl_s: int) -> bool:
        """Return True to the first who claims a name; also when nobody can be asked."""
        is_first = True
        with _forgiving():
            is_first = bool(await self._redis.set(_PREFIX + name, "1", nx=True, ex=ttl_s))
        return is_first  # noqa: RET504 - what fails in the block is passed over

    async def add(self, name: str, member: str, ttl_s: int) -> None:
        """Put something into a set and keep the set for so long."""
        with _forgiving():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.sadd(_PREFIX + name, member)
                pipe.expire(_PREFIX + name, ttl_s)
                await pipe.execute()

    async def remove(self, name: str, member: str) -> None:
        """Take something out of a set."""
        with _forgiving():
            await self._redis.srem(_PREFIX + name, member)

    async def members(self, name: str) -> frozenset[str]:
        """Return what is in a set."""
        found: set[bytes] = set()
        with _forgiving():
            found = await self._redis.smembers(_PREFIX + name)  # type: ignore[assignment]
        return frozenset(_text(member) for member in found)


@contextmanager
def _forgiving() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        logger.warning("notes_unavailable", extra={"error": type(error).__name__})


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
