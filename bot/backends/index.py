"""Searching, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence

from cachetools import LRUCache

from bot.backends import policies
from bot.backends.errors import core_errors
from bot.backends.matches import match_of
from bot.core.errors import WarmingUpError
from bot.core.ports import CollectionState, EmbeddingSpace, Found, Selection, Vector
from bot.core.relevance import curve_of
from db import changes, embeddings, selections
from db.collections import collection_state, collection_version
from db.embeddings import SearchScope
from db.pool import Database
from db.records import FoundRecords

SOURCES_KEPT = 1000
"""Collections, at one version each, whose channels are remembered."""


class PgImageIndex:
    """Searches the vectors in Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sources: LRUCache[tuple[int, int], frozenset[str]] = LRUCache(SOURCES_KEPT)

    async def state(self, collection: str) -> CollectionState:
        """Look a collection up by its key."""
        with core_errors():
            record = await collection_state(self._database, collection)
        space = None
        if record.space_id and record.space_dim and record.text_revision:
            space = EmbeddingSpace(
                record.space_id,
                record.space_dim,
                record.text_revision,
                similar=curve_of(record.calibration.get("similar")),
                questions=curve_of(record.calibration.get("questions")),
                photographs=record.photographs is not False,
            )
        return CollectionState(
            record.id,
            record.version,
            record.ready_count,
            record.pending_count,
            space,
            policies.read(record.settings),
        )

    async def preparing(self, state: CollectionState) -> tuple[int, int] | None:
        """Return how many pictures the next encoder has, and of how many."""
        with core_errors():
            return await changes.preparing(self._database, state.id)

    async def sources(self, state: CollectionState) -> frozenset[str]:
        """Return the channels that pictures come from, read once for each version."""
        key = (state.id, state.version)
        known = self._sources.get(key)
        if known is None:
            with core_errors():
                known = await embeddings.sources(self._database, state.id)
                version = await collection_version(self._database, state.id)
            if version != state.version:
                return known | {""}
            self._sources[key] = known
        return known

    async def count(self, state: CollectionState, among: Selection) -> int:
        """Return how many findable pictures there are."""
        with core_errors():
            return await embeddings.count(self._database, state.id, _selection(among))

    async def vector(self, state: CollectionState, image_id: int) -> Vector | None:
        """Return the vector of a stored picture."""
        with core_errors():
            return await embeddings.vector_of(self._database, _scope(state), image_id)

    async def search(
        self,
        state: CollectionState,
        vector: Vector,
        among: Selection,
        *,
        total: int | None = None,
        shown: Sequence[int] = (),
        offset: int | None = None,
        limit: int,
    ) -> Found:
        """Return the nearest pictures."""
        with core_errors():
            found = await embeddings.search(
                self._database,
                _scope(state),
                vector,
                _selection(among),
                total=total,
                shown=shown,
                offset=offset,
                limit=limit,
            )
        return _found(found)

    async def neighbours(
        self,
        state: CollectionState,
        image_id: int,
        among: Selection,
        *,
        total: int | None = None,
        shown: Sequence[int] = (),
        offset: int | None = None,
        limit: int,
    ) -> Found:
        """Return the pictures nearest to a stored one."""
        with core_errors():
            found = await embeddings.neighbours(
                self._database,
                _scope(state),
                image_id,
                _selection(among),
                total=total,
                shown=shown,
                offset=offset,
                limit=limit,
            )
        return _found(found)

    async def newest(
        self, state: CollectionState, among: Selection, *, offset: int, limit: int
    ) -> Found:
        """Return the pictures added last."""
        with core_errors():
            found = await embeddings.newest(
                self._database, state.id, _selection(among), offset=offset, limit=limit
            )
        return _found(found)


def _found(records: FoundRecords) -> Found:
    return Found([match_of(record) for record in records.matches], records.version)


def _selection(among: Selection) -> selections.Selection:
    filters = among.filters
    return selections.Selection(filters.tag, filters.uploader_id, filters.hidden, among.sees)


def _scope(state: CollectionState) -> SearchScope:
    if state.space is None:
        raise WarmingUpError
    return SearchScope(state.id, state.image_count, state.space.id, state.space.dim)
