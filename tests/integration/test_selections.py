"""Searches among some of the pictures of a collection, against what Python picks out."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from db import nearest
from db.embeddings import SearchScope, count, neighbours, newest, search, sources, vector_of
from db.indexes import ensure_indexes, index_name
from db.ingest import IngestStore
from db.pool import Database
from db.records import MatchRecord
from db.selections import EVERYTHING, Selection
from tests.integration.rows import new_space, to_bytes

DIM = 8
COUNT = 400
CHANNELS = ["1", "12", "123", "4"]
TAGS = ["cat", "dog", "a'b", "猫"]
PEOPLE = ["u:1", "u:2", "u:3"]
CASES = 40


@dataclass
class Shown:
    """A picture, as an oracle needs it."""

    frames: NDArray[np.float32]
    tags: list[str]
    uploader_id: str
    is_ready: bool
    confined: bool
    sources: list[tuple[str, str]] = field(default_factory=list)

    def is_among(self, selection: Selection, image_id: int) -> bool:
        """Tell whether a selection has it."""
        sees = selection.sees
        channels = {channel for channel, _ in self.sources}
        return (
            self.is_ready
            and (not selection.tag or selection.tag in self.tags)
            and (not selection.uploader_id or selection.uploader_id == self.uploader_id)
            and image_id not in selection.hidden
            and (sees is None or not self.confined or bool(channels & sees))
        )

    def link(self, selection: Selection) -> tuple[str | None, str | None]:
        """Return the first message that may be shown."""
        sees = selection.sees
        seen = [
            (len(message), message, channel)
            for channel, message in self.sources
            if message and (sees is None or channel in sees)
        ]
        return (min(seen)[2], min(seen)[1]) if seen else (None, None)

    def score(self, query: NDArray[np.float32]) -> float:
        """Return the cosine of its nearest frame."""
        norms = np.linalg.norm(self.frames, axis=1) * np.linalg.norm(query)
        return float((self.frames @ query / norms).max())


@dataclass(frozen=True)
class Gallery:
    """A database with a collection of all kinds of pictures, and a small one beside it."""

    url: str
    where: SearchScope
    pictures: dict[int, Shown]

    def ids(self, selection: Selection) -> list[int]:
        """Return what a selection has, the oldest first."""
        return [n for n, shown in self.pictures.items() if shown.is_among(selection, n)]

    def nearest(self, selection: Selection, query: NDArray[np.float32]) -> list[int]:
        """Return what a selection has, best first."""
        return sorted(
            self.ids(selection), key=lambda n: (-round(self.pictures[n].score(query), 6), n)
        )


def _make_up(chance: random.Random) -> Shown:
    generator = np.random.default_rng(chance.randrange(2**32))
    frames = generator.normal(size=(chance.choice([1, 1, 1, 3]), DIM))
    shown = Shown(
        frames.astype(np.float16).astype(np.float32),
        chance.sample(TAGS, chance.randrange(3)),
        chance.choice(PEOPLE),
        is_ready=chance.random() < 0.95,
        confined=False,
    )
    if chance.random() < 0.8:
        # Few pictures are in the last channel.
        for channel in chance.choices(CHANNELS, [10, 8, 8, 1], k=chance.randrange(1, 4)):
            shown.sources.append((channel, chance.choice(["", str(chance.randrange(10**6))])))
        shown.sources = sorted(set(shown.sources))
        shown.confined = chance.random() < 0.9
    return shown


def _fill(url: str) -> Gallery:
    store = IngestStore(url)
    space = new_space(store, dim=DIM)
    chance = random.Random(5)  # noqa: S311
    pictures: dict[int, Shown] = {}
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO collections (key) VALUES ('ours'), ('theirs')")
        with connection.cursor() as cursor:
            for n in range(COUNT):
                shown, collection = _make_up(chance), 2 if n % 50 == 0 else 1
                cursor.execute(
                    "INSERT INTO images (collection_id, sha256, size_bytes, media_type, tags,"
                    " uploader_id, uploader_name, status, confined) VALUES (%s,"
                    " sha256(%s::text::bytea), 1, 'image/png', %s, %s, 'u', %s, %s) RETURNING id",
                    (
                        *(collection, n, shown.tags, shown.uploader_id),
                        *("ready" if shown.is_ready else "pending", shown.confined),
                    ),
                )
                (row,) = cursor.fetchall()
                if collection == 1:
                    pictures[row[0]] = shown
                cursor.executemany(
                    "INSERT INTO image_sources VALUES (%s, %s, %s, %s)",
                    [(row[0], collection, *source) for source in shown.sources],
                )
                if shown.is_ready:
                    cursor.executemany(
                        "INSERT INTO embeddings VALUES (%s, %s, %s, %s, %s::halfvec)",
                        [
                            (space.id, row[0], frame, collection, str(vector.tolist()))
                            for frame, vector in enumerate(shown.frames)
                        ],
                    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        # So few pictures are sorted sooner than looked up in the index.
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET enable_sort = off")
    assert ensure_indexes(store, above=COUNT // 2) == [index_name(space.id, 1)]
    store.close()
    ready = sum(shown.is_ready for shown in pictures.values())
    return Gallery(url, SearchScope(1, ready, space.id, DIM), pictures)


@pytest.fixture(scope="module")
def gallery(module_database_url: str) -> Gallery:
    return _fill(module_database_url)


@pytest.fixture
async def bot(gallery: Gallery) -> AsyncIterator[Database]:
    pool = Database(gallery.url)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture(params=["exact", "indexed"])
def exactly(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether searches are exact; each test that asks for it runs once with the index too."""
    is_exact: bool = request.param == "exact"
    monkeypatch.setattr(nearest, "INDEX_FROM", 10**9 if is_exact else 0)
    return is_exact


