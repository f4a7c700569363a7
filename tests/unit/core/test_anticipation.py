"""Questions are encoded while their collection is looked up."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.core.questions import Question, TextQuery
from bot.core.search import Search
from tests.unit.core.memory import CountingEncoder, MemoryCache
from tests.unit.core.memory_pictures import COLLECTION, MemoryPictures

CAT = Question(TextQuery("cat"))


async def _settle() -> None:
    """Let tasks that wait for nothing come to their end."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_question_is_encoded_once_before_its_collection_is_known() -> None:
    encoder = CountingEncoder()
    search = Search(encoder, MemoryPictures(3), MemoryCache())
    search.anticipate("cat")
    await _settle()
    assert encoder.calls == 0, "no tower is known yet"
    await search.state(COLLECTION)
    search.anticipate("cat")
    await _settle()
    assert encoder.calls == 1
    state = await search.state(COLLECTION)
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
    class Failing(CountingEncoder):
        async def encode_text(self, text: str, space: object) -> bytes:
            if self.calls == 0:
                self.calls += 1
                raise RuntimeError("down")
            return await super().encode_text(text, space)  # type: ignore[arg-type]

    search = Search(encoder := Failing(), MemoryPictures(3), MemoryCache())
    state = await search.state(COLLECTION)
    search.anticipate("cat")
    await _settle()
    page = await search.page(state, CAT, None, offset=0, limit=3)
    assert len(page.matches) == 3
    assert encoder.calls == 2
