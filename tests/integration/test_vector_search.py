"""Nearest neighbours: exact and by index, in one collection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from db import nearest
from db.collections import collection_state
from db.embeddings import SearchScope, neighbours, search
from db.indexes import ensure_indexes, index_name, lists_for
from db.ingest import IngestStore
from db.pool import Database
from db.records import MatchRecord
from db.selections import Selection
from tests.integration.rows import DIM as DIM_OF_ROWS
from tests.integration.rows import (
    add_rows,
    axis,
    collection_id,
    finish,
    new_space,
    take_over,
    to_bytes,
)
from tests.integration.scans import choose_scan

Owner = psycopg.Connection[tuple[object, ...]]

DIM = 32
CROWD = 3000
RARE = 3
_FRAMES = 3
"""Of every tenth picture of the crowd."""


@dataclass(frozen=True)
class Gallery:
    """A database with a large collection and a small one, and its vectors."""

    url: str
    crowd: SearchScope
    rare: SearchScope
    vectors: dict[int, NDArray[np.float32]]
    """Frames by picture, of the crowd."""


def _fill(url: str) -> Gallery:
    """Write thousands of pictures in clusters, past the API, which is for a few at a time."""
    store = IngestStore(url)
    space = new_space(store, dim=DIM)
    generator = np.random.default_rng(7)
    centres = generator.normal(size=(40, DIM))
    vectors: dict[int, NDArray[np.float32]] = {}
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO collections (key) VALUES ('crowd'), ('rare')")
        rows = connection.execute(
            "INSERT INTO images (collection_id, sha256, size_bytes, media_type, uploader_id,"
            " uploader_name, status) SELECT CASE WHEN n < %s THEN 1 ELSE 2 END,"
            " sha256(n::text::bytea), 1, 'image/png', 'u', 'u', 'ready'"
            " FROM generate_series(0, %s) n RETURNING id, collection_id",
            (CROWD, CROWD + RARE - 1),
        ).fetchall()
        with connection.cursor().copy("COPY embeddings FROM STDIN") as copy:
            for image_id, collection in rows:
                frames = _FRAMES if image_id % 10 == 0 else 1
                spread = 0.6 * generator.normal(size=(frames, DIM))
                found = (centres[image_id % 40] + spread).astype(np.float16).astype(np.float32)
                if collection == 1:
                    vectors[image_id] = found
                for frame, vector in enumerate(found):
                    written = "[" + ",".join(map(str, vector)) + "]"
                    copy.write_row((space.id, image_id, frame, collection, written))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        # So few pictures are sorted sooner than looked up in the index.
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET enable_sort = off")
    assert ensure_indexes(store, above=RARE) == [index_name(space.id, 1, lists_for(CROWD))]
    store.close()
    return Gallery(
        url,
        SearchScope(1, CROWD, space.id, DIM),
        SearchScope(2, RARE, space.id, DIM),
        vectors,
    )


@pytest.fixture(scope="module")
def gallery(module_database_url: str) -> Gallery:
    return _fill(module_database_url)


@pytest.fixture
async def bot(gallery: Gallery) -> AsyncIterator[Database]:
    pool = Database(gallery.url)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
def by_index(monkeypatch: pytest.MonkeyPatch) -> None:
    choose_scan(monkeypatch, meets=400)


def _truth(gallery: Gallery, query: NDArray[np.float32], limit: int) -> list[int]:
    def similarity(frames: NDArray[np.float32]) -> float:
        norms = np.linalg.norm(frames, axis=1) * np.linalg.norm(query)
        return float((frames @ query / norms).max())

    ranked = sorted(gallery.vectors, key=lambda n: (-similarity(gallery.vectors[n]), n))
    return ranked[:limit]


def _queries(gallery: Gallery, count: int) -> Sequence[NDArray[np.float32]]:
    """Make up queries in the neighbourhood of some pictures."""
    generator = np.random.default_rng(11)
    near = [gallery.vectors[n][0] for n in generator.choice(list(gallery.vectors), count)]
    noise = 0.5 * generator.normal(size=(count, DIM))
    return list((np.stack(near) + noise).astype(np.float16).astype(np.float32))


def _ids(records: Sequence[MatchRecord]) -> list[int]:
    return [record.image_id for record in records]


async def test_an_exact_search_finds_what_numpy_finds(gallery: Gallery, bot: Database) -> None:
    for query in _queries(gallery, 10):
        found = (await search(bot, gallery.crowd, to_bytes(query), limit=10)).matches
        assert _ids(found) == _truth(gallery, query, 10)
        scores = [record.score for record in found]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.usefixtures("by_index")
async def test_the_index_finds_the_same(gallery: Gallery, bot: Database) -> None:
    same = 0
    queries = _queries(gallery, 20)
    for query in queries:
        found = _ids((await search(bot, gallery.crowd, to_bytes(query), limit=10)).matches)
        assert len(set(found)) == 10
        same += len(set(found) & set(_truth(gallery, query, 10)))
    # The lists are made by chance; at this size they lose next to nothing.
    assert same >= 0.98 * 10 * len(queries)
    await bot.close()  # sends the statistics off
    with psycopg.connect(gallery.url) as connection:
        row = connection.execute(
            "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = %s",
            (index_name(gallery.crowd.space_id, 1, lists_for(CROWD)),),
        ).fetchone()
    assert row is not None
    assert row[0] >= len(queries), "the planner passed the index by"


@pytest.mark.parametrize("exactly", [False, True])
async def test_what_was_shown_is_left_out_and_an_offset_makes_it_exact(
    gallery: Gallery, bot: Database, monkeypatch: pytest.MonkeyPatch, exactly: bool
) -> None:
    choose_scan(monkeypatch, exactly=exactly, meets=400)
    query = _queries(gallery, 1)[0]
    truth, vector = _truth(gallery, query, CROWD), to_bytes(query)
    shown = truth[:40:2]
    found = _ids((await search(bot, gallery.crowd, vector, shown=shown, limit=20)).matches)
    assert not set(found) & set(shown)
    assert len(set(found) & set(truth[:40])) >= 19
    left = [image_id for image_id in truth if image_id not in shown]
    later = _ids(
        (await search(bot, gallery.crowd, vector, shown=shown, offset=30, limit=60)).matches
    )
    assert later == left[30:90]
    last = (await search(bot, gallery.crowd, vector, shown=truth[:-2], limit=60)).matches
    assert _ids(last) == truth[-2:]
    last = (await search(bot, gallery.crowd, vector, offset=CROWD - 2, limit=60)).matches
    assert _ids(last) == truth[-2:]
    assert (await search(bot, gallery.crowd, vector, shown=truth, limit=60)).matches == []
    assert (await search(bot, gallery.crowd, vector, offset=10**9 - 1, limit=60)).matches == []


@pytest.mark.parametrize("exactly", [False, True])
async def test_a_small_collection_among_many_gets_all_its_pictures(
    gallery: Gallery, bot: Database, monkeypatch: pytest.MonkeyPatch, exactly: bool
) -> None:
    choose_scan(monkeypatch, exactly=exactly, meets=400)
    for query in _queries(gallery, 5):
        found = (await search(bot, gallery.rare, to_bytes(query), limit=10)).matches
        assert len(found) == RARE
        assert min(_ids(found)) > CROWD
        near = (await neighbours(bot, gallery.rare, found[0].image_id, limit=10)).matches
        assert set(_ids(near)) == set(_ids(found[1:]))


@pytest.mark.usefixtures("by_index")
async def test_an_index_that_gives_up_early_is_helped_out(
    gallery: Gallery, bot: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_scan(monkeypatch, meets=10)
    monkeypatch.setattr(nearest, "SCAN_AT_MOST", 1)
    few = sorted(gallery.vectors)[::100]
    with psycopg.connect(gallery.url, autocommit=True) as connection:
        connection.execute("UPDATE images SET tags = '{few}' WHERE id = ANY(%s)", (few,))
    for query in _queries(gallery, 5):
        truth = [image_id for image_id in _truth(gallery, query, CROWD) if image_id in few]
        among = Selection(tag="few", hidden=(10**6, truth[1]))
        found = (await search(bot, gallery.crowd, to_bytes(query), among, limit=60)).matches
        assert _ids(found) == [truth[0], *truth[2:]]
        near = (
            await neighbours(bot, gallery.crowd, few[0], Selection(tag="few"), limit=60)
        ).matches
        assert set(_ids(near)) == set(few[1:])


@pytest.mark.usefixtures("by_index")
async def test_what_was_deleted_does_not_shorten_an_answer(
    database: Database, store: IngestStore, monkeypatch: pytest.MonkeyPatch, owner: Owner
) -> None:
    choose_scan(monkeypatch, meets=10)
    space = await take_over(store, "r1")
    collection = await collection_id(database, "deleted")
    ids = await add_rows(database, collection, [f"picture {n}" for n in range(120)])
    generator = np.random.default_rng(5)
    finish(store, space, {n: [generator.normal(size=DIM_OF_ROWS)] for n in ids})
    assert await asyncio.to_thread(ensure_indexes, store, above=20)
    # Dead entries stay in the lists until a vacuum.
    owner.execute("ALTER TABLE embeddings SET (autovacuum_enabled = off)")
    query = to_bytes(axis(0))
    where = SearchScope(collection, len(ids), space.id, space.dim)
    nearest_ids = _ids((await search(database, where, query, limit=100)).matches)
    assert len(nearest_ids) == 100
    owner.execute("DELETE FROM images WHERE id = ANY(%s)", (nearest_ids[:90],))
    where = replace(where, image_count=30)
    found = _ids((await search(database, where, query, limit=20)).matches)
    assert len(set(found)) == 20
    assert not set(found) & set(nearest_ids[:90])


@pytest.mark.parametrize("exactly", [False, True])
async def test_neighbours_leave_the_picture_out_and_none_of_a_missing_one(
    gallery: Gallery, bot: Database, monkeypatch: pytest.MonkeyPatch, exactly: bool
) -> None:
    choose_scan(monkeypatch, exactly=exactly, meets=400)
    for image_id in (10, 11):
        near = _ids((await neighbours(bot, gallery.crowd, image_id, limit=10)).matches)
        assert image_id not in near
        truth = _truth(gallery, gallery.vectors[image_id][0], 11)
        assert len(set(near) & (set(truth) - {image_id})) >= 9
    assert (await neighbours(bot, gallery.crowd, 10**19 - 1, limit=10)).matches == []
    # One of another collection is a missing one.
    assert (await neighbours(bot, gallery.crowd, CROWD + 1, limit=10)).matches == []


async def test_ties_are_in_the_order_of_arrival(
    database: Database, store: IngestStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = await take_over(store, "r1")
    collection = await collection_id(database, "ties")
    ids = await add_rows(database, collection, [f"tie {n}" for n in range(9)])
    finish(store, space, {image_id: [axis(1), axis(0)] for image_id in reversed(ids)})
    state = await collection_state(database, "ties")
    where = SearchScope(collection, state.ready_count, space.id, space.dim)
    for exactly in (True, False):
        choose_scan(monkeypatch, exactly=exactly)
        found = (await search(database, where, to_bytes(axis(0)), offset=0, limit=20)).matches
        assert _ids(found) == ids
        assert [record.score for record in found] == [pytest.approx(1)] * 9
        middle = (await search(database, where, to_bytes(axis(0)), offset=3, limit=3)).matches
        assert _ids(middle) == ids[3:6]


async def test_a_vector_of_another_dimension_or_without_meaning_is_refused(
    gallery: Gallery, bot: Database
) -> None:
    with pytest.raises(ValueError, match="32 dimensions, the vector 31"):
        await search(bot, gallery.crowd, bytes(2 * 31), limit=1)
    nonsense = to_bytes(np.full(DIM, np.nan, np.float32))
    with pytest.raises(ValueError, match="not finite"):
        await search(bot, gallery.crowd, nonsense, limit=1)


async def test_a_space_without_vectors_finds_nothing(gallery: Gallery, bot: Database) -> None:
    where = replace(gallery.crowd, space_id=gallery.crowd.space_id + 1)
    assert (await search(bot, where, bytes(2 * DIM), limit=10)).matches == []