def _selection(chance: random.Random, ids: Sequence[int]) -> Selection:
    sees = [None, *(frozenset(chance.sample(CHANNELS, n)) for n in range(len(CHANNELS) + 1))]
    return Selection(
        chance.choice(["", "", *TAGS, "nobody's"]),
        chance.choice(["", "", *PEOPLE, "u:9"]),
        tuple(chance.sample(ids, chance.choice([0, 0, 1, 20]))),
        chance.choice(sees),
    )


def _cases(gallery: Gallery, seed: int) -> list[tuple[Selection, NDArray[np.float32], int, int]]:
    """Make up selections with queries, offsets and limits; the first leaves nothing out."""
    chance, ids = random.Random(seed), list(gallery.pictures)  # noqa: S311
    generator = np.random.default_rng(seed)
    cases = []
    for n in range(CASES):
        query = generator.normal(size=DIM).astype(np.float16).astype(np.float32)
        selection = _selection(chance, ids) if n else EVERYTHING
        cases.append(
            (selection, query, chance.choice([0, 0, 3, 40]), chance.choice([1, 10, 60, 500]))
        )
    return cases


def _ids(records: Sequence[MatchRecord]) -> list[int]:
    return [record.image_id for record in records]


def _compare(found: list[int], truth: list[int], *, offset: int, limit: int, exactly: bool) -> int:
    """Check a stretch of an answer; returns how many of its pictures are not the best ones."""
    wanted = truth[offset : offset + limit]
    if exactly:
        assert found == wanted
    assert len(found) == len(wanted), "the index gave up"
    assert len(set(found)) == len(found)
    assert set(found) <= set(truth), "a picture that is not in the selection"
    return len(set(found) - set(wanted))


async def test_a_search_finds_what_the_selection_has(
    gallery: Gallery, bot: Database, *, exactly: bool
) -> None:
    missed = total = 0
    for among, query, offset, limit in _cases(gallery, 1):
        truth = gallery.nearest(among, query)
        shown = truth[:offset]
        found = await search(bot, gallery.where, to_bytes(query), among, shown=shown, limit=limit)
        missed += _compare(_ids(found), truth, offset=offset, limit=limit, exactly=exactly)
        total += len(found)
        for record in found:
            shown = gallery.pictures[record.image_id]
            assert record.score == pytest.approx(shown.score(query), abs=1e-5)
            assert (record.source_channel, record.source_message) == shown.link(among)
    assert total > 500
    # The graph is built by chance.
    assert missed <= 0.02 * total
    await bot.close()  # sends the statistics off
    assert exactly or _index_scans(gallery) >= CASES, "the planner passed the index by"


