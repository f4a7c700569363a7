"""Searches among some of the pictures of a collection, against what Python picks out."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from db.embeddings import count, neighbours, newest, search, sources, vector_of
from db.indexes import index_name, lists_for
from db.pool import Database
from db.records import MatchRecord
from db.selections import EVERYTHING, Selection
from tests.integration.gallery import CHANNELS, COUNT, DIM, PEOPLE, TAGS, Gallery, fill
from tests.integration.rows import to_bytes
from tests.integration.scans import choose_scan

CASES = 40


@pytest.fixture(scope="module")
def gallery(module_database_url: str) -> Gallery:
    return fill(module_database_url)


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
    choose_scan(monkeypatch, exactly=is_exact)
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
        found = (
            await search(bot, gallery.where, to_bytes(query), among, shown=shown, limit=limit)
        ).matches
        missed += _compare(_ids(found), truth, offset=offset, limit=limit, exactly=exactly)
        total += len(found)
        for record in found:
            shown = gallery.pictures[record.image_id]
            assert record.score == pytest.approx(shown.score(query), abs=1e-5)
            assert (record.source_channel, record.source_message) == shown.link(among)
    assert total > 500
    # The lists are made by chance.
    assert missed <= 0.02 * total
    await bot.close()  # sends the statistics off
    assert exactly or _index_scans(gallery) >= CASES, "the planner passed the index by"


def _index_scans(gallery: Gallery) -> int:
    with psycopg.connect(gallery.url) as connection:
        row = connection.execute(
            "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = %s",
            (index_name(gallery.where.space_id, 1, lists_for(gallery.where.image_count)),),
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
        found = (
            await neighbours(bot, gallery.where, itself, among, shown=shown, limit=limit)
        ).matches
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
        found = (await newest(bot, 1, among, offset=offset, limit=limit)).matches
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
    found = (await search(bot, gallery.where, vector, among, limit=COUNT)).matches
    assert len(found) == gallery.where.image_count


@pytest.mark.usefixtures("exactly")
async def test_odd_names_are_just_names(gallery: Gallery, bot: Database) -> None:
    vector = to_bytes(np.ones(DIM, np.float32))
    for odd in ("'", "a'b", "%s", "{cat}", "cat,dog", "\\", "", "cat "):
        among = Selection(tag=odd, uploader_id="u:1", sees=frozenset({odd or "x"}))
        found = (await search(bot, gallery.where, vector, among, limit=99)).matches
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
