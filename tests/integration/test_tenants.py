"""Collections in the database: who sees what, and counters that are always right."""

from __future__ import annotations

import asyncio
import random

import psycopg
import pytest

from bot.core.commands import MAX_COMMAND_BYTES
from db.communities import (
    drop_left,
    forget_uploader,
    mark_left,
    part_from_messages,
    save_settings,
    uploads_of,
)
from db.errors import DatabaseError
from db.images import deleting, get_images, insert_images, known_digests, storing
from db.ingest import IngestStore
from db.pool import Database
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
from tests.stack import wait_for

Owner = psycopg.Connection[tuple[object, ...]]

_COUNTED = """
SELECT c.id, c.version, (c.ready_count, c.pending_count) = (
         count(i) FILTER (WHERE i.status = 'ready'), count(i) FILTER (WHERE i.status = 'pending')),
       coalesce(string_agg(i.id || i.status || i.confined || i.uploader_id || (
         SELECT coalesce(string_agg(s.channel || s.message, '' ORDER BY s.channel, s.message), '')
         FROM image_sources s WHERE s.image_id = i.id), ',' ORDER BY i.id), '')
       || coalesce((SELECT s.revision FROM spaces s WHERE s.live), '')
FROM collections c LEFT JOIN images i ON i.collection_id = c.id GROUP BY c.id ORDER BY c.id
"""
_ACTIONS = [
    *("add", "add", "post", "post", "part", "finish", "finish", "delete", "sweep", "space"),
    *("forget", "settings"),
]


async def test_the_bot_sees_one_collection_at_a_time(
    database: Database, store: IngestStore
) -> None:
    space = await take_over(store, "r1")
    ours, theirs = [await collection_id(database, key) for key in ("ours", "theirs")]
    mine = await add_images(database, ours, [posted(name, "1", name) for name in "ab"])
    other = await add_images(database, theirs, [posted(name, "1", name) for name in "acd"])
    finish(store, space, {image_id: [axis(image_id)] for image_id in [*mine, *other]})
    tables = (("images", "id"), ("embeddings", "image_id"), ("image_sources", "image_id"))
    for table, column in tables:
        query = f"SELECT {column} FROM {table} ORDER BY 1"  # noqa: S608
        for scope, expected in ((None, []), (ours, mine), (theirs, other)):
            async with database.transaction(scope) as connection:
                cursor = await connection.execute(query)
                assert [row[0] for row in await cursor.fetchall()] == expected
    # And the next transaction on the same connection begins without a scope.
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT count(*) FROM images")
        assert await cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO images (collection_id, sha256, size_bytes, media_type, uploader_id,"
        " uploader_name) VALUES (%(theirs)s, decode(repeat('00', 32), 'hex'), 1, 'x', 'x', 'x')",
        "UPDATE images SET collection_id = %(theirs)s",
        "INSERT INTO embeddings VALUES (1, 1, 0, %(ours)s, '[1,2]')",
        "INSERT INTO image_sources VALUES (1, %(theirs)s, '1', '1')",
        "UPDATE image_sources SET channel = '2'",
        "TRUNCATE image_sources",
        "DELETE FROM embeddings",
        "UPDATE collections SET version = 0",
        "UPDATE collections SET key = 'x'",
        "DELETE FROM collections",
        "UPDATE spaces SET state = 'kept'",
        "SELECT FROM space_work",
        "DROP TABLE images",
        "SELECT bump_collections(ARRAY[%(theirs)s], ARRAY[1], ARRAY[1])",
    ],
)
async def test_the_bot_may_not_reach_beyond_its_collection(
    database: Database, statement: str
) -> None:
    ours, theirs = [await collection_id(database, key) for key in ("ours", "theirs")]
    await add_images(database, ours, [posted("a", "1", "1")])
    with pytest.raises(DatabaseError, match="InsufficientPrivilege"):
        async with database.transaction(ours) as connection:
            await connection.execute(statement, {"ours": ours, "theirs": theirs})


async def test_pictures_of_other_collections_are_neither_changed_nor_deleted(
    database: Database,
) -> None:
    ours, theirs = [await collection_id(database, key) for key in ("ours", "theirs")]
    (image_id,) = await add_images(database, theirs, [posted("a", "1", "7")])
    assert await part_from_messages(database, ours, "1", ["7"]) == []
    async with database.transaction(ours) as connection:
        for statement in (
            *("UPDATE images SET caption = ''", "DELETE FROM images", "DELETE FROM image_sources"),
        ):
            assert (await connection.execute(statement)).rowcount == 0
    async with deleting(database, ours, image_id) as deleted:
        assert deleted is None
    assert await get_images(database, ours, [image_id]) == []
    shown = await get_images(database, theirs, [image_id], ["1"])
    assert [image.id for image in shown] == [image_id]


