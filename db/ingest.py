"""Pictures on their way into the index, and embedding spaces. The workers' side, synchronous.

Workers act for every collection and therefore as the owner of the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from pgvector.psycopg import register_vector
from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from db.pool import translated_errors
from db.records import IngestedImage, PendingImage
from db.vectors import to_halfvec

MAX_ATTEMPTS = 3
"""A picture that takes its worker down this often is given up."""
STALE_AFTER_S = 15
"""A picture still pending this long after it was queued, with nobody at it, is queued again."""

_CLAIM = """
UPDATE images SET attempts = attempts + 1 WHERE id IN (
  SELECT id FROM images WHERE id = ANY(%s) AND status = 'pending' ORDER BY id
  FOR UPDATE SKIP LOCKED
) RETURNING id
"""
_HOLD = """
SELECT id, collection_id, encode(sha256, 'hex'), attempts FROM images
WHERE id = ANY(%s) AND status = 'pending' ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
_STORE_VECTOR = """
INSERT INTO embeddings (space_id, image_id, frame, collection_id, embedding)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (space_id, image_id, frame) DO UPDATE SET embedding = excluded.embedding
"""
_LIVE_NOW = "SELECT id FROM spaces WHERE live FOR SHARE"
# One statement for all: the collections' counters are then locked once, in one order.
_FINISH = """
UPDATE images SET status = new.status, error = new.error,
  width = coalesce(new.width, images.width), height = coalesce(new.height, images.height),
  frame_count = coalesce(new.frame_count, images.frame_count),
  media_type = coalesce(new.media_type, images.media_type),
  phash = coalesce(new.phash, images.phash)
FROM jsonb_to_recordset(%s) AS new (
  id bigint, status text, error text, width integer, height integer, frame_count integer,
  media_type text, phash bigint)
WHERE images.id = new.id
"""
_SWEEP = """
UPDATE images SET enqueued_at = now() WHERE id IN (
  SELECT id FROM images
  WHERE status = 'pending'
    AND (enqueued_at IS NULL OR enqueued_at < now() - make_interval(secs => %s))
  ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id, attempts
"""


class IngestStore:
    """A worker's connections, as the owner of the tables."""

    def __init__(self, url: str, *, max_connections: int = 5) -> None:
        self._pool = ConnectionPool(
            url,
            min_size=0,
            max_size=max_connections,
            open=True,
            timeout=10,
            check=ConnectionPool.check_connection,
            configure=_configure,
            kwargs={"connect_timeout": 5, "application_name": "babelpix-worker"},
        )

    def close(self) -> None:
        """Let all connections go."""
        self._pool.close(timeout=1)

    @contextmanager
    def transaction(self) -> Iterator[Connection[Any]]:
        """Run one transaction; errors become :class:`db.errors.DatabaseError`."""
        with translated_errors(), self._pool.connection() as connection, connection.transaction():
            yield connection

    @contextmanager
    def autocommit(self) -> Iterator[Connection[Any]]:
        """Lend a connection outside any transaction, for what Postgres refuses inside one."""
        with translated_errors(), self._pool.connection() as connection:
            connection.autocommit = True
            try:
                yield connection
            finally:
                connection.autocommit = False

    @contextmanager
    def claim(self, image_ids: Sequence[int]) -> Iterator[tuple[Claim, list[PendingImage]]]:
        """Hold pending pictures for one piece of work.

        The attempt is counted for good before the work begins, so that a picture which kills
        its worker is found out. Pictures another worker holds, and finished ones, are left out.
        If this process dies, its row locks die with its connection and the rows are free again.
        """
        with self.transaction() as connection:
            rows = connection.execute(_CLAIM, (list(image_ids),)).fetchall()
        claimed = [row[0] for row in rows]
        with self.transaction() as connection:
            rows = connection.execute(_HOLD, (claimed,)).fetchall()
            yield Claim(connection), [PendingImage(*row) for row in rows]

    def sweep(self, limit: int = 256) -> list[tuple[int, int]]:
        """Return (id, attempts) of pictures that fell out of the queue, marked as queued again."""
        with self.transaction() as connection:
            return connection.execute(_SWEEP, (STALE_AFTER_S, limit)).fetchall()


class Claim:
    """Pictures held by this worker until its transaction ends."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def finish(
        self, space_id: int, ready: Sequence[IngestedImage], failed: Mapping[int, str]
    ) -> bool:
        """Store the vectors of pictures, making them findable, and give the others up.

        ``failed`` gives the reason by image id; the uploader will be told. False, with nothing
        done, when another space has become live meanwhile: the pictures are still pending.
        """
        # A switch waits for this transaction, or this for the switch.
        live = self._connection.execute(_LIVE_NOW).fetchone()
        if live is None:  # it was, when the statement began, and is another one now
            live = self._connection.execute(_LIVE_NOW).fetchone()
        if live is not None and live[0] != space_id:
            return False
        vectors = [
            (at, image.id, frame, image.collection_id, to_halfvec(vector))
            for image in ready
            for at, frames in {space_id: image.vectors, **image.elsewhere}.items()
            for frame, vector in enumerate(frames)
        ]
        with self._connection.cursor() as cursor:
            cursor.executemany(_STORE_VECTOR, vectors)
        facts = ("id", "width", "height", "frame_count", "media_type", "phash")
        rows: list[dict[str, object]] = [
            {name: getattr(image, name) for name in facts} | {"status": "ready"} for image in ready
        ]
        rows += [
            {"id": image_id, "status": "failed", "error": code} for image_id, code in failed.items()
        ]
        self._connection.execute(_FINISH, (Jsonb(rows),))
        return True


def _configure(connection: psycopg.Connection[Any]) -> None:
    register_vector(connection)
    connection.commit()
