"""Questions are encoded while their collection is looked up."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.core.errors import UnavailableError
from bot.core.ports import EmbeddingSpace, Vector
from bot.core.questions import Question, TextQuery
from bot.core.search import Search
from tests.unit.core.memory import CountingEncoder, MemoryCache
from tests.unit.core.memory_pictures import COLLECTION, MemoryPictures

CAT = Question(TextQuery("cat"))


class AnnouncingEncoder(CountingEncoder):
    """Tells when it is asked; the first time it may be down."""

    def __init__(self, *, is_down_at_first: bool = False) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self._is_down = is_down_at_first

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Vector:
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