async def test_a_source_in_our_name_does_not_open_a_picture_of_theirs(database: Database) -> None:
    ours, theirs = [await collection_id(database, key) for key in ("ours", "theirs")]
    (image_id,) = await add_images(database, theirs, [posted("a", "secret", "7")])
    async with database.transaction(ours) as connection:
        await connection.execute(
            "INSERT INTO image_sources VALUES (%s, %s, 'lobby', '8')", (image_id, ours)
        )
    for sees in (None, ["lobby"]):
        assert await get_images(database, ours, [image_id], sees) == []
    assert await get_images(database, theirs, [image_id], ["lobby"]) == []


async def test_across_collections_one_persons_uploads_are_all_that_can_be_asked_for(
    database: Database, owner: Owner
) -> None:
    ours, theirs = [await collection_id(database, key) for key in ("ours", "theirs")]
    facts = {"uploader_id": "u:2", "uploader_name": "Max"}
    mine = await add_images(database, ours, [new_image("a", **facts), new_image("b")])
    other = await add_images(database, theirs, [new_image("a", **facts), new_image("c")])
    expected = [("ours", mine[0]), ("theirs", other[0])]
    assert await uploads_of(database, "u:2") == expected
    assert await uploads_of(database, "u:3") == []
    owner.execute("UPDATE images SET uploader_id = '' WHERE id = %s", (mine[1],))
    assert await uploads_of(database, "") == []
    await forget_uploader(database, "")
    await forget_uploader(database, "u:2")
    assert await uploads_of(database, "u:2") == []
    rows = owner.execute("SELECT uploader_id, uploader_name FROM images ORDER BY id").fetchall()
    assert rows == [("", ""), ("", "Ada"), ("", ""), ("u:1", "Ada")]


@pytest.mark.parametrize("is_left", [False, True])
@pytest.mark.parametrize("is_empty", [False, True])
async def test_only_what_was_left_and_is_empty_can_be_dropped(
    database: Database, owner: Owner, *, is_left: bool, is_empty: bool
) -> None:
    ours, theirs = [await collection_id(database, key) for key in ("ours", "theirs")]
    await add_rows(database, theirs, ["a"])
    if not is_empty:
        await add_rows(database, ours, ["a"])
    if is_left:
        await mark_left(database, "ours")
    assert await drop_left(database, "ours") == (is_left and is_empty)
    keys = [row[0] for row in owner.execute("SELECT key FROM collections ORDER BY 1").fetchall()]
    assert keys == (["theirs"] if is_left and is_empty else ["ours", "theirs"])
    assert not await drop_left(database, "unknown")


@pytest.mark.parametrize(
    "function", ["uploads_of('x')", "forget_uploader('x')", "drop_left_collection('x')"]
)
def test_nobody_but_the_bot_may_use_its_ways_across_collections(
    database_url: str, owner: Owner, function: str
) -> None:
    owner.execute("CREATE ROLE stranger")
    try:
        owner.execute("SET ROLE stranger")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute(f"SELECT {function}")
    finally:
        owner.execute("RESET ROLE")
        owner.execute("DROP ROLE stranger")


async def test_ids_beyond_all_numbers_are_just_not_there(database: Database) -> None:
    ours = await collection_id(database, "ours")
    largest = 10**19 - 1  # what a button can say
    assert len(f"l:{largest}") <= MAX_COMMAND_BYTES
    assert await get_images(database, ours, [largest]) == []
    async with deleting(database, ours, largest) as deleted:
        assert deleted is None


