"""Pages cut out of cached blocks, over an index in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import PageExpiredError, WarmingUpError
from bot.core.messages import Filters
from bot.core.ports import EmbeddingSpace, Probe, Selection
from bot.core.questions import ImageQuery, NewestQuery, Query, Question, TextQuery, VectorQuery
from bot.core.search import BLOCK_SIZE, Page, Search
from tests.unit.core.memory import CountingEncoder, MemoryCache
from tests.unit.core.memory_pictures import COLLECTION, SPACE, MemoryPictures, vector

CAT = Question(TextQuery("cat"))


def _search(pictures: MemoryPictures, *, forgetful: bool = False) -> tuple[Search, CountingEncoder]:
    encoder = CountingEncoder()
    return Search(encoder, pictures, MemoryCache(forgetful=forgetful)), encoder


async def _page(
    search: Search,
    question: Question,
    sees: frozenset[str] | None = None,
    *,
    offset: int = 0,
    limit: int = BLOCK_SIZE,
) -> Page:
    state = await search.state(COLLECTION)
    return await search.page(state, question, sees, offset=offset, limit=limit)


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
    search, _ = _search(MemoryPictures(count), forgetful=forgetful)
    whole = list(range(1, count + 1))
    for offset, limit in pages:
        page = await _page(search, CAT, offset=offset, limit=limit)
        assert _ids(page) == whole[offset : offset + limit]
        assert (page.offset, page.total) == (offset, count)
        assert bool(page.token) == bool(page.matches)


@given(st.integers(1, 3 * BLOCK_SIZE + 2), st.lists(st.integers(1, BLOCK_SIZE + 5), min_size=1))
async def test_pages_that_follow_each_other_neither_repeat_nor_skip(
    count: int, sizes: list[int]
) -> None:
    search, encoder = _search(MemoryPictures(count))
    page = await _page(search, CAT, limit=sizes[0])
    seen = _ids(page)
    turn = 0
    while len(seen) < page.total:
        turn += 1
        question = await search.resume(page.token)
        page = await _page(search, question, offset=len(seen), limit=sizes[turn % len(sizes)])
        seen += _ids(page)
    assert seen == list(range(1, count + 1))
    assert encoder.calls == 1


async def test_blocks_are_read_once_until_the_collection_changes() -> None:
    pictures = MemoryPictures(2 * BLOCK_SIZE)
    search, encoder = _search(pictures)
    for _ in range(3):
        for offset in range(0, BLOCK_SIZE - 1, 10):
            await _page(search, CAT, offset=offset, limit=9)
    assert (pictures.reads, encoder.calls) == (1, 1)
    added = pictures.put()
    page = await _page(search, CAT, offset=2 * BLOCK_SIZE, limit=9)
    assert _ids(page) == [added]
    assert encoder.calls == 1


async def test_neighbours_leave_the_picture_out() -> None:
    search, encoder = _search(MemoryPictures(BLOCK_SIZE + 5))
    page = await _page(search, Question(ImageQuery(3)), limit=2 * BLOCK_SIZE)
    assert _ids(page) == [n for n in range(1, BLOCK_SIZE + 6) if n != 3]
    assert page.total == BLOCK_SIZE + 4
    assert encoder.calls == 0


async def test_the_newest_come_first_and_need_no_worker() -> None:
    search, encoder = _search(MemoryPictures(BLOCK_SIZE + 5, space=None))
    page = await _page(search, Question(NewestQuery()), limit=2 * BLOCK_SIZE)
    assert _ids(page) == list(range(BLOCK_SIZE + 5, 0, -1))
    assert encoder.calls == 0


async def test_a_picture_somebody_sent_is_encoded_once_for_all_its_pages() -> None:
    search, encoder = _search(MemoryPictures(100))
    question = Question(await search.vector_query(await search.state(COLLECTION), b"picture"))
    page = await _page(search, question, limit=10)
    resumed = await search.resume(page.token)
    assert resumed == question
    assert _ids(await _page(search, resumed, offset=10, limit=2)) == [11, 12]
    assert encoder.calls == 1


async def test_a_vector_of_another_space_is_an_expired_page() -> None:
    search, _ = _search(MemoryPictures(5))
    with pytest.raises(PageExpiredError):
        await _page(search, Question(VectorQuery(SPACE.id + 1, b"\0\0\0\0")))
    with pytest.raises(PageExpiredError):
        await search.resume("unknown")


async def test_without_a_space_the_service_is_warming_up() -> None:
    search, _ = _search(MemoryPictures(5, space=None))
    with pytest.raises(WarmingUpError):
        await _page(search, CAT)
    with pytest.raises(WarmingUpError):
        await search.vector_query(await search.state(COLLECTION), b"picture")
    # An empty collection says that it is empty, whoever is warming up.
    empty, _ = _search(MemoryPictures(0, space=None))
    assert _ids(await _page(empty, CAT)) == []


# Who sees what

CHANNELS = ["1", "12", "123"]
TAGS = ["cat", "dog"]
PEOPLE = ["u:1", "u:2"]
MADE_UP = st.lists(
    st.tuples(
        st.lists(st.sampled_from(CHANNELS), max_size=2, unique=True),
        st.lists(st.sampled_from(TAGS), max_size=2, unique=True),
        st.sampled_from(PEOPLE),
    ),
    max_size=2 * len(CHANNELS),
)
FILTERS = st.builds(
    Filters,
    st.sampled_from(["", *TAGS]),
    st.sampled_from(["", *PEOPLE]),
    st.lists(st.integers(1, 8), max_size=3, unique=True).map(tuple),
)
SEES = st.none() | st.frozensets(st.sampled_from([*CHANNELS, "999"]))
QUERIES: st.SearchStrategy[Query] = st.sampled_from(
    [TextQuery("cat"), NewestQuery(), ImageQuery(2), VectorQuery(SPACE.id, vector(1, 0))]
)


@given(MADE_UP, st.lists(st.tuples(QUERIES, FILTERS, SEES), max_size=8))
async def test_everybody_gets_what_is_for_them_whoever_has_asked_before(
    made_up: list[tuple[list[str], list[str], str]],
    asked: list[tuple[Query, Filters, frozenset[str] | None]],
) -> None:
    pictures = MemoryPictures()
    for channels, tags, uploader_id in made_up:
        pictures.put(*channels, tags=tuple(tags), uploader_id=uploader_id)
    search, _ = _search(pictures)  # one cache for all of them
    for query, filters, sees in asked:
        expected = pictures.ids(Selection(filters, sees))
        if isinstance(query, ImageQuery):
            expected = [n for n in expected if n != query.image_id]
        elif isinstance(query, NewestQuery):
            expected.reverse()
        page = await _page(search, Question(query, filters), sees)
        assert _ids(page) == expected
        if isinstance(query, ImageQuery) and query.image_id > len(made_up):
            continue  # the total of what is like a missing picture is anybody's guess
        assert page.total == len(expected)
        for match in page.matches:
            assert sees is None or match.source_channel in {None, *sees}


async def _blocks_read(pictures: MemoryPictures, search: Search, *viewers: str) -> int:
    """Let people who see these channels ask one after another; returns how often one looked."""
    before = pictures.reads
    for sees in viewers:
        await _page(search, CAT, frozenset(sees.split()))
    return pictures.reads - before


async def test_people_who_see_the_same_channels_share_an_answer() -> None:
    pictures = MemoryPictures(3)
    pictures.put("1")
    pictures.put("2")
    look = 2  # one for the pictures, one for their number
    # Channels without pictures make no difference.
    search, _ = _search(pictures)
    assert await _blocks_read(pictures, search, "1", "1 7", "8 1 9") == look
    search, _ = _search(pictures)
    assert await _blocks_read(pictures, search, "1", "2", "") == 3 * look


async def test_who_sees_all_channels_shares_the_answer_that_leaves_nothing_out() -> None:
    pictures = MemoryPictures(3)
    pictures.put("1")
    pictures.put("2")
    search, _ = _search(pictures)
    await _page(search, CAT)
    assert await _blocks_read(pictures, search, "1 2", "1 2 3") == 0
    # A picture from another channel ends that.
    hidden = pictures.put("3")
    assert hidden in _ids(await _page(search, CAT))
    assert hidden not in _ids(await _page(search, CAT, frozenset("12")))


async def test_the_number_of_pictures_is_counted_once_for_all_pages() -> None:
    pictures = MemoryPictures(2 * BLOCK_SIZE)
    for _ in range(BLOCK_SIZE):
        pictures.put("1", tags=("cat",))
    search, _ = _search(pictures)
    question = Question(TextQuery("cat"), Filters(tag="cat"))
    for offset in (0, 10, 20):
        page = await _page(search, question, frozenset("1"), offset=offset, limit=10)
        assert page.total == BLOCK_SIZE
    assert pictures.reads == 2  # one block, one count
    hidden = replace(question, filters=replace(question.filters, hidden=(2 * BLOCK_SIZE + 1,)))
    assert (await _page(search, hidden, frozenset("1"))).total == BLOCK_SIZE - 1


class ChangingEncoder(CountingEncoder):
    """Takes so long that something happens in the collection meanwhile."""

    def __init__(self, change: Callable[[], object]) -> None:
        super().__init__()
        self.change = change

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Probe:
        self.change()
        return await super().encode_text(text, space)


async def test_what_is_posted_out_of_sight_while_one_asks_is_not_shown() -> None:
    pictures = MemoryPictures(1)
    pictures.put("lobby")
    cache = MemoryCache()
    search = Search(ChangingEncoder(lambda: pictures.put("secret")), pictures, cache)
    # Who asks sees all there was when they asked.
    assert _ids(await _page(search, CAT, frozenset({"lobby"}))) == [1, 2]
    assert not cache.pages, "it belongs to no version"
    assert _ids(await _page(search, CAT, frozenset({"lobby"}))) == [1, 2]
    assert _ids(await _page(search, CAT, frozenset({"lobby", "secret"}))) == [1, 2, 3]


@pytest.mark.parametrize("sees", [None, frozenset({"lobby", "other"})])
async def test_what_is_posted_in_sight_while_one_asks_is_shown(
    sees: frozenset[str] | None,
) -> None:
    pictures = MemoryPictures(1)
    pictures.put("other")
    put = partial(pictures.put, "lobby")
    search = Search(ChangingEncoder(put), pictures, MemoryCache())
    assert _ids(await _page(search, CAT, sees)) == [1, 2, 3]
