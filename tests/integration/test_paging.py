"""Walks through whole answers: each picture once, whatever the index and the cache give."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.backends.cache import RedisCache
from bot.backends.index import PgImageIndex
from bot.core import search
from bot.core.messages import Filters
from bot.core.questions import ImageQuery, NewestQuery, Query, Question, VectorQuery
from bot.core.search import BLOCK_SIZE, Search
from db import nearest
from db.pool import Database
from db.query_cache import RedisQueryCache
from db.selections import EVERYTHING, Selection
from tests.integration.gallery import CHANNELS, DIM, PEOPLE, TAGS, Gallery, fill
from tests.integration.rows import to_bytes
from tests.integration.scans import choose_scan
from tests.unit.core.memory import CountingEncoder

SELECTIONS = st.builds(
    Selection,
    st.sampled_from(["", "", *TAGS]),
    st.sampled_from(["", "", *PEOPLE]),
    st.lists(st.integers(1, 450), max_size=40, unique=True).map(tuple),
    st.none() | st.frozensets(st.sampled_from(CHANNELS)),
)
PAGE_SIZES = st.integers(9, 2 * BLOCK_SIZE)


@pytest.fixture(scope="module")
def gallery(module_database_url: str) -> Gallery:
    return fill(module_database_url)


@pytest.fixture
async def bot(gallery: Gallery) -> AsyncIterator[Database]:
    pool = Database(gallery.url)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture(autouse=True)
def index_that_finds_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the index for few pictures too, as large collections make it: approximate, bounded.

    What is replaced are constants, not behaviour.
    """
    choose_scan(monkeypatch, meets=20)
    monkeypatch.setattr(nearest, "SCAN_AT_MOST", 300)
    monkeypatch.setattr(nearest, "SPARE_ROWS", 1)
    monkeypatch.setattr(search, "CHAINED_BLOCKS", 3)


@pytest.fixture
async def new_search(bot: Database, redis: Redis) -> AsyncIterator[Callable[[], Search]]:
    """Makes searches that share nothing but Redis."""
    caches: list[RedisCache] = []

    def make() -> Search:
        caches.append(RedisCache(RedisQueryCache(redis)))
        return Search(CountingEncoder(), PgImageIndex(bot), caches[-1])

    yield make
    # What is still being written would open connections that nobody closes.
    for cache in caches:
        await cache.settled()


def _query(gallery: Gallery, kind: str, seed: int) -> Query:
    generator = np.random.default_rng(seed)
    if kind == "newest":
        return NewestQuery()
    if kind == "picture":
        return ImageQuery(int(generator.choice(gallery.ids(EVERYTHING))))
    vector = generator.normal(size=DIM).astype(np.float32)
    return VectorQuery(gallery.where.space_id, to_bytes(vector))


@settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink takes minutes
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    selection=st.just(EVERYTHING) | SELECTIONS,
    kind=st.sampled_from(["vector", "vector", "picture", "newest"]),
    seed=st.integers(0, 999),
    sizes=st.lists(PAGE_SIZES, min_size=1, max_size=4),
    forgetful=st.booleans(),
)
async def test_all_pages_together_have_each_picture_once(
    gallery: Gallery,
    new_search: Callable[[], Search],
    redis: Redis,
    *,
    selection: Selection,
    kind: str,
    seed: int,
    sizes: list[int],
    forgetful: bool,
) -> None:
    query = _query(gallery, kind, seed)
    question = Question(query, Filters(selection.tag, selection.uploader_id, selection.hidden))
    itself = (query.image_id,) if isinstance(query, ImageQuery) else ()
    expected = gallery.ids(replace(selection, hidden=(*selection.hidden, *itself)))
    asked = new_search()
    state = await asked.state("ours")
    seen: list[int] = []
    for turn in range(len(expected) + 1):
        if forgetful:  # all the caches: those of this process, and Redis
            await redis.flushall()
            asked = new_search()
        page = await asked.page(
            state, question, selection.sees, offset=len(seen), limit=sizes[turn % len(sizes)]
        )
        left = len(expected) - len(seen)
        assert len(page.matches) == min(left, sizes[turn % len(sizes)]), "a page is not full"
        seen += [match.image_id for match in page.matches]
        if len(seen) == len(expected):
            break
        assert page.total == len(expected)
    assert sorted(seen) == expected


async def test_a_jump_ahead_is_where_the_walk_leads(
    gallery: Gallery, new_search: Callable[[], Search], redis: Redis
) -> None:
    question = Question(_query(gallery, "vector", 1))
    asked = new_search()
    state = await asked.state("ours")
    count = state.image_count
    whole = await asked.page(state, question, None, offset=0, limit=count)
    ids = [match.image_id for match in whole.matches]
    for offset in (count - 3, 4 * BLOCK_SIZE + 1, 2 * BLOCK_SIZE, 7, count, 10**9):
        await redis.flushall()
        page = await new_search().page(state, question, None, offset=offset, limit=50)
        assert [match.image_id for match in page.matches] == ids[offset : offset + 50]


async def test_the_walk_goes_by_the_index(
    gallery: Gallery, bot: Database, new_search: Callable[[], Search]
) -> None:
    asked = new_search()
    state = await asked.state("ours")
    page = await asked.page(
        state, Question(_query(gallery, "vector", 2)), None, offset=0, limit=3 * BLOCK_SIZE
    )
    assert len(page.matches) == 3 * BLOCK_SIZE
    await bot.close()  # sends the statistics off
    with psycopg.connect(gallery.url) as connection:
        row = connection.execute(
            "SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE indexrelname LIKE '%ivf%'"
        ).fetchone()
    assert row is not None
    assert row[0] >= 3
