"""Pages cut out of cached blocks, over an index in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import PageExpiredError, WarmingUpError
from bot.core.ports import CollectionState, EmbeddingSpace, Match, Vector
from bot.core.questions import ImageQuery, TextQuery, VectorQuery
from bot.core.search import BLOCK_SIZE, Page, Search

SPACE = EmbeddingSpace(1, 2, "tower")
COLLECTION = "c"


def _match(image_id: int) -> Match:
    added_at = datetime(2026, 1, 1, tzinfo=UTC)
    return Match(image_id, 0.5, "", 1, 1, "image/png", "00", "u", "Ada", added_at, None)


class MemoryIndex:
    """A collection whose best match is always its first picture."""

    def __init__(self, count: int, space: EmbeddingSpace | None = SPACE) -> None:
        self.count = count
        self.version = 1
        self.space = space
        self.reads = 0

    async def state(self, collection: str) -> CollectionState:
        assert collection == COLLECTION
        return CollectionState(7, self.version, self.count, 0, self.space)

    async def search(
        self, state: CollectionState, vector: Vector, *, offset: int, limit: int
    ) -> Sequence[Match]:
        return self._read(range(1, self.count + 1), offset, limit)

    async def neighbours(
        self, state: CollectionState, image_id: int, *, offset: int, limit: int
    ) -> Sequence[Match]:
        others = [n for n in range(1, self.count + 1) if n != image_id]
        return self._read(others, offset, limit)

    def _read(self, ids: Sequence[int], offset: int, limit: int) -> Sequence[Match]:
        self.reads += 1
        return [_match(image_id) for image_id in ids[offset : offset + limit]]


class MemoryCache:
    """A cache that forgets nothing, or everything."""

    def __init__(self, *, forgetful: bool = False) -> None:
        self.forgetful = forgetful
        self.vectors: dict[tuple[EmbeddingSpace, str], Vector] = {}
        self.pages: dict[tuple[int, int, str], Sequence[Match]] = {}
        self.paging: dict[str, str] = {}

    async def get_vector(self, space: EmbeddingSpace, text: str) -> Vector | None:
        return self.vectors.get((space, text))

    async def put_vector(self, space: EmbeddingSpace, text: str, vector: Vector) -> None:
        if not self.forgetful:
            self.vectors[space, text] = vector

    async def get_page(self, state: CollectionState, key: str) -> Sequence[Match] | None:
        return self.pages.get((state.id, state.version, key))

    async def put_page(self, state: CollectionState, key: str, matches: Sequence[Match]) -> None:
        if not self.forgetful:
            self.pages[state.id, state.version, key] = matches

    async def save_paging(self, query: str) -> str:
        token = f"token{len(self.paging)}"
        self.paging[token] = query
        return token

    async def load_paging(self, token: str) -> str | None:
        return self.paging.get(token)


class CountingEncoder:
    """Encodes everything as the same vector and counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Vector:
        self.calls += 1
        return b"\0\0\0\0"

    async def encode_image(self, content: bytes, space: EmbeddingSpace) -> Vector:
        self.calls += 1
        return content[:4]

    async def ready(self) -> bool:
        return True


def _search(index: MemoryIndex, *, forgetful: bool = False) -> tuple[Search, CountingEncoder]:
    encoder = CountingEncoder()
    return Search(encoder, index, MemoryCache(forgetful=forgetful)), encoder


def _ids(page: Page) -> list[int]:
    return [match.image_id for match in page.matches]


@given(
    st.integers(0, 3 * BLOCK_SIZE + 2),
    st.lists(st.tuples(st.integers(0, 4 * BLOCK_SIZE), st.integers(1, 2 * BLOCK_SIZE)), max_size=6),
    st.booleans(),
)
async def test_any_page_is_the_stretch_it_says(
    count: int, pages: list[tuple[int, int]], forgetful: bool
) -> None:
    search, _ = _search(MemoryIndex(count), forgetful=forgetful)
    whole = list(range(1, count + 1))
    for offset, limit in pages:
        page = await search.page(COLLECTION, TextQuery("cat"), offset=offset, limit=limit)
        assert _ids(page) == whole[offset : offset + limit]
        assert (page.next_token is not None) == (offset + limit < count)


@given(st.integers(0, 3 * BLOCK_SIZE + 2), st.lists(st.integers(1, BLOCK_SIZE + 5), min_size=1))
async def test_pages_that_follow_each_other_neither_repeat_nor_skip(
    count: int, sizes: list[int]
) -> None:
    search, encoder = _search(MemoryIndex(count))
    page = await search.page(COLLECTION, TextQuery("cat"), offset=0, limit=sizes[0])
    seen = _ids(page)
    turn = 0
    while page.next_token is not None:
        turn += 1
        page = await search.page(
            COLLECTION,
            await search.resume(page.next_token),
            offset=len(seen),
            limit=sizes[turn % len(sizes)],
        )
        seen += _ids(page)
    assert seen == list(range(1, count + 1))
    assert encoder.calls == (1 if count else 0)


async def test_blocks_are_read_once_until_the_collection_changes() -> None:
    index = MemoryIndex(2 * BLOCK_SIZE)
    search, encoder = _search(index)
    for _ in range(3):
        for offset in range(0, BLOCK_SIZE - 1, 10):
            await search.page(COLLECTION, TextQuery("cat"), offset=offset, limit=9)
    assert (index.reads, encoder.calls) == (1, 1)
    index.version += 1
    index.count += 1
    page = await search.page(COLLECTION, TextQuery("cat"), offset=2 * BLOCK_SIZE, limit=9)
    assert _ids(page) == [2 * BLOCK_SIZE + 1]
    assert encoder.calls == 1


async def test_neighbours_leave_the_picture_out() -> None:
    search, encoder = _search(MemoryIndex(BLOCK_SIZE + 5))
    page = await search.page(COLLECTION, ImageQuery(3), offset=0, limit=2 * BLOCK_SIZE)
    assert _ids(page) == [n for n in range(1, BLOCK_SIZE + 6) if n != 3]
    assert encoder.calls == 0


async def test_a_picture_somebody_sent_is_encoded_once_for_all_its_pages() -> None:
    search, encoder = _search(MemoryIndex(100))
    query = await search.vector_query(COLLECTION, b"picture")
    page = await search.page(COLLECTION, query, offset=0, limit=10)
    assert page.next_token is not None
    resumed = await search.resume(page.next_token)
    assert resumed == query
    assert _ids(await search.page(COLLECTION, resumed, offset=10, limit=2)) == [11, 12]
    assert encoder.calls == 1


async def test_a_vector_of_another_space_is_an_expired_page() -> None:
    search, _ = _search(MemoryIndex(5))
    with pytest.raises(PageExpiredError):
        await search.page(COLLECTION, VectorQuery(SPACE.id + 1, b"\0\0\0\0"), offset=0, limit=1)
    with pytest.raises(PageExpiredError):
        await search.resume("unknown")


async def test_without_a_space_the_service_is_warming_up() -> None:
    search, _ = _search(MemoryIndex(5, space=None))
    with pytest.raises(WarmingUpError):
        await search.page(COLLECTION, TextQuery("cat"), offset=0, limit=1)
    with pytest.raises(WarmingUpError):
        await search.vector_query(COLLECTION, b"picture")
    # An empty collection says that it is empty, whoever is warming up.
    empty, _ = _search(MemoryIndex(0, space=None))
    assert _ids(await empty.page(COLLECTION, TextQuery("cat"), offset=0, limit=1)) == []
