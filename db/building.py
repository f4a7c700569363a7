"""A space built behind the live one, and the switch to it. The workers' side (ADR 18)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from db.ingest import IngestStore
from db.records import PendingImage
from db.spaces import LOCK, LOCKED, make_live
from db.vectors import to_halfvec

_LACKING = """
SELECT count(*) FROM images i WHERE i.status = 'ready'
AND NOT EXISTS (SELECT FROM embeddings e WHERE e.space_id = %(space)s AND e.image_id = i.id)
AND NOT EXISTS (SELECT FROM space_work w
                WHERE w.space_id = %(space)s AND w.image_id = i.id AND w.error IS NOT NULL)
"""
_NEXT = """
SELECT i.id, coalesce(w.attempts, 0) FROM images i
LEFT JOIN space_work w ON w.space_id = %(space)s AND w.image_id = i.id
WHERE i.status = 'ready' AND i.id > %(after)s AND w.error IS NULL
AND NOT EXISTS (SELECT FROM embeddings e WHERE e.space_id = %(space)s AND e.image_id = i.id)
ORDER BY i.id LIMIT %(limit)s
"""
_CLAIM = """
INSERT INTO space_work (space_id, image_id) SELECT %(space)s, unnest(%(ids)s::bigint[])
ON CONFLICT DO NOTHING
"""
_COUNT = """
UPDATE space_work SET attempts = attempts + 1 WHERE space_id = %(space)s AND image_id IN (
  SELECT image_id FROM space_work WHERE space_id = %(space)s AND image_id = ANY(%(ids)s)
  ORDER BY image_id FOR UPDATE SKIP LOCKED) RETURNING image_id
"""
_HOLD = """
SELECT i.id, i.collection_id, encode(i.sha256, 'hex'), w.attempts
FROM space_work w JOIN images i ON i.id = w.image_id
WHERE w.space_id = %(space)s AND w.image_id = ANY(%(ids)s) AND i.status = 'ready'
AND NOT EXISTS (SELECT FROM embeddings e WHERE e.space_id = w.space_id AND e.image_id = i.id)
ORDER BY w.image_id FOR UPDATE OF w SKIP LOCKED
"""
# A collection that is just being moved is waited for, and the picture left for the next time.
_STILL = """
SELECT i.id, i.collection_id FROM images i JOIN collections c ON c.id = i.collection_id
WHERE i.id = ANY(%s) ORDER BY i.id FOR KEY SHARE
"""
_STORE = """
INSERT INTO embeddings (space_id, image_id, frame, collection_id, embedding)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (space_id, image_id, frame) DO UPDATE SET embedding = excluded.embedding
"""
_GIVEN_UP = """
UPDATE images i SET status = 'failed', error = w.error FROM space_work w
WHERE w.space_id = %(space)s AND w.image_id = i.id AND w.error IS NOT NULL AND i.status = 'ready'
AND NOT EXISTS (SELECT FROM embeddings e WHERE e.space_id = %(space)s AND e.image_id = i.id)
"""


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """The vectors of a picture in a space that is being built, one a frame, float16."""

    id: int
    vectors: tuple[bytes, ...]


class Part:
    """Pictures of a space that this worker is at until its transaction ends."""

    def __init__(self, connection: Connection[Any], space_id: int) -> None:
        self._connection = connection
        self._space_id = space_id

    def finish(self, built: Sequence[BuiltImage], failed: Mapping[int, str]) -> None:
        """Store vectors; those of pictures deleted meanwhile are dropped.

        ``failed`` gives the reason by image id. They stay findable until the switch.
        """
        ids = [image.id for image in built]
        there = dict(self._connection.execute(_STILL, (ids,)).fetchall())
        rows = [
            (self._space_id, image.id, frame, there[image.id], to_halfvec(vector))
            for image in built
            if image.id in there
            for frame, vector in enumerate(image.vectors)
        ]
        with self._connection.cursor() as cursor:
            cursor.executemany(_STORE, rows)
        self._connection.execute(
            "DELETE FROM space_work WHERE space_id = %s AND image_id = ANY(%s)",
            (self._space_id, ids),
        )
        for image_id, code in failed.items():
            self._connection.execute(
                "UPDATE space_work SET error = %s WHERE space_id = %s AND image_id = %s",
                (code, self._space_id, image_id),
            )


def next_lacking(
    store: IngestStore, space_id: int, *, after: int, limit: int
) -> list[tuple[int, int]]:
    """Return (id, attempts) of pictures that a space lacks, in the order of their ids."""
    values = {"space": space_id, "after": after, "limit": limit}
    with store.transaction() as connection:
        return connection.execute(_NEXT, values).fetchall()


@contextmanager
def part(
    store: IngestStore, space_id: int, image_ids: Sequence[int]
) -> Iterator[tuple[Part, list[PendingImage]]]:
    """Be at pictures that a space lacks; no other worker is at them meanwhile.

    Attempts are counted for good before the work begins, as :meth:`IngestStore.claim` does.
    """
    values: dict[str, Any] = {"space": space_id, "ids": list(image_ids)}
    with store.transaction() as connection:
        connection.execute(_CLAIM, values)
        claimed = [row[0] for row in connection.execute(_COUNT, values).fetchall()]
    with store.transaction() as connection:
        held = connection.execute(_HOLD, values | {"ids": claimed}).fetchall()
        yield Part(connection, space_id), [PendingImage(*row) for row in held]


def lacking(store: IngestStore, space_id: int) -> int:
    """Return how many pictures have still to get a vector in a space."""
    with store.transaction() as connection:
        return _lacking(connection, space_id)


def mark_ready(store: IngestStore, space_id: int) -> None:
    """Note that a space is complete for the moment."""
    with store.transaction() as connection:
        connection.execute(LOCKED, (LOCK,))
        connection.execute(
            "UPDATE spaces SET state = 'ready', since = now() WHERE id = %s AND state = 'building'",
            (space_id,),
        )


def switch(store: IngestStore, space_id: int) -> bool:
    """Let a complete space answer instead of the live one; False when it is not to be, yet.

    One transaction: pictures finished for the space of before are waited for, and counted. Those
    that could not be had for the new space are given up with it.
    """
    with store.transaction() as connection:
        connection.execute(LOCKED, (LOCK,))
        wanted = connection.execute(
            "SELECT FROM spaces WHERE id = %s AND state = 'ready'"
            " AND (held_until IS NULL OR held_until < now())",
            (space_id,),
        ).fetchone()
        if wanted is None:
            return False
        # From here on nobody finishes a picture for the space of before.
        connection.execute("SELECT FROM spaces WHERE live FOR UPDATE")
        if _lacking(connection, space_id):
            return False
        connection.execute(_GIVEN_UP, {"space": space_id})
        make_live(connection, space_id)
        connection.execute("DELETE FROM space_work WHERE space_id = %s", (space_id,))
    return True


def _lacking(connection: Connection[Any], space_id: int) -> int:
    row = connection.execute(_LACKING, {"space": space_id}).fetchone()
    return int(row[0]) if row else 0