@pytest.mark.parametrize("seed", range(3))
async def test_counters_equal_a_recount_after_anything(
    database: Database, store: IngestStore, owner: Owner, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    spaces = [await take_over(store, "r1")]
    collections = [await collection_id(database, key) for key in ("one", "two")]
    names = [f"picture {n}" for n in range(10)]
    before = owner.execute(_COUNTED).fetchall()
    for _ in range(60):
        collection = chance.choice(collections)
        rows = owner.execute("SELECT id FROM images").fetchall()
        ids = [int(str(row[0])) for row in rows]
        some = chance.sample(ids, min(len(ids), chance.randrange(5)))
        action = chance.choice(_ACTIONS)
        person, channel = chance.choice(["u:1", "u:2"]), chance.choice("12")
        messages = chance.sample("34567", 3)
        if action == "add":  # also of pictures that are there, and of failed ones
            await add_rows(database, collection, chance.choices(names, k=chance.randrange(5)))
        elif action == "post":
            posts = [
                posted(chance.choice(names), channel, message, uploader_id=person)
                for message in messages[: chance.randrange(1, 4)]
            ]
            await add_images(database, collection, posts)
        elif action == "part":
            await part_from_messages(database, collection, channel, messages)
        elif action == "forget":
            await forget_uploader(database, person)
        elif action == "settings":
            await save_settings(database, "one", {"n": chance.random()})
            await mark_left(database, "two")
        elif action == "finish":
            failed = {image_id: "truncated" for image_id in some if chance.random() < 0.4}
            ready = {image_id: [axis(0)] for image_id in some if image_id not in failed}
            finish(store, spaces[-1], ready, failed)
        elif action == "delete":
            for image_id in some[:2]:
                async with deleting(database, collection, image_id):
                    pass
        elif action == "sweep":
            store.sweep()
        elif chance.random() < 0.3:
            spaces.append(await take_over(store, f"r{len(spaces) + 1}"))
        after = owner.execute(_COUNTED).fetchall()
        for (_, old, _, was), (_, version, right, is_) in zip(before, after, strict=True):
            assert right, (action, is_)
            assert isinstance(version, int)
            assert isinstance(old, int)
            assert (version > old) == (was != is_), (action, was, is_)
        before = after


async def test_deleting_takes_the_vectors_along_and_says_whether_the_blob_is_used(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    space = await take_over(store, "r1")
    ours, theirs = [await collection_id(database, key) for key in ("ours", "theirs")]
    (mine,) = await add_rows(database, ours, ["a"])
    (other,) = await add_rows(database, theirs, ["a"])
    finish(store, space, {mine: [axis(0), axis(1)], other: [axis(0)]})
    digest = new_image("a").sha256.hex()
    async with deleting(database, ours, mine) as deleted:
        assert deleted == (digest, False)
    assert owner.execute("SELECT image_id FROM embeddings").fetchall() == [(other,)]
    with pytest.raises(ZeroDivisionError):
        async with deleting(database, theirs, other) as deleted:
            raise ZeroDivisionError
    async with deleting(database, theirs, other) as deleted:
        assert deleted == (digest, True)
    assert owner.execute("SELECT count(*) FROM embeddings").fetchone() == (0,)
    async with deleting(database, theirs, other) as deleted:
        assert deleted is None


async def test_a_picture_twice_in_one_upload_is_new_once_and_a_failed_one_is_tried_again(
    database: Database, store: IngestStore
) -> None:
    space = await take_over(store, "r1")
    ours = await collection_id(database, "ours")
    rows = [new_image("a"), new_image("b"), new_image("a")]
    digests = [row.sha256 for row in rows]
    async with storing(database, ours, digests) as connection:
        assert await known_digests(connection, ours, digests) == set()
        (a, new_a), (b, new_b), again = await insert_images(connection, ours, rows)
    assert (new_a, new_b, again) == (True, True, (a, False))
    finish(store, space, {b: [axis(0)]}, {a: "truncated"})
    async with storing(database, ours, digests) as connection:
        assert await known_digests(connection, ours, digests) == {digests[1]}
        assert await insert_images(connection, ours, rows) == [(a, True), (b, False), (a, False)]
    (image,) = await get_images(database, ours, [a])
    assert (image.status, image.error) == ("pending", None)


async def test_more_uploads_at_once_than_connections_store_each_picture_once(
    database: Database, owner: Owner
) -> None:
    chance = random.Random(1)  # noqa: S311
    ours = await collection_id(database, "ours")
    names = [f"picture {n}" for n in range(20)]
    uploads = [chance.sample(names, 12) for _ in range(25)]
    async with asyncio.timeout(60):
        stored = await asyncio.gather(*(add_rows(database, ours, upload) for upload in uploads))
    ids: dict[str, set[int]] = {}
    for upload, image_ids in zip(uploads, stored, strict=True):
        for name, image_id in zip(upload, image_ids, strict=True):
            ids.setdefault(name, set()).add(image_id)
    assert all(len(found) == 1 for found in ids.values())
    assert owner.execute("SELECT count(*) FROM images").fetchone() == (len(ids),)


async def test_all_that_happens_to_the_same_pictures_at_once_never_locks_anybody_out(
    database: Database,
) -> None:
    ours = await collection_id(database, "ours")
    names = [f"picture {n}" for n in range(6)]

    async def delete(image_id: int) -> None:
        async with deleting(database, ours, image_id):
            pass

    async with asyncio.timeout(60):
        for _ in range(8):
            ids = await add_rows(database, ours, names)
            uploads = [add_rows(database, ours, names[::step]) for step in (1, -1, 2)]
            posts = [
                add_images(database, ours, [posted(name, "1", "7") for name in names[::step]])
                for step in (1, -1)
            ]
            others = [
                part_from_messages(database, ours, "1", ["7"]),
                forget_uploader(database, "u:1"),
                save_settings(database, "ours", {}),
            ]
            await asyncio.gather(*map(delete, ids[:3]), *uploads, *posts, *others)


async def test_a_deletion_waits_for_an_upload_of_the_same_picture(
    database: Database, owner: Owner
) -> None:
    ours = await collection_id(database, "ours")
    (image_id,) = await add_rows(database, ours, ["a"])
    image = new_image("a")

    async def delete() -> tuple[str, bool] | None:
        async with deleting(database, ours, image_id) as deleted:
            return deleted

    async with asyncio.timeout(60):
        async with storing(database, ours, [image.sha256]) as connection:
            deletion = asyncio.create_task(delete())
            waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
            await asyncio.to_thread(wait_for, lambda: owner.execute(waits).fetchone(), 30)
            # What was known stays, however long its bytes take to arrive.
            assert await known_digests(connection, ours, [image.sha256]) == {image.sha256}
            assert await insert_images(connection, ours, [image]) == [(image_id, False)]
        assert await deletion == (image.sha256.hex(), True)
