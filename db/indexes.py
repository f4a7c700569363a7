"""Inverted lists (IVFFlat): a partial index of its own for each large collection (ADR 12)."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import Connection, sql

if TYPE_CHECKING:
    from db.ingest import IngestStore

INDEX_FROM = 3_000
"""Collections of more pictures than this have an index, the others are scanned exactly.

Measured by ``python -m benchmarks.search``; ADR 12 has the figures."""

_LOCK = 0x696E_6465_78
"""Advisory lock of whoever builds indexes ("index" in ASCII)."""

_COLLECTIONS = """
SELECT s.id, c.id, s.dim, c.ready_count FROM collections c CROSS JOIN spaces s
WHERE s.state IN ('live', 'ready') AND c.ready_count > %s ORDER BY c.ready_count
"""
# Graphs (hnsw) are what was built before; they serve until the lists are there.
_INDEXES = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = 'embeddings'::regclass AND c.relname ~ '^embeddings_(ivf|hnsw)_'
"""
_MEMORY = "SELECT pg_size_bytes(current_setting('maintenance_work_mem'))"
_CREATE = sql.SQL(
    "CREATE INDEX CONCURRENTLY {name} ON embeddings"
    " USING ivfflat ((embedding::halfvec({dim})) halfvec_cosine_ops) WITH (lists = {lists})"
    " WHERE space_id = {space} AND collection_id = {collection}"
)
_DROP = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}")

logger = logging.getLogger(__name__)


def lists_for(pictures: int) -> int:
    """Return over how many lists so many pictures are spread.

    It grows in steps, each time that the pictures have doubled, because with every step the
    lists are made anew.
    """
    return round(3 * math.sqrt(1 << max(0, pictures.bit_length() - 1)))


def index_name(space_id: int, collection_id: int, lists: int) -> str:
    """Return the name of a collection's index in a space."""
    return f"embeddings_ivf_{space_id}_{collection_id}_{lists}"


class _Indexed(NamedTuple):
    """A collection that has or should have an index in the live space, or in the next one."""

    space_id: int
    collection_id: int
    dim: int
    pictures: int

    def name(self, lists: int) -> str:
        """Name its index with so many lists."""
        return index_name(self.space_id, self.collection_id, lists)

    def lists(self, memory: int, *, times: float = 1) -> int:
        """Return how many lists it should have, of those that fit into so many bytes to build.

        With ``times`` as many pictures.
        """
        lists = lists_for(int(self.pictures * times))
        while lists > 1 and build_bytes(lists, self.dim) > memory:
            lists = lists * 4 // 5
        return lists


_GOOD_ENOUGH = (1, 3 / 4, 2, 4)
"""An index is kept that was right for so many times the pictures there are. The centres of its
lists are those of the pictures there were when it was built: at least 3/8 of those of now."""


def build_bytes(lists: int, dim: int) -> int:
    """Return what pgvector's k-means (Elkan's) takes; it refuses to begin with less."""
    samples = max(10_000, 50 * lists)
    return samples * (2 * dim + 4 * lists + 16) + lists * (4 * lists + 8 * dim + 64)


def ensure_indexes(store: IngestStore, *, above: int = INDEX_FROM) -> list[str]:
    """Build the indexes that are missing and drop the needless; returns the names of both.

    Missing are those of collections of more than ``above`` pictures, and of those that have
    outgrown theirs: a new one is built beside the old. An index is kept down to half of that,
    lest it come and go with single pictures.

    What an interrupted build has left behind is dropped first. Returns at once when there is
    nothing to do, or when somebody else is at it. Searches and uploads go on meanwhile.
    """
    with store.autocommit() as connection:
        if not any(_due(connection, above)) or not _locked(connection):
            return []
        try:
            broken, missing, needless = _due(connection, above)
            _drop(connection, broken)
            for indexed, lists in missing:
                _build(connection, indexed, lists)
            _drop(connection, needless)
        finally:
            # Also when the server has gone, and the lock with it.
            if not connection.closed:
                connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    return [*broken, *(indexed.name(lists) for indexed, lists in missing), *needless]


def _due(
    connection: Connection[Any], above: int
) -> tuple[list[str], list[tuple[_Indexed, int]], list[str]]:
    """Return unfinished indexes, collections and the lists they lack, and needless indexes."""
    collections = [_Indexed(*row) for row in connection.execute(_COLLECTIONS, (above // 2,))]
    ((memory,),) = connection.execute(_MEMORY).fetchall()
    known = dict(connection.execute(_INDEXES).fetchall())
    valid = {name for name, is_valid in known.items() if is_valid}
    kept: set[str] = set()
    missing = []
    for one in collections:
        good = [one.name(one.lists(memory, times=times)) for times in _GOOD_ENOUGH]
        there = next((name for name in good if name in valid), None)
        if there is not None:
            kept.add(there)
        elif one.pictures > above:
            missing.append((one, one.lists(memory)))
    return sorted(known.keys() - valid), missing, sorted(valid - kept)


def _build(connection: Connection[Any], indexed: _Indexed, lists: int) -> None:
    name = indexed.name(lists)
    logger.info("index_building", extra={"index": name, "count": indexed.pictures})
    connection.execute(
        _CREATE.format(
            name=sql.Identifier(name),
            dim=sql.Literal(indexed.dim),
            lists=sql.Literal(lists),
            space=sql.Literal(indexed.space_id),
            collection=sql.Literal(indexed.collection_id),
        )
    )
    logger.info("index_built", extra={"index": name})


def _drop(connection: Connection[Any], names: Iterable[str]) -> None:
    for name in names:
        connection.execute(_DROP.format(sql.Identifier(name)))


def _locked(connection: Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    return row is not None and bool(row[0])
