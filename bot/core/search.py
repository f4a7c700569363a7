"""The path of a question: cache, encoder, index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.errors import PageExpiredError, WarmingUpError
from bot.core.ports import (
    CollectionState,
    EmbeddingSpace,
    Encoder,
    ImageIndex,
    Match,
    QueryCache,
    Vector,
)
from bot.core.questions import ImageQuery, Query, TextQuery, VectorQuery, digest, parse_query
from bot.core.sharing import Shared, SharedFresh

BLOCK_SIZE = 60
"""Results are fetched and cached in blocks of this many, pages are cut out of them."""


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of an answer."""

    query: Query
    state: CollectionState
    offset: int
    matches: tuple[Match, ...]
    next_token: str | None
    """Names the question in the paging store when there are more pictures, else None."""


class Search:
    """Finds the pictures of a collection that match a query, page by page."""

    def __init__(self, encoder: Encoder, index: ImageIndex, cache: QueryCache) -> None:
        self._encoder = encoder
        self._index = index
        self._cache = cache
        self._states: SharedFresh[CollectionState] = SharedFresh()
        self._vectors: Shared[Vector] = Shared()

    async def page(self, collection: str, query: Query, *, offset: int, limit: int) -> Page:
        """Return ``limit`` pictures from ``offset`` on; errors are CoreErrors."""
        # A crowd shares one look at its collection, but none from before its question.
        state = await self._states.run(collection, lambda: self._index.state(collection))
        # One more than wanted tells whether there is a next page.
        matches = await self._stretch(state, query, offset, limit + 1)
        next_token = None
        if len(matches) > limit:
            next_token = await self._cache.save_paging(str(query))
        return Page(query, state, offset, tuple(matches[:limit]), next_token)

    async def vector_query(self, collection: str, content: bytes) -> VectorQuery:
        """Encode a picture somebody sent into a query for pictures like it."""
        space = _live(await self._index.state(collection))
        return VectorQuery(space.id, await self._encoder.encode_image(content, space))

    async def resume(self, token: str) -> Query:
        """Return the query behind a "more" button; raises PageExpiredError."""
        written = await self._cache.load_paging(token)
        if written is None:
            raise PageExpiredError
        return parse_query(written)

    async def _stretch(
        self, state: CollectionState, query: Query, offset: int, limit: int
    ) -> list[Match]:
        found: list[Match] = []
        block = offset // BLOCK_SIZE
        skip = offset % BLOCK_SIZE
        while len(found) < limit + skip:
            matches = await self._block(state, query, block)
            found.extend(matches)
            if len(matches) < BLOCK_SIZE:
                break
            block += 1
        return found[skip : skip + limit]

    async def _block(self, state: CollectionState, query: Query, number: int) -> Sequence[Match]:
        if state.image_count == 0:
            return ()
        space = _live(state)
        key = digest(f"{number}:{query}")
        cached = await self._cache.get_page(state, key)
        if cached is not None:
            return cached
        offset = number * BLOCK_SIZE
        if isinstance(query, ImageQuery):
            matches = await self._index.neighbours(
                state, query.image_id, offset=offset, limit=BLOCK_SIZE
            )
        else:
            vector = await self._vector(space, query)
            matches = await self._index.search(state, vector, offset=offset, limit=BLOCK_SIZE)
        await self._cache.put_page(state, key, matches)
        return matches

    async def _vector(self, space: EmbeddingSpace, query: TextQuery | VectorQuery) -> Vector:
        if isinstance(query, VectorQuery):
            if query.space_id != space.id:
                raise PageExpiredError
            return query.vector
        return await self._vectors.run(
            (space.text_revision, query.text), lambda: self._text_vector(space, query.text)
        )

    async def _text_vector(self, space: EmbeddingSpace, text: str) -> Vector:
        vector = await self._cache.get_vector(space, text)
        if vector is None:
            vector = await self._encoder.encode_text(text, space)
            await self._cache.put_vector(space, text, vector)
        return vector


def _live(state: CollectionState) -> EmbeddingSpace:
    if state.space is None:
        raise WarmingUpError
    return state.space
