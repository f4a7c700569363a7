"""HNSW indexes: a partial index of its own for each large collection (ADR 12)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import Connection, sql
from psycopg.errors import DiskFull

if TYPE_CHECKING:
    from db.ingest import IngestStore

INDEX_FROM = 3_000
"""Collections of more pictures than this have an index, the others are scanned exactly.

Measured by ``python -m benchmarks.search``; ADR 12 has the figures."""
M = 16
EF_CONSTRUCTION = 200
"""pgvector's 64 leaves whole clusters of pictures unreachable from some questions."""

_LOCK = 0x696E_6465_78
"""Advisory lock of whoever builds indexes ("index" in ASCII)."""
_GRAPH_BYTES = 1200
"""What a vector takes while the graph is built, besides its own bytes."""
_SPARE_BYTES = 64 << 20

_COLLECTIONS = """
SELECT s.id, c.id, s.dim, c.ready_count FROM collections c CROSS JOIN spaces s
WHERE s.live AND c.ready_count > %s ORDER BY c.ready_count
"""
_INDEXES = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = 'embeddings'::regclass AND c.relname LIKE 'embeddings\\_hnsw\\_%'
"""
# A parallel build takes all of maintenance_work_mem at once, however small the collection.
_MEMORY = """
SELECT set_config('maintenance_work_mem',
  least(%s, pg_size_bytes(current_setting('maintenance_work_mem')) / 1024)::text, false)
"""
_CREATE = sql.SQL(
    "CREATE INDEX CONCURRENTLY {name} ON embeddings"
    " USING hnsw ((embedding::halfvec({dim})) halfvec_cosine_ops)"
    " WITH (m = {m}, ef_construction = {ef_construction})"
    " WHERE space_id = {space} AND collection_id = {collection}"
)
_DROP = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}")

logger = logging.getLogger(__name__)


class _Indexed(NamedTuple):
    """A collection that has or should have an index in the live space."""

    space_id: int
    collection_id: int
    dim: int
    pictures: int

    @property
    def name(self) -> str:
        return index_name(self.space_id, self.collection_id)

    @property
    def memory_kb(self) -> int:
        """What building it takes."""
        return (self.pictures * (2 * self.dim + _GRAPH_BYTES) + _SPARE_BYTES) // 1024


def index_name(space_id: int, collection_id: int) -> str:
    """Return the name of a collection's index in a space."""
    return f"embeddings_hnsw_{space_id}_{collection_id}"


def ensure_indexes(store: IngestStore, *, above: int = INDEX_FROM) -> list[str]:
    """Build the indexes that are missing and drop the needless; returns the names of both.

    Missing are those of collections of more than ``above`` pictures. An index is kept down to
    half of that, lest it come and go with single pictures.

    What an interrupted build has left behind is dropped first. Returns at once when there is
    nothing to do, or when somebody else is at it. Searches and uploads go on meanwhile.
    """
    changed: list[str] = []
    with store.autocommit() as connection:
        if not any(_due(connection, above)) or not _locked(connection):
            return []
        try:
            missing, needless = _due(connection, above)
            for name in needless:
                connection.execute(_DROP.format(sql.Identifier(name)))
            for indexed in missing:
                _build(connection, indexed)
            changed = [*needless, *(indexed.name for indexed in missing)]
        finally:
            # Also when the server has gone, and the lock with it.
            if not connection.closed:
                connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
                connection.execute("RESET maintenance_work_mem")
                connection.execute("RESET max_parallel_maintenance_workers")
    return changed


def _due(connection: Connection[Any], above: int) -> tuple[list[_Indexed], list[str]]:
    """Return the collections whose index is missing, and the names of indexes to be dropped."""
    collections = [_Indexed(*row) for row in connection.execute(_COLLECTIONS, (above // 2,))]
    valid = dict(connection.execute(_INDEXES).fetchall())
    kept = {indexed.name for indexed in collections if valid.get(indexed.name)}
    missing = [one for one in collections if one.pictures > above and one.name not in kept]
    return missing, sorted(valid.keys() - kept)


def _build(connection: Connection[Any], indexed: _Indexed) -> None:
    logger.info("index_building", extra={"index": indexed.name, "count": indexed.pictures})
    connection.execute(_MEMORY, (indexed.memory_kb,))
    values = {
        "name": sql.Identifier(indexed.name),
        "dim": sql.Literal(indexed.dim),
        "m": sql.Literal(M),
        "ef_construction": sql.Literal(EF_CONSTRUCTION),
        "space": sql.Literal(indexed.space_id),
        "collection": sql.Literal(indexed.collection_id),
    }
    try:
        connection.execute(_CREATE.format(**values))
    except DiskFull:
        # Of /dev/shm most likely, which containers have little of: only parallel builds need it.
        logger.warning("index_built_by_one_process", extra={"index": indexed.name})
        connection.execute("SET max_parallel_maintenance_workers = 0")
        connection.execute(_DROP.format(values["name"]))
        connection.execute(_CREATE.format(**values))
    logger.info("index_built", extra={"index": indexed.name})


def _locked(connection: Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    return row is not None and bool(row[0])