def _index_scans(gallery: Gallery) -> int:
    with psycopg.connect(gallery.url) as connection:
        row = connection.execute(
            "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = %s",
            (index_name(gallery.where.space_id, 1),),
        ).fetchone()
    assert row is not None
    scans: int = row[0]
    return scans


async def test_neighbours_are_of_the_selection_too(
    gallery: Gallery, bot: Database, *, exactly: bool
) -> None:
    missed = total = 0
    ready = gallery.ids(EVERYTHING)
    for n, (among, _, offset, limit) in enumerate(_cases(gallery, 2)):
        itself = ready[n]
        others = replace(among, hidden=(*among.hidden, itself))
        truth = gallery.nearest(others, gallery.pictures[itself].frames[0])
        shown = truth[:offset]
        found = await neighbours(bot, gallery.where, itself, among, shown=shown, limit=limit)
        missed += _compare(_ids(found), truth, offset=offset, limit=limit, exactly=exactly)
        total += len(found)
        assert all(
            (record.source_channel, record.source_message)
            == gallery.pictures[record.image_id].link(among)
            for record in found
        )
    assert total > 500
    assert missed <= 0.02 * total


async def test_the_newest_and_their_number(gallery: Gallery, bot: Database) -> None:
    for among, _, offset, limit in _cases(gallery, 3):
        truth = gallery.ids(among)[::-1]
        found = await newest(bot, 1, among, offset=offset, limit=limit)
        assert _ids(found) == truth[offset : offset + limit]
        assert {record.score for record in found} <= {0}
        assert await count(bot, 1, among) == len(truth)
        assert all(
            (record.source_channel, record.source_message)
            == gallery.pictures[record.image_id].link(among)
            for record in found
        )


@pytest.mark.usefixtures("exactly")
async def test_what_is_hidden_and_gone_does_not_shorten_an_answer(
    gallery: Gallery, bot: Database
) -> None:
    among = Selection(hidden=tuple(range(10**6, 10**6 + 50)))
    vector = to_bytes(np.ones(DIM, np.float32))
    found = await search(bot, gallery.where, vector, among, offset=0, limit=COUNT)
    assert len(found) == gallery.where.image_count


@pytest.mark.usefixtures("exactly")
async def test_odd_names_are_just_names(gallery: Gallery, bot: Database) -> None:
    vector = to_bytes(np.ones(DIM, np.float32))
    for odd in ("'", "a'b", "%s", "{cat}", "cat,dog", "\\", "", "cat "):
        among = Selection(tag=odd, uploader_id="u:1", sees=frozenset({odd or "x"}))
        found = await search(bot, gallery.where, vector, among, offset=0, limit=99)
        assert sorted(_ids(found)) == gallery.ids(among)


async def test_the_channels_are_those_of_the_collection(gallery: Gallery, bot: Database) -> None:
    assert await sources(bot, 1) == set(CHANNELS)
    assert await sources(bot, 99) == frozenset()


async def test_the_vector_of_a_picture_is_that_of_its_first_frame(
    gallery: Gallery, bot: Database
) -> None:
    ready = gallery.ids(EVERYTHING)
    for image_id in (ready[0], next(n for n in ready if len(gallery.pictures[n].frames) > 1)):
        vector = await vector_of(bot, gallery.where, image_id)
        assert vector == to_bytes(gallery.pictures[image_id].frames[0])
    (pending,) = [n for n, shown in gallery.pictures.items() if not shown.is_ready][:1]
    with psycopg.connect(gallery.url) as connection:
        row = connection.execute("SELECT min(id) FROM images WHERE collection_id = 2").fetchone()
    assert row is not None
    for missing in (pending, row[0], 10**19 - 1):
        assert await vector_of(bot, gallery.where, missing) is None
