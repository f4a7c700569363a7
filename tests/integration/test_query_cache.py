"""The cache of questions, on a real Redis in a folder with an awkward name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from celery import Celery
from redis.asyncio import Redis

from bot.backends.cache import RedisCache
from bot.core.errors import UnavailableError
from bot.core.ports import CollectionState, EmbeddingSpace, Match, Probe
from bot.core.relevance import Curve
from db.embedded import EmbeddedRedis
from db.errors import DatabaseUnavailableError
from db.query_cache import PAGE_TTL_S, PAGING_TTL_S, VECTOR_TTL_S, RedisQueryCache
from db.records import MatchRecord
from db.redis_pool import forgetful_client
from workers.contract import celery_broker_url

QUESTION = "ein schwarzer Kater 🐈‍⬛"


def _match(image_id: int) -> MatchRecord:
    return MatchRecord(
        image_id=image_id,
        score=0.123456789,
        caption="قطة سوداء",
        width=4,
        height=3,
        media_type="image/png",
        sha256="00" * 32,
        uploader_id="u:1",
        uploader_name="Ada",
        added_at=datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
        source_path=None,
        source_channel="123",
        source_message="456",
    )


@pytest.fixture
def cache(redis: Redis) -> RedisQueryCache:
    return RedisQueryCache(redis)


@pytest.fixture
async def dead(tmp_path: Path) -> AsyncIterator[RedisQueryCache]:
    async with forgetful_client(f"unix://{tmp_path}/nobody.sock") as client:
        yield RedisQueryCache(client)


async def test_what_is_kept_comes_back(cache: RedisQueryCache) -> None:
    vector = bytes(range(256))
    await cache.put_vector("tower", QUESTION, vector)
    assert await cache.get_vector("tower", QUESTION) == (vector, None)
    matches = [_match(1), _match(2)]
    await cache.put_page("1:7:tower:query", matches)
    assert await cache.get_page("1:7:tower:query") == matches
    await cache.put_page("empty", [])
    assert await cache.get_page("empty") == []
    for count in (0, 7, 10**12):
        await cache.put_count("1:7:tower:query", count)
        assert await cache.get_count("1:7:tower:query") == count
    await cache.save_paging("token", QUESTION)
    assert await cache.load_paging("token") == QUESTION


async def test_what_was_never_kept_is_none(cache: RedisQueryCache) -> None:
    assert await cache.get_vector("tower", QUESTION) is None
    assert await cache.get_page("name") is None
    assert await cache.get_count("name") is None
    assert await cache.load_paging("token") is None


async def test_vectors_of_another_tower_and_other_questions_are_others(
    cache: RedisQueryCache,
) -> None:
    await cache.put_vector("tower", QUESTION, b"11")
    assert await cache.get_vector("tower 2", QUESTION) is None
    assert await cache.get_vector("tower", QUESTION.upper()) is None


async def test_every_key_has_its_kind_and_version_and_expires(
    cache: RedisQueryCache, redis: Redis
) -> None:
    await cache.put_vector("tower", QUESTION, b"11")
    await cache.put_page("name", [_match(1)])
    await cache.put_count("name", 7)
    await cache.save_paging("token", QUESTION)
    keys = {str(key, "ascii") for key in await redis.keys() if isinstance(key, bytes)}
    limits = {
        "q:3:tower:": VECTOR_TTL_S,
        "r:3:name": PAGE_TTL_S,
        "n:3:name": PAGE_TTL_S,
        "p:token": PAGING_TTL_S,
    }
    assert len(keys) == len(limits)
    for start, limit in limits.items():
        (key,) = [key for key in keys if key.startswith(start)]
        assert limit - 5 <= await redis.ttl(key) <= limit
        # Nobody reads a question in the names of keys.
        assert "schwarz" not in key


async def test_a_dead_redis_is_an_empty_cache(
    dead: RedisQueryCache, caplog: pytest.LogCaptureFixture
) -> None:
    await dead.put_vector("tower", QUESTION, b"11")
    assert await dead.get_vector("tower", QUESTION) is None
    await dead.put_page("name", [_match(1)])
    assert await dead.get_page("name") is None
    await dead.put_count("name", 7)
    assert await dead.get_count("name") is None
    assert {record.message for record in caplog.records} == {"cache_unavailable"}
    assert "schwarz" not in caplog.text


async def test_a_dead_redis_cannot_keep_what_is_behind_a_button(dead: RedisQueryCache) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await dead.save_paging("token", QUESTION)
    with pytest.raises(DatabaseUnavailableError):
        await dead.load_paging("token")


# As the core sees it

PROBE = Probe(b"11", Curve(20.5, -7.0))
STATE = CollectionState(1, 7, 3, 0, EmbeddingSpace(1, 2, "tower"))


def _core_match(image_id: int) -> Match:
    return Match(**asdict(_match(image_id)))


async def test_a_page_is_of_one_version_of_one_collection_in_one_space(redis: Redis) -> None:
    writing, reading = RedisCache(RedisQueryCache(redis)), RedisCache(RedisQueryCache(redis))
    matches = [_core_match(1), _core_match(2)]
    await writing.put_page(STATE, "key", matches)
    await writing.put_count(STATE, "key", 2)
    await writing.settled()
    others = [
        *(replace(STATE, id=2), replace(STATE, version=8), replace(STATE, space=None)),
        replace(STATE, space=EmbeddingSpace(1, 2, "tower 2")),
    ]
    for cache in (writing, reading, reading):  # another bot, and from its own memory
        assert list(await cache.get_page(STATE, "key") or ()) == matches
        assert await cache.get_count(STATE, "key") == 2
        assert await cache.get_page(STATE, "other key") is None
        for other in others:
            assert await cache.get_page(other, "key") is None
            assert await cache.get_count(other, "key") is None


async def test_a_vector_is_known_while_it_is_written_and_afterwards(
    redis: Redis, dead: RedisQueryCache
) -> None:
    space = STATE.space
    assert space is not None
    cache = RedisCache(RedisQueryCache(redis))
    await cache.put_vector(space, QUESTION, PROBE)
    assert not await redis.keys()
    assert await cache.get_vector(space, QUESTION) == PROBE
    await cache.settled()
    for another in (cache, RedisCache(RedisQueryCache(redis))):
        assert await another.get_vector(space, QUESTION) == PROBE
    await redis.flushall()
    assert await cache.get_vector(space, QUESTION) == PROBE  # as long as it is kept
    without = RedisCache(dead)
    await without.put_vector(space, QUESTION, PROBE)
    await without.settled()
    assert await without.get_vector(space, QUESTION) == PROBE


async def test_an_answer_without_pictures_is_remembered_too(redis: Redis) -> None:
    for cache in (RedisCache(RedisQueryCache(redis)) for _ in range(2)):
        await cache.put_page(STATE, "key", [])
        await cache.settled()
        found = await cache.get_page(STATE, "key")
        assert found is not None
        assert list(found) == []


async def test_a_button_works_in_another_bot_and_after_redis_has_lost_everything(
    redis: Redis,
) -> None:
    cache = RedisCache(RedisQueryCache(redis))
    token = await cache.save_paging(QUESTION)
    await cache.settled()
    assert await RedisCache(RedisQueryCache(redis)).load_paging(token) == QUESTION
    await redis.flushall()
    assert await cache.save_paging(QUESTION) == token
    await cache.settled()
    assert await cache.load_paging(token) == QUESTION
    assert await cache.load_paging("unknown") is None


async def test_without_redis_there_are_pictures_but_no_buttons(dead: RedisQueryCache) -> None:
    cache = RedisCache(dead)
    token = await cache.save_paging(QUESTION)
    assert await cache.load_paging(token) == QUESTION, "while it is being written"
    await cache.settled()
    with pytest.raises(UnavailableError):
        await cache.load_paging(token)
    assert await cache.get_count(STATE, "key") is None


def test_celery_finds_the_same_redis(redis_server: EmbeddedRedis) -> None:
    broker = celery_broker_url(redis_server.url)
    with (
        Celery(set_as_current=False, broker=broker) as app,
        app.connection_for_write() as connection,
    ):
        assert connection.default_channel.client.ping()


def test_forgotten_keys_are_gone(redis_server: EmbeddedRedis) -> None:
    redis_server.forget(["one", "two"])
