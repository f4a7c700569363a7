"""The workers' side of the database: spaces, indexes, claims and the sweep."""

from __future__ import annotations

import asyncio
import contextlib
import math

import psycopg
import pytest

from db.collections import collection_state
from db.errors import DatabaseUnavailableError
from db.indexes import build_bytes, ensure_indexes, index_name, lists_for
from db.ingest import STALE_AFTER_S, IngestStore
from db.pool import Database
from db.spaces import register_text_towers
from tests.integration.rows import DIM, add_rows, axis, collection_id, finish, new_space, take_over

Owner = psycopg.Connection[tuple[object, ...]]

_INDEXES = """
SELECT i.indexrelid, i.indisvalid, pg_get_indexdef(i.indexrelid) FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname LIKE 'embeddings_ivf_%' ORDER BY c.relname
"""


def test_a_space_registered_twice_is_the_same(store: IngestStore, owner: Owner) -> None:
    space = new_space(store)
    assert space.live
    assert new_space(store) == space
    assert owner.execute("SELECT count(*) FROM spaces").fetchone() == (1,)


async def test_workers_that_start_at_once_register_one_space(
    database: Database, store: IngestStore
) -> None:
    first = await take_over(store, "before")
    ours = await collection_id(database, "ours")
    ids = await add_rows(database, ours, [str(n) for n in range(200)])
    finish(store, first, {image_id: [axis(image_id)] for image_id in ids})
    spaces = await asyncio.gather(*(take_over(store, "after") for _ in range(4)))
    assert len(set(spaces)) == 1


