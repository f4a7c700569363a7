"""Questions are encoded while their collection is looked up."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.errors import UnavailableError
from bot.core.ports import EmbeddingSpace, Probe
from bot.core.questions import Question, TextQuery
from bot.core.search import Search
from tests.unit.core.memory import CountingEncoder, MemoryCache
from tests.unit.core.memory_pictures import COLLECTION, MemoryPictures, vector

CAT = Question(TextQuery("cat"))


class SlowEncoder(CountingEncoder):
    """Has all the time for one more question, and answers when told to, or fails."""

    def __init__(self) -> None:
        super().__init__()
        self.is_idle = True
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.is_broken = False
        self.given_up = asyncio.Event()

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Probe:
        encoded = await super().encode_text(text, space)
        self.asked.set()
        if self.is_broken:
            raise UnavailableError(part="encoder")
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        return encoded


class SlowCache(MemoryCache):
    """Looks a vector up when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = asyncio.Event()
        self.may_look = asyncio.Event()

    async def get_vector(self, space: EmbeddingSpace, text: str) -> Probe | None:
        self.looked.set()
        await self.may_look.wait()
        return await super().get_vector(space, text)


class AnnouncingEncoder(CountingEncoder):
    """Tells when it is asked; the first time it may be down."""

    def __init__(self, *, is_down_at_first: bool = False) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self._is_down = is_down_at_first

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Probe:
        encoded = await super().encode_text(text, space)
        self.asked.set()
        if self._is_down:
            self._is_down = False
            raise UnavailableError(part="encoder")
        return encoded


async def test_a_question_is_encoded_once_before_its_collection_is_known() -> None:
    encoder = AnnouncingEncoder()
    search = Search(encoder, MemoryPictures(3), MemoryCache())
    search.anticipate("dog")  # no tower is known yet
    state = await search.state(COLLECTION)
    search.anticipate("cat")
    await encoder.asked.wait()
    page = await search.page(state, CAT, None, offset=0, limit=3)
    assert len(page.matches) == 3
    assert encoder.calls == 1


async def test_a_tower_that_has_changed_meanwhile_encodes_it_again() -> None:
    encoder, pictures = CountingEncoder(), MemoryPictures(3)
    search = Search(encoder, pictures, MemoryCache())
    before = await search.state(COLLECTION)
    assert before.space is not None
    search.anticipate("cat")
    after = replace(before, space=replace(before.space, text_revision="another"))
    await search.page(after, CAT, None, offset=0, limit=3)
    assert encoder.calls == 2


async def test_one_that_cannot_be_encoded_ahead_is_tried_again() -> None:
    encoder = AnnouncingEncoder(is_down_at_first=True)
    search = Search(encoder, MemoryPictures(3), MemoryCache())
    await search.state(COLLECTION)
    search.anticipate("cat")
    await encoder.asked.wait()
    state = await search.state(COLLECTION)
    page = await search.page(state, CAT, None, offset=0, limit=3)
    assert len(page.matches) == 3
    assert encoder.calls == 2


async def test_an_idle_encoder_is_asked_while_the_vector_is_looked_up() -> None:
    encoder, cache = SlowEncoder(), SlowCache()
    search = Search(encoder, MemoryPictures(3), cache)
    state = await search.state(COLLECTION)
    asked = asyncio.ensure_future(search.page(state, CAT, None, offset=0, limit=3))
    await cache.looked.wait()
    await encoder.asked.wait()
    cache.may_look.set()
    encoder.may_answer.set()
    assert len((await asked).matches) == 3
    assert encoder.calls == 1


@pytest.mark.parametrize("is_broken", [False, True])
async def test_a_known_vector_is_not_waited_for(is_broken: bool) -> None:
    encoder, cache = SlowEncoder(), SlowCache()
    encoder.is_broken = is_broken
    search = Search(encoder, MemoryPictures(3), cache)
    state = await search.state(COLLECTION)
    assert state.space is not None
    await cache.put_vector(state.space, "cat", Probe(vector(1, 0)))
    asked = asyncio.ensure_future(search.page(state, CAT, None, offset=0, limit=3))
    await encoder.asked.wait()
    cache.may_look.set()
    assert len((await asked).matches) == 3
    if not is_broken:
        await encoder.given_up.wait()
    assert encoder.calls == 1


async def test_a_busy_encoder_is_asked_for_what_is_not_known_only() -> None:
    encoder, cache = CountingEncoder(), MemoryCache()
    search = Search(encoder, MemoryPictures(3), cache)
    state = await search.state(COLLECTION)
    assert state.space is not None
    await cache.put_vector(state.space, "cat", Probe(vector(1, 0)))
    await search.page(state, CAT, None, offset=0, limit=3)
    assert encoder.calls == 0
