"""Remembering questions, in Redis."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from cachetools import LRUCache, TTLCache

from bot.backends.behind import Behind
from bot.backends.errors import core_errors
from bot.backends.matches import match_of, record_of
from bot.core.ports import CollectionState, EmbeddingSpace, Match, Probe
from bot.core.questions import digest
from bot.core.relevance import curve_of
from db.errors import DatabaseUnavailableError
from db.query_cache import RedisQueryCache
from db.recent_questions import RecentQuestions

PAGES_KEPT = 200
"""Stretches of 30 results kept in this process, about 15 kB each."""
VECTORS_KEPT = 500
TOKENS_KEPT = 5_000
SAVED_AGAIN_AFTER_S = 3600
"""What is behind a button is kept for a week from when it was last saved."""

logger = logging.getLogger(__name__)


class RedisCache:
    """Remembers questions in Redis.

    Nobody waits for anything to be written: that happens while the answer is on its way.
    What is being written is known here already, for it is kept for a while.
    """

    def __init__(self, cache: RedisQueryCache) -> None:
        self._cache = cache
        # Their names hold the collection's version: what this process has read stays right.
        self._pages: LRUCache[str, Sequence[Match]] = LRUCache(PAGES_KEPT)
        self._saved: TTLCache[str, str] = TTLCache(TOKENS_KEPT, SAVED_AGAIN_AFTER_S)
        self._vectors: LRUCache[tuple[str, str], Probe] = LRUCache(VECTORS_KEPT)
        self._behind = Behind()

    async def settled(self) -> None:
        """Wait until everything is written that was to be until now."""
        await self._behind.settled()

    async def get_vector(self, space: EmbeddingSpace, text: str) -> Probe | None:
        """Return the vector of a question asked before, with its curve."""
        key = (space.text_revision, text)
        known = self._vectors.get(key)
        if known is None and (kept := await self._cache.get_vector(*key)) is not None:
            vector, curve = kept
            known = self._vectors[key] = Probe(vector, curve_of(curve))
        return known

    async def put_vector(self, space: EmbeddingSpace, text: str, probe: Probe) -> None:
        """Remember the vector of a question with its curve."""
        key = (space.text_revision, text)
        self._vectors[key] = probe
        curve = None if probe.curve is None else (probe.curve.slope, probe.curve.offset)
        self._behind.begin(self._cache.put_vector(*key, probe.vector, curve))

    async def get_page(self, state: CollectionState, key: str) -> Sequence[Match] | None:
        """Return a stretch of results of this version of the collection."""
        name = _page_name(state, key)
        known = self._pages.get(name)
        if known is None and (records := await self._cache.get_page(name)) is not None:
            known = self._pages[name] = [match_of(record) for record in records]
        return known

    async def put_page(self, state: CollectionState, key: str, matches: Sequence[Match]) -> None:
        """Remember a stretch of results."""
        name = _page_name(state, key)
        self._pages[name] = matches

        async def write() -> None:
            await self._cache.put_page(name, [record_of(match) for match in matches])

        self._behind.begin(write())

    async def get_count(self, state: CollectionState, key: str) -> int | None:
        """Return how many pictures an answer has at this version of the collection."""
        return await self._cache.get_count(_page_name(state, key))

    async def put_count(self, state: CollectionState, key: str, count: int) -> None:
        """Remember how many pictures an answer has."""
        await self._cache.put_count(_page_name(state, key), count)

    async def save_paging(self, query: str) -> str:
        """Keep what is behind a button; its token is the query's digest."""
        token = digest(query)
        if token in self._saved:
            return token
        self._saved[token] = query

        async def write() -> None:
            try:
                await self._cache.save_paging(token, query)
            except DatabaseUnavailableError:
                # Pictures without a working "more" button are better than none.
                logger.warning("paging_not_saved")
                self._saved.pop(token, None)

        self._behind.begin(write())
        return token

    async def load_paging(self, token: str) -> str | None:
        """Return what is behind a button."""
        # What is not saved again must be known here, should Redis have lost it.
        if (saved := self._saved.get(token)) is not None:
            return saved
        with core_errors():
            return await self._cache.load_paging(token)


class RedisHistory:
    """Remembers who asked what, to suggest it."""

    def __init__(self, recent: RecentQuestions) -> None:
        self._recent = recent
        self._behind = Behind()

    async def settled(self) -> None:
        """Wait until everything is written that was to be until now."""
        await self._behind.settled()

    async def remember(
        self, collection: str, person_id: str, question: str, *, is_public: bool
    ) -> None:
        """Keep a question; nobody waits for that."""
        self._behind.begin(
            self._recent.remember(collection, person_id, question, is_public=is_public)
        )

    async def recent(self, collection: str, person_id: str) -> Sequence[str]:
        """Return recent questions, the person's own first."""
        await self.settled()
        return await self._recent.recent(collection, person_id)

    async def forget(self, person_id: str) -> None:
        """Delete a person's questions everywhere."""
        # What has just been asked would be written after it was forgotten.
        await self.settled()
        with core_errors():
            await self._recent.forget(person_id)


def _page_name(state: CollectionState, key: str) -> str:
    revision = state.space.text_revision if state.space else ""
    return f"{state.id}:{state.version}:{revision}:{key}"
