"""HNSW indexes: one partial index per embedding space, made when the space is registered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from psycopg import Connection, sql

if TYPE_CHECKING:
    from db.ingest import IngestStore

_LOCK = 0x696E_6465_78
"""Advisory lock of whoever builds an index ("index" in ASCII)."""
_POLL_S = 0.1
_VALID = """
SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = %s
"""
_CREATE = sql.SQL(
    "CREATE INDEX CONCURRENTLY {name} ON embeddings"
    " USING hnsw ((embedding::halfvec({dim})) halfvec_cosine_ops) WHERE space_id = {space}"
)


def index_name(space_id: int) -> str:
    """Return the name of a space's index."""
    return f"embeddings_hnsw_{space_id}"


def ensure_index(store: IngestStore, *, space_id: int, dim: int) -> bool:
    """Build the space's index unless a valid one is there; returns whether it was built.

    What an interrupted build has left behind is dropped first.
    """
    name = index_name(space_id)
    with store.autocommit() as connection:
        row = connection.execute(_VALID, (name,)).fetchone()
        if row is not None and row[0]:
            return False
        # Not a statement that waits: its snapshot would keep the one it waits for from ending.
        while not _locked(connection):
            time.sleep(_POLL_S)
        try:
            row = connection.execute(_VALID, (name,)).fetchone()
            if row is not None and row[0]:
                return False
            identifier = sql.Identifier(name)
            connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(identifier))
            connection.execute(
                _CREATE.format(name=identifier, dim=sql.Literal(dim), space=sql.Literal(space_id))
            )
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    return True


def _locked(connection: Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    return row is not None and bool(row[0])
