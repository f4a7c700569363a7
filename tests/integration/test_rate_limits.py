"""Floods held back, with Redis' clock turned by hand instead of waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import BlockingConnectionPool, Redis

from db.embedded import EmbeddedRedis
from db.rate_limits import RateLimits

HERE, THERE = "discord:guild:1", "discord:guild:2"
MINUTE_S = 60


@pytest.fixture
async def pool(redis_server: EmbeddedRedis) -> AsyncIterator[BlockingConnectionPool]:
    made = BlockingConnectionPool.from_url(redis_server.url, max_connections=8)
    yield made
    await made.disconnect()


async def _pass_time(redis: Redis, seconds: float) -> None:
    """Let all counters grow older."""
    for key in await redis.keys():
        left_ms = await redis.pttl(key) - round(seconds * 1000)
        if left_ms > 0:
            await redis.pexpire(key, left_ms)
        else:
            await redis.delete(key)


async def _ask(
    limits: RateLimits, times: int, *, where: str = HERE, who: str = "u:1"
) -> list[bool]:
    """Ask so many questions; returns which were let through."""
    return [await limits.admit(where, who) == 0 for _ in range(times)]


@pytest.mark.usefixtures("redis")
async def test_so_many_questions_and_not_one_more(pool: BlockingConnectionPool) -> None:
    limits = RateLimits(pool, per_person="5/minute", per_collection="100/minute")
    assert await _ask(limits, 7) == [True] * 5 + [False] * 2
    # Another place is no way round, another person is another person.
    assert await _ask(limits, 1, where=THERE) == [False]
    assert await _ask(limits, 6, who="u:2") == [True] * 5 + [False]


@pytest.mark.usefixtures("redis")
async def test_a_place_has_so_many_and_not_one_more(pool: BlockingConnectionPool) -> None:
    limits = RateLimits(pool, per_person="5/minute", per_collection="7/minute")
    assert await _ask(limits, 5, who="u:1") == [True] * 5
    assert await _ask(limits, 3, who="u:2") == [True] * 2 + [False]
    assert await _ask(limits, 1, who="u:3") == [False]
    assert await _ask(limits, 5, who="u:3", where=THERE) == [True] * 5


@pytest.mark.usefixtures("redis")
async def test_one_who_floods_does_not_use_up_what_is_there_for_the_others(
    pool: BlockingConnectionPool,
) -> None:
    limits = RateLimits(pool, per_person="2/minute", per_collection="6/minute")
    assert sum(await _ask(limits, 50, who="flood")) == 2
    for who in ("u:1", "u:2"):
        assert await _ask(limits, 2, who=who) == [True] * 2


async def test_what_was_refused_is_not_counted(pool: BlockingConnectionPool, redis: Redis) -> None:
    limits = RateLimits(pool, per_person="3/minute", per_collection="4/minute")
    assert await _ask(limits, 20) == [True] * 3 + [False] * 17
    await _pass_time(redis, 2 * MINUTE_S + 1)
    assert await _ask(limits, 4) == [True] * 3 + [False]
    # Nor against a person whom the place had no room for, but for the first to find it full.
    await _pass_time(redis, 2 * MINUTE_S + 1)
    assert await _ask(limits, 3, who="u:2") + await _ask(limits, 1, who="u:3") == [True] * 4
    assert await _ask(limits, 9, who="u:4") == [False] * 9
    assert await _ask(limits, 4, who="u:4", where=THERE) == [True] * 2 + [False] * 2
    assert await _ask(limits, 9, who="u:5") == [False] * 9
    assert await _ask(limits, 4, who="u:5", where="elsewhere") == [True] * 3 + [False]


@pytest.mark.parametrize("passed_s", [1, 20, 59])
async def test_who_waits_as_told_is_let_through(
    pool: BlockingConnectionPool, redis: Redis, passed_s: int
) -> None:
    limits = RateLimits(pool, per_person="3/minute", per_collection="100/minute")
    assert await _ask(limits, 3) == [True] * 3
    for _ in range(6):  # over more than one window
        await _pass_time(redis, passed_s)
        wait_s = await limits.admit(HERE, "u:1")
        if wait_s:
            assert 1 <= wait_s <= MINUTE_S
            await _pass_time(redis, wait_s + 0.01)
            assert await _ask(limits, 1) == [True]


async def test_the_whole_place_is_told_how_long_to_wait(
    pool: BlockingConnectionPool, redis: Redis
) -> None:
    limits = RateLimits(pool, per_person="3/minute", per_collection="3/minute")
    assert await _ask(limits, 3) == [True] * 3
    await _pass_time(redis, 10)
    wait_s = await limits.admit(HERE, "u:2")
    assert 45 < wait_s <= 50
    await _pass_time(redis, wait_s + 0.01)
    assert await _ask(limits, 1, who="u:2") == [True]


@pytest.mark.usefixtures("redis")
async def test_a_crowd_at_once_gets_no_more_than_one_after_another(
    pool: BlockingConnectionPool,
) -> None:
    limits = RateLimits(pool, per_person="5/minute", per_collection="12/minute")
    async with asyncio.timeout(60):
        waits = await asyncio.gather(
            *(limits.admit(HERE, f"u:{n % 10}") for n in range(100)),
        )
    assert waits.count(0) == 12


async def test_two_bots_count_together(pool: BlockingConnectionPool, redis: Redis) -> None:
    bots = [RateLimits(pool, per_person="4/minute", per_collection="100/minute") for _ in "ab"]
    assert await _ask(bots[0], 3) == [True] * 3
    assert await _ask(bots[1], 2) == [True, False]
    await redis.script_flush()  # as after a restart of Redis
    assert await _ask(bots[0], 1) == [False]


async def test_every_counter_expires(pool: BlockingConnectionPool, redis: Redis) -> None:
    limits = RateLimits(pool, per_person="3/minute", per_collection="3/minute")
    await _ask(limits, 5)
    keys = await redis.keys()
    assert keys
    for key in keys:
        assert 0 < await redis.ttl(key) <= 2 * MINUTE_S


async def test_a_dead_redis_lets_everything_through(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dead = BlockingConnectionPool.from_url(f"unix://{tmp_path}/nobody.sock")
    limits = RateLimits(dead, per_person="1/minute", per_collection="1/minute")
    assert await _ask(limits, 3) == [True] * 3
    assert {record.message for record in caplog.records} == {"limits_unavailable"}


@pytest.mark.parametrize("written", ["", "20", "many/minute", "20/eternity"])
def test_a_limit_that_makes_no_sense_is_refused(pool: BlockingConnectionPool, written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        RateLimits(pool, per_person=written, per_collection="1/minute")
