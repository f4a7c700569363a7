"""The front-ends' notes in a real Redis."""

from __future__ import annotations

from redis.asyncio import Redis

from db.notes import Notes
from db.redis_pool import forgetful_client


async def test_notes_are_kept_for_a_while(redis: Redis) -> None:
    notes = Notes(redis)
    await notes.put({"a": "1", "b": "zwei"}, 60)
    await notes.put({"a": "eins"}, 60)
    assert await notes.get(["b", "nothing", "a"]) == ["zwei", None, "eins"]
    assert 0 < await redis.ttl("note:1:a") <= 60
    await notes.forget(["a"])
    assert await notes.get(["a"]) == [None]
    assert await notes.get([]) == []


async def test_only_the_first_has_a_claim(redis: Redis) -> None:
    one, other = Notes(redis), Notes(redis)
    assert await one.claim("update:7", 60)
    assert not await other.claim("update:7", 60)
    assert await other.claim("update:8", 60)
    assert 0 < await redis.ttl("note:1:update:7") <= 60


async def test_sets(redis: Redis) -> None:
    notes = Notes(redis)
    assert await notes.members("chats") == frozenset()
    await notes.add("chats", "1", 60)
    await notes.add("chats", "2", 60)
    await notes.remove("chats", "1")
    assert await notes.members("chats") == {"2"}
    assert 0 < await redis.ttl("note:1:chats") <= 60


async def test_without_redis_nothing_is_known_and_nothing_stops() -> None:
    async with forgetful_client("unix:///nowhere/redis.sock") as gone:
        notes = Notes(gone)
        await notes.put({"a": "1"}, 60)
        await notes.add("chats", "1", 60)
        await notes.remove("chats", "1")
        await notes.forget(["a"])
        assert await notes.get(["a", "b"]) == [None, None]
        assert await notes.members("chats") == frozenset()
        assert await notes.claim("update:7", 60)
