"""Settings, statistics, imports, coming and going, being forgotten: on Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from redis.asyncio import Redis

from bot.backends.cache import RedisHistory
from bot.backends.communities import PgCommunityStore
from bot.backends.index import PgImageIndex
from bot.backends.store import PgImageStore
from bot.core.communities import KEPT_AFTER_LEAVING_DAYS, Communities, Forgotten
from bot.core.community_ports import Import
from bot.core.errors import UnavailableError
from bot.core.library import Library, UploadLimits
from bot.core.messages import Person
from bot.core.policy import DEFAULT_POLICY, Policy
from bot.core.ports import EVERYTHING
from db.blobs import Blobs, original, rendition
from db.collections import collection_state
from db.embedded import EmbeddedRedis
from db.ingest import IngestStore
from db.pool import Database
from db.recent_questions import RecentQuestions
from tests.integration.rows import (
    add_images,
    add_rows,
    axis,
    collection_id,
    finish,
    new_image,
    posted,
    take_over,
)
from workers.client import WorkerClient

Owner = psycopg.Connection[tuple[object, ...]]

ADA = Person("u:1", "Ada", is_admin=True)
MAX = Person("u:2", "Max")
HERE, THERE = "discord:guild:1", "discord:guild:2"
IMPORT = Import(
    HERE,
    "55",
    "running",
    cursor="1234567890123456789",
    seen=10**10,
    added=2,
    known=3,
    refused=4,
    language="zh-Hant",
    progress_channel="66",
    progress_message="77",
)


@pytest.fixture
def community_store(database: Database) -> PgCommunityStore:
    return PgCommunityStore(database)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(f"file://{tmp_path}/blobs")


@pytest.fixture
async def communities(
    database: Database,
    community_store: PgCommunityStore,
    blobs: Blobs,
    redis: Redis,
    redis_server: EmbeddedRedis,
) -> AsyncIterator[Communities]:
    """Everything real but the workers, whom nobody asks here."""
    client = WorkerClient(redis_server.url)
    images = PgImageStore(database, blobs, client)
    yield Communities(
        community_store,
        PgImageIndex(database),
        Library(images, UploadLimits()),
        images,
        RedisHistory(RecentQuestions(redis)),
    )
    await client.close()


def _move_clock(owner: Owner, days: float) -> None:
    owner.execute(
        "UPDATE collections SET left_at = left_at - make_interval(days => 1) * %s", (days,)
    )


# Settings


async def test_settings_are_kept_as_they_were_made(communities: Communities) -> None:
    assert await communities.policy(HERE) == DEFAULT_POLICY
    policy = Policy(
        *(frozenset({"role:1", "rôle'2"}), frozenset({"role:3"}), frozenset({"55", "66"})),
        page_size=7,
        language="pt-BR",
    )
    for made in (policy, replace(policy, add_groups=frozenset(), page_size=0), DEFAULT_POLICY):
        await communities.change_policy(HERE, ADA, made)
        assert await communities.policy(HERE) == made
        assert await communities.policy(THERE) == DEFAULT_POLICY


async def test_settings_can_come_before_the_collection(
    communities: Communities, database: Database
) -> None:
    await communities.change_policy("new", ADA, Policy(page_size=3))
    state = await collection_state(database, "new")
    assert (state.version, state.ready_count, state.settings["page_size"]) == (0, 0, 3)


async def test_settings_that_an_operator_has_spoilt_are_as_usual(
    communities: Communities, database: Database, owner: Owner
) -> None:
    await collection_id(database, HERE)
    owner.execute("""UPDATE collections SET settings = '{"page_size": "x", "watched": 7}'""")
    assert await communities.policy(HERE) == DEFAULT_POLICY


# Statistics


async def test_the_statistics_count_what_there_is(
    communities: Communities, database: Database, store: IngestStore
) -> None:
    empty = await communities.statistics(HERE, ADA)
    assert (empty.ready, empty.size_bytes, empty.contributors, empty.tags) == (0, 0, 0, ())
    space = await take_over(store, "r1")
    ours, theirs = [await collection_id(database, key) for key in (HERE, THERE)]
    images = [
        new_image("a", size_bytes=2**40, tags=("cat", "dog")),
        new_image("b", size_bytes=1, tags=("cat",), uploader_id=MAX.id),
        new_image("c", size_bytes=1, tags=("bird",), uploader_id=MAX.id),
        new_image("d", size_bytes=1, tags=("cat",)),
        new_image("e", size_bytes=1, tags=(), uploader_id=""),
    ]
    a, b, c, _, e = await add_images(database, ours, images)
    await add_rows(database, theirs, ["x"])
    finish(store, space, {image_id: [axis(0)] for image_id in (a, b, e)}, {c: "truncated"})
    counted = await communities.statistics(HERE, MAX)
    assert (counted.ready, counted.pending, counted.failed) == (3, 1, 1)
    assert counted.size_bytes == 2**40 + 4
    # Who was forgotten is not counted; what failed has no tags that anybody could ask for.
    assert (counted.contributors, counted.mine) == (2, 2)
    assert counted.tags == (("cat", 2), ("dog", 1))


async def test_the_most_used_tags_come_first_and_not_all_of_them(
    communities: Communities, database: Database, store: IngestStore
) -> None:
    space = await take_over(store, "r1")
    images = [
        new_image(f"{n} {m}", tags=(f"tag {n:02}",)) for n in range(12) for m in range(1 + n // 6)
    ]
    ids = await add_images(database, await collection_id(database, HERE), images)
    finish(store, space, {image_id: [axis(0)] for image_id in ids})
    tags = (await communities.statistics(HERE, ADA)).tags
    often = [(f"tag {n:02}", 2) for n in range(6, 12)]
    assert list(tags) == [*often, *((f"tag {n:02}", 1) for n in range(4))]


# Messages


async def test_a_deleted_message_takes_its_pictures_and_their_bytes(
    communities: Communities, database: Database, blobs: Blobs
) -> None:
    number = await collection_id(database, HERE)
    images = [posted("a", "1", "10"), posted("b", "1", "10"), posted("b", "2", "20")]
    a, b, _ = await add_images(database, number, images)
    for image in images:
        await blobs.put(original(image.sha256.hex()), b"bytes")
        await blobs.put(rendition(image.sha256.hex()), b"bytes")
    state = await collection_state(database, HERE)
    assert await communities.messages_deleted(HERE, "1", ["10", "11"]) == 1
    assert (await collection_state(database, HERE)).version > state.version
    assert await blobs.get(original(images[0].sha256.hex())) is None
    assert await blobs.get(rendition(images[0].sha256.hex())) is None
    assert await blobs.get(original(images[1].sha256.hex())) == b"bytes"
    store = PgCommunityStore(database)
    assert await store.image_ids(HERE, 9) == [b] != [a]
    assert await communities.messages_deleted(HERE, "1", []) == 0
    assert await communities.messages_deleted("unknown", "1", ["10"]) == 0


# Coming and going


async def test_left_and_back_again(
    communities: Communities, community_store: PgCommunityStore, owner: Owner, database: Database
) -> None:
    for key in (HERE, THERE, "discord:guild:33", "telegram:chat:1", "local"):
        await collection_id(database, key)
    await communities.left(HERE)
    await communities.left("discord:guild:unknown")
    known = await community_store.known("discord:guild:")
    assert sorted(known) == [THERE, "discord:guild:33"]
    # "%" and "_" are letters like others.
    assert await community_store.known("discord%") == await community_store.known("_iscord") == []
    await communities.present("discord:guild:", [HERE, THERE], all_of_them=True)
    assert sorted(await community_store.known("")) == [HERE, THERE, "local", "telegram:chat:1"]
    _move_clock(owner, 31)
    await communities.present("discord:guild:", ["discord:guild:33"], all_of_them=False)
    assert await community_store.long_left(KEPT_AFTER_LEAVING_DAYS) == []


async def test_being_removed_twice_does_not_begin_the_days_anew(
    communities: Communities, community_store: PgCommunityStore, owner: Owner, database: Database
) -> None:
    await collection_id(database, HERE)
    await communities.left(HERE)
    _move_clock(owner, KEPT_AFTER_LEAVING_DAYS)
    await communities.left(HERE)
    await communities.present("discord:", [], all_of_them=True)
    assert await community_store.long_left(KEPT_AFTER_LEAVING_DAYS) == [HERE]


async def test_what_was_left_long_ago_is_dropped_and_nothing_else(
    communities: Communities, database: Database, blobs: Blobs, owner: Owner, store: IngestStore
) -> None:
    space = await take_over(store, "r1")
    ours, theirs = [await collection_id(database, key) for key in (HERE, THERE)]
    images = [posted("a", "1", "10"), new_image("b"), new_image("c")]
    a, b, _ = await add_images(database, ours, images)
    await add_rows(database, theirs, ["b"])
    finish(store, space, {a: [axis(0)]}, {b: "truncated"})  # and one pending
    for image in images:
        await blobs.put(original(image.sha256.hex()), b"bytes")
    await communities.save_import(IMPORT)
    await communities.left(HERE)
    _move_clock(owner, KEPT_AFTER_LEAVING_DAYS - 0.01)
    assert await communities.drop_long_left() == 0
    assert (await collection_state(database, HERE)).ready_count == 1
    _move_clock(owner, 0.02)
    assert await communities.drop_long_left() == 1
    for table in ("images", "collections", "image_sources", "imports", "embeddings"):
        row = owner.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        assert row == (1 if table in {"images", "collections"} else 0,), table
    # What the other collection has as well stays.
    left = [await blobs.get(original(image.sha256.hex())) for image in images]
    assert left == [None, b"bytes", None]
    assert await communities.drop_long_left() == 0
    # Invited again, it begins anew.
    assert (await collection_state(database, HERE)).ready_count == 0


# Being forgotten


@pytest.mark.parametrize("with_uploads", [False, True])
async def test_a_person_is_forgotten_in_all_collections(
    communities: Communities,
    database: Database,
    redis: Redis,
    owner: Owner,
    *,
    with_uploads: bool,
) -> None:
    recent = RecentQuestions(redis)
    for key in (HERE, THERE):
        number = await collection_id(database, key)
        facts = {"uploader_id": MAX.id, "uploader_name": MAX.name}
        await add_images(database, number, [new_image("a", **facts), new_image("b")])
        for person in (ADA, MAX):
            await recent.remember(key, person.id, f"by {person.name}", is_public=True)
    assert await communities.uploads_of(MAX) == 2
    forgotten = await communities.forget(MAX, with_uploads=with_uploads)
    assert forgotten == Forgotten(2 if with_uploads else 0)
    rows = owner.execute("SELECT uploader_id, uploader_name FROM images ORDER BY id").fetchall()
    assert rows == ([("u:1", "Ada")] * 2 if with_uploads else [("", ""), ("u:1", "Ada")] * 2)
    for key in (HERE, THERE):
        assert await recent.recent(key, MAX.id) == ["by Ada"]
    assert await communities.uploads_of(MAX) == 0
    # Nothing anywhere still says who it was.
    assert not [key for key in await redis.keys() if MAX.id.encode() in key]


# Imports


async def test_an_import_is_kept_as_it_is(communities: Communities, owner: Owner) -> None:
    assert await communities.get_import(HERE, "55") is None
    await communities.save_import(IMPORT)  # there was no such collection yet
    assert await communities.get_import(HERE, "55") == IMPORT
    further = replace(IMPORT, cursor="2", seen=10**10 + 1, added=3, language="de")
    await communities.save_import(further)
    assert await communities.get_import(HERE, "55") == further
    assert owner.execute("SELECT count(*) FROM imports").fetchone() == (1,)
    assert await communities.get_import(HERE, "56") is None
    assert await communities.get_import(THERE, "55") is None


async def test_what_was_running_goes_on_unless_the_bot_was_removed(
    communities: Communities,
) -> None:
    running = [IMPORT, replace(IMPORT, channel="56"), replace(IMPORT, collection=THERE)]
    others = [replace(IMPORT, channel=state, state=state) for state in ("stopped", "done")]
    for progress in [*running, *others]:
        await communities.save_import(progress)
    assert await communities.running_imports() == running  # the one that waits longest first
    await communities.save_import(running[0])
    await communities.left(THERE)
    assert await communities.running_imports() == [running[1], running[0]]
    await communities.present("discord:", [THERE], all_of_them=False)
    assert len(await communities.running_imports()) == 3
    await communities.save_import(replace(running[1], state="done"))
    assert await communities.running_imports() == [running[2], running[0]]


async def test_many_imports_at_once_are_all_kept(communities: Communities) -> None:
    all_of_them = [replace(IMPORT, channel=str(n)) for n in range(30)]
    async with asyncio.timeout(60):
        await asyncio.gather(*map(communities.save_import, all_of_them))
    running = await communities.running_imports()
    assert {progress.channel for progress in running} == {str(n) for n in range(30)}


async def test_a_database_that_is_down_is_said_so(tmp_path: Path) -> None:
    pool = Database(f"postgresql:///x?host={tmp_path}")
    store = PgCommunityStore(pool)  # not opened
    with pytest.raises(UnavailableError):
        await store.save_policy(HERE, Policy())


async def test_a_group_that_has_another_name_keeps_its_pictures(
    database: Database, store: IngestStore
) -> None:
    communities = PgCommunityStore(database)
    space = await take_over(store, "r1")
    old = await collection_id(database, "old")
    ids = await add_rows(database, old, ["a", "b"])
    finish(store, space, {image_id: [axis(image_id)] for image_id in ids})
    await communities.save_policy("old", Policy(page_size=4))
    for _ in range(2):
        await communities.move("old", "new")
    state = await collection_state(database, "new")
    assert (state.id, state.ready_count, state.settings["page_size"]) == (old, 2, 4)


async def test_a_name_that_is_taken_gets_what_it_lacks(
    database: Database, store: IngestStore
) -> None:
    communities = PgCommunityStore(database)
    space = await take_over(store, "r1")
    old, new = [await collection_id(database, key) for key in ("old", "new")]
    ids = await add_rows(database, old, ["a", "b", "c"])
    kept = await add_rows(database, new, ["b"])
    finish(store, space, {image_id: [axis(image_id)] for image_id in [*ids[:2], *kept]})
    before = await collection_state(database, "new")
    await communities.move("old", "new")
    moved, rest = [await collection_state(database, key) for key in ("new", "old")]
    assert (moved.ready_count, moved.pending_count) == (2, 1)
    assert (rest.ready_count, rest.pending_count) == (1, 0)
    assert moved.version > before.version
    found = await PgImageIndex(database).newest(
        await PgImageIndex(database).state("new"), EVERYTHING, offset=0, limit=9
    )
    assert {match.image_id for match in found.matches} == {ids[0], *kept}
    async with database.transaction(new) as connection:
        cursor = await connection.execute("SELECT image_id FROM embeddings ORDER BY image_id")
        assert [row[0] for row in await cursor.fetchall()] == sorted([ids[0], *kept])
    await communities.move("nowhere", "new")
