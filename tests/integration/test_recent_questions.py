"""Recent questions, kept in Redis for whoever may be shown them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from db import recent_questions
from db.errors import DatabaseUnavailableError
from db.recent_questions import OWN_KEPT, SHARED_KEPT, TTL_S, RecentQuestions
from db.redis_pool import forgetful_client

HERE, THERE = "discord:guild:1", "discord:guild:2"
ADA, MAX = "discord:1", "discord:12"


class Clock:
    """The time, as a test sets it; each look at it takes a moment."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        self.now += 0.001
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(recent_questions, "time", made)
    return made


@pytest.fixture
def recent(redis: Redis) -> RecentQuestions:
    return RecentQuestions(redis)


@pytest.fixture
async def dead(tmp_path: Path) -> AsyncIterator[RecentQuestions]:
    async with forgetful_client(f"unix://{tmp_path}/nobody.sock") as client:
        yield RecentQuestions(client)


async def _ask(
    recent: RecentQuestions, who: str, *questions: str, where: str = HERE, public: bool = True
) -> None:
    for question in questions:
        await recent.remember(where, who, question, is_public=public)


async def test_ones_own_questions_come_first_the_last_one_before_all(
    recent: RecentQuestions,
) -> None:
    await _ask(recent, MAX, "by max")
    await _ask(recent, ADA, "first", "second\\ \n", "قطة سوداء 🐈‍⬛")
    await _ask(recent, MAX, "by max again")
    mine = ["قطة سوداء 🐈‍⬛", "second\\ \n", "first"]
    assert await recent.recent(HERE, ADA) == [*mine, "by max again", *mine, "by max"]
    # Asked again, it is the last one.
    await _ask(recent, ADA, "first")
    assert (await recent.recent(HERE, ADA))[:3] == ["first", *mine[:2]]


async def test_what_was_asked_in_private_is_suggested_to_nobody_else(
    recent: RecentQuestions,
) -> None:
    await _ask(recent, ADA, "private", public=False)
    await _ask(recent, ADA, "public")
    assert await recent.recent(HERE, ADA) == ["public", "private", "public"]
    assert await recent.recent(HERE, MAX) == ["public"]


async def test_places_do_not_know_of_each_other(recent: RecentQuestions) -> None:
    await _ask(recent, ADA, "here")
    assert await recent.recent(THERE, ADA) == []
    assert await recent.recent(HERE[:-1], ADA) == []
    # However a place and a person are called.
    await _ask(recent, "x", "odd", where=f"{HERE}:{ADA}")
    assert await recent.recent(HERE, f"{ADA}:x") == ["here"]
    await _ask(recent, ADA, "private", public=False)
    assert await recent.recent(f"{HERE}:{ADA}", "nobody") == ["odd"]


async def test_no_more_is_kept_than_is_of_use(recent: RecentQuestions, redis: Redis) -> None:
    asked = [f"question {n}" for n in range(SHARED_KEPT + 5)]
    await _ask(recent, ADA, *asked)
    found = await recent.recent(HERE, ADA)
    own, shared = found[:OWN_KEPT], found[OWN_KEPT:]
    assert own == asked[: -OWN_KEPT - 1 : -1]
    assert shared == asked[: -SHARED_KEPT - 1 : -1]


async def test_every_key_expires(recent: RecentQuestions, redis: Redis) -> None:
    await _ask(recent, ADA, "public")
    await _ask(recent, ADA, "private", where=THERE, public=False)
    keys = await _keys(redis)
    assert len(keys) == 4  # two of one's own, one for all, and where one has been
    for key in keys:
        assert TTL_S - 5 <= await redis.ttl(key) <= 2 * TTL_S
        assert b"public" not in key


async def test_a_question_is_gone_after_its_time_however_busy_the_place(
    recent: RecentQuestions, clock: Clock
) -> None:
    await _ask(recent, ADA, "old")
    clock.now += TTL_S / 2
    await _ask(recent, MAX, "younger")
    clock.now += TTL_S / 2 + 1
    assert await recent.recent(HERE, ADA) == ["younger"]
    await _ask(recent, MAX, "young")
    assert await recent.recent(HERE, ADA) == ["young", "younger"]


@pytest.mark.parametrize("days", [0, 29, 45])
async def test_a_forgotten_person_leaves_nothing_behind(
    recent: RecentQuestions, redis: Redis, clock: Clock, days: int
) -> None:
    for where in (HERE, THERE):
        await _ask(recent, ADA, "by ada", where=where)
        await _ask(recent, MAX, "by max", where=where)
        await _ask(recent, ADA, "by ada alone", where=where, public=False)
    # Redis counts the days too, but for what others keep alive by asking.
    seconds = days * 24 * 3600
    clock.now += seconds
    for key in await _keys(redis):
        if key.startswith(b"hs:") and key.endswith(HERE.encode()):
            continue
        left_s = await redis.ttl(key) - seconds
        await (redis.expire(key, left_s) if left_s > 0 else redis.delete(key))
    await _ask(recent, MAX, "max again")
    await recent.forget(ADA)
    for key in await _keys(redis):
        assert ADA.encode() + b"\n" not in b"\n".join(await _members(redis, key)) + b"\n"
        assert not key.endswith((f":{ADA}".encode(), f"\n{ADA}".encode()))
    assert await recent.recent(THERE, ADA) == (["by max"] if days < 30 else [])
    assert "by ada" not in await recent.recent(HERE, MAX)
    await recent.forget(ADA)


async def _keys(redis: Redis) -> list[bytes]:
    return [key for key in await redis.keys() if isinstance(key, bytes)]


async def _members(redis: Redis, key: bytes) -> list[bytes]:
    kind = await redis.type(key)
    read: Any = redis.zrange(key, 0, -1) if kind == b"zset" else redis.smembers(key)
    return list(await read)


async def test_only_the_person_themselves_is_forgotten(recent: RecentQuestions) -> None:
    await _ask(recent, ADA, "by ada")
    await _ask(recent, MAX, "by max")  # whose name begins like hers
    await recent.forget(ADA)
    assert await recent.recent(HERE, MAX) == ["by max", "by max"]


async def test_many_at_once_are_all_remembered(recent: RecentQuestions) -> None:
    async with asyncio.timeout(60):
        await asyncio.gather(*(_ask(recent, f"u:{n}", f"question {n}") for n in range(60)))
    assert set(await recent.recent(HERE, ADA)) == {f"question {n}" for n in range(60)}


async def test_a_dead_redis_suggests_nothing_and_does_not_pretend_to_forget(
    dead: RecentQuestions, caplog: pytest.LogCaptureFixture
) -> None:
    await _ask(dead, ADA, "schwarze Katze")
    assert await dead.recent(HERE, ADA) == []
    with pytest.raises(DatabaseUnavailableError):
        await dead.forget(ADA)
    assert "schwarz" not in caplog.text