async def test_a_second_space_takes_over_and_makes_pictures_pending_again(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    old = await take_over(store, "r1")
    ours = await collection_id(database, "ours")
    a, b, c, d = await add_rows(database, ours, ["a", "b", "c", "d"])
    finish(store, old, {a: [axis(0)], b: [axis(1)]}, {c: "truncated"})
    state = await collection_state(database, "ours")
    assert (state.ready_count, state.pending_count, state.space_id) == (2, 1, old.id)
    new = await take_over(store, "r2", DIM + 1)
    register_text_towers(store, new.id, {"t1": ["en"]}, default="t1")
    later = await collection_state(database, "ours")
    assert (later.ready_count, later.pending_count) == (0, 3)
    assert (later.space_id, later.space_dim, later.text_revision) == (new.id, DIM + 1, "t1")
    assert later.version > state.version
    finish(store, new, {image_id: [axis(0, DIM + 1)] for image_id in (a, b, d)})
    assert (await collection_state(database, "ours")).ready_count == 3
    # Going back finds the old vectors; only what came in between has to be encoded again.
    assert (await take_over(store, old.revision)).id == old.id
    assert (await collection_state(database, "ours")).pending_count == 1
    assert owner.execute("SELECT id FROM images WHERE status = 'pending'").fetchall() == [(d,)]


async def test_the_text_towers_registered_last_are_the_ones_there_are(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    space = await take_over(store, "r1")
    towers: dict[str, list[str]] = {"both": ["fi"], "base": [], "pack": ["fi"]}
    for default in ("base", "both", "both", "base"):
        given = towers if default == "both" else {"base": []}
        register_text_towers(store, space.id, given, default=default)
        assert (await collection_state(database, "ours")).text_revision == default
        rows = owner.execute("SELECT revision, languages FROM text_towers").fetchall()
        assert dict(rows) == given


async def test_large_collections_have_an_index_each_and_small_ones_none(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    space = await take_over(store, "r1")
    sizes = {"large": 30, "larger": 40, "small": 20}
    numbers = {key: await collection_id(database, key) for key in sizes}
    ids: dict[str, list[int]] = {}
    for key, size in sizes.items():
        ids[key] = await add_rows(database, numbers[key], [f"{key} {n}" for n in range(size)])
        finish(store, space, {image_id: [axis(image_id)] for image_id in ids[key]})
    names = [
        index_name(space.id, numbers[key], lists_for(sizes[key])) for key in ("large", "larger")
    ]

    async def ensured() -> list[str]:
        return await asyncio.to_thread(ensure_indexes, store, above=20)

    # Those who come at once build each only once.
    built = await asyncio.gather(*(ensured() for _ in range(3)))
    assert sorted(name for one in built for name in one) == names
    indexes = owner.execute(_INDEXES).fetchall()
    assert [valid for _, valid, _ in indexes] == [True, True]
    for (_, _, definition), name in zip(indexes, names, strict=True):
        assert name in str(definition)
        assert "halfvec_cosine_ops" in str(definition)
    assert await ensured() == []
    # What an interrupted build has left behind is built anew.
    owner.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s", (indexes[0][0],))
    assert set(await ensured()) == {names[0]}
    rebuilt = owner.execute(_INDEXES).fetchall()
    assert [valid for _, valid, _ in rebuilt] == [True, True]
    assert rebuilt[0][0] != indexes[0][0]
    assert rebuilt[1] == indexes[1]
    # An index survives some deletions, but not that of most.
    for left, dropped in ((15, []), (10, [names[0]])):
        owner.execute("DELETE FROM images WHERE id = ANY(%s)", (ids["large"][left:],))
        assert await ensured() == dropped


@pytest.mark.parametrize(("short_of_kb", "lists"), [(0, 12), (1, 9)])
async def test_an_index_has_as_many_lists_as_there_is_memory_for(
    database: Database, database_url: str, owner: Owner, short_of_kb: int, lists: int
) -> None:
    # pgvector begins with 10 000 samples, however few pictures there are, or refuses to.
    memory_kb = math.ceil(build_bytes(lists_for(30), 750) / 1024) - short_of_kb
    owner.execute(f"ALTER DATABASE {owner.info.dbname} SET maintenance_work_mem = {memory_kb}")
    store = IngestStore(database_url)
    wide = 750
    space = await take_over(store, "r1", wide)
    ours = await collection_id(database, "ours")
    ids = await add_rows(database, ours, [str(n) for n in range(30)])
    finish(store, space, {image_id: [axis(image_id, wide)] for image_id in ids})
    built = await asyncio.to_thread(ensure_indexes, store, above=20)
    store.close()
    assert built == [index_name(space.id, ours, lists)]
    assert [valid for _, valid, _ in owner.execute(_INDEXES).fetchall()] == [True]


async def test_a_collection_that_has_grown_gets_another_index(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    space = await take_over(store, "r1")
    ours = await collection_id(database, "ours")
    # One that an older release has built.
    names = ["embeddings_hnsw_1_1"]
    owner.execute(f"CREATE INDEX {names[0]} ON embeddings (frame)")
    for size in (30, 34, 60, 100):
        known = owner.execute("SELECT count(*) FROM images").fetchone()
        assert known is not None
        texts = [str(n) for n in range(int(str(known[0])), size)]
        ids = await add_rows(database, ours, texts)
        finish(store, space, {image_id: [axis(image_id)] for image_id in ids})
        changed = await asyncio.to_thread(ensure_indexes, store, above=20)
        # A few more pictures than the step are no reason.
        if size != 34:
            names.append(index_name(space.id, ours, lists_for(size)))
        assert changed == ([] if size == 34 else names[-1:] + names[-2:-1])
        indexes = owner.execute(_INDEXES).fetchall()
        assert len(indexes) == 1
        assert names[-1] in str(indexes[0])
    # It is kept while half of them go.
    owner.execute(
        "DELETE FROM images WHERE id IN (SELECT id FROM images ORDER BY id DESC LIMIT 50)"
    )
    assert await asyncio.to_thread(ensure_indexes, store, above=20) == []


async def test_another_space_has_its_own_indexes_once_the_pictures_are_in_it(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    ours = await collection_id(database, "ours")
    ids = await add_rows(database, ours, [str(n) for n in range(30)])
    spaces = []
    for revision in ("r1", "r2"):
        space = await take_over(store, revision)
        spaces.append(space.id)
        before = [index_name(number, ours, lists_for(30)) for number in spaces[:-1]]
        assert await asyncio.to_thread(ensure_indexes, store, above=20) == before
        finish(store, space, {image_id: [axis(image_id)] for image_id in ids})
        built = await asyncio.to_thread(ensure_indexes, store, above=20)
        assert built == [index_name(space.id, ours, lists_for(30))]
    assert len(owner.execute(_INDEXES).fetchall()) == 1


async def test_a_claim_counts_attempts_and_leaves_out_what_others_hold(
    database: Database, store: IngestStore
) -> None:
    space = await take_over(store, "r1")
    ours = await collection_id(database, "ours")
    a, b, c = await add_rows(database, ours, ["a", "b", "c"])
    finish(store, space, {c: [axis(0)]})
    with store.claim([a]) as (_, held):
        assert [(image.id, image.attempts) for image in held] == [(a, 1)]
        with store.claim([a, b, c]) as (_, rest):
            assert [(image.id, image.attempts) for image in rest] == [(b, 1)]
    with contextlib.suppress(ZeroDivisionError), store.claim([a, b]) as (_, held):
        assert [(image.id, image.attempts) for image in held] == [(a, 2), (b, 2)]
        raise ZeroDivisionError
    with store.claim([a, b]) as (_, held):  # the failed work counts
        assert [image.attempts for image in held] == [3, 3]
    with store.claim([]) as (_, held):
        assert held == []


async def test_a_claim_ends_with_its_connection(
    database: Database, database_url: str, store: IngestStore, owner: Owner
) -> None:
    ours = await collection_id(database, "ours")
    (a,) = await add_rows(database, ours, ["a"])
    dying = IngestStore(database_url)
    claim = dying.claim([a])
    assert len(claim.__enter__()[1]) == 1
    with store.claim([a]) as (_, held):
        assert held == []
    owner.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE"
        " datname = current_database() AND state = 'idle in transaction'"
    )
    with store.claim([a]) as (_, held):
        assert [(image.id, image.attempts) for image in held] == [(a, 2)]
    with pytest.raises(DatabaseUnavailableError):
        claim.__exit__(None, None, None)
    dying.close()


async def test_a_picture_is_finished_only_once(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    space = await take_over(store, "r1")
    ours = await collection_id(database, "ours")
    (a,) = await add_rows(database, ours, ["a"])
    finish(store, space, {a: [axis(0), axis(1)]})
    state = await collection_state(database, "ours")
    finish(store, space, {a: [axis(2)]})  # the task came twice
    assert await collection_state(database, "ours") == state
    assert owner.execute("SELECT count(*) FROM embeddings").fetchone() == (2,)
    row = owner.execute("SELECT width, height, frame_count, phash, attempts FROM images").fetchone()
    assert row == (4, 3, 2, -1, 1)


async def test_vectors_that_are_not_finite_are_refused_and_the_picture_stays_pending(
    database: Database, store: IngestStore
) -> None:
    space = await take_over(store, "r1")
    ours = await collection_id(database, "ours")
    (a,) = await add_rows(database, ours, ["a"])
    with pytest.raises(ValueError, match="not finite"):
        finish(store, space, {a: [axis(0) * float("nan")]})
    assert (await collection_state(database, "ours")).pending_count == 1


async def test_the_sweep_finds_what_fell_out_of_the_queue_and_nothing_else(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    space = await take_over(store, "r1")
    ours = await collection_id(database, "ours")
    a, b, c, d, e = await add_rows(database, ours, ["a", "b", "c", "d", "e"])
    finish(store, space, {c: [axis(0)]}, {d: "truncated"})
    assert store.sweep() == []
    owner.execute(
        "UPDATE images SET enqueued_at = now() - make_interval(secs => %s) WHERE id <> %s",
        (STALE_AFTER_S + 1, e),
    )
    owner.execute("UPDATE images SET enqueued_at = NULL WHERE id = %s", (b,))
    with store.claim([b]):
        assert store.sweep() == [(a, 0)]
    assert store.sweep() == [(b, 1)]
    assert store.sweep() == []
