"""What cosines mean in an embedding space, as far as a worker can measure it."""

from __future__ import annotations

import json

from db.ingest import IngestStore
from db.vectors import from_halfvec

_DUE = """
SELECT CASE WHEN NOT spaces.calibration ? 'questions'
              OR all_ready >= %(growth)s * (spaces.calibration ->> 'pictures')::bigint
            THEN all_ready END
FROM spaces, (SELECT coalesce(sum(ready_count), 0)::bigint AS all_ready FROM collections) counted
WHERE spaces.id = %(space)s AND spaces.live AND all_ready >= %(least)s
"""
_SAMPLE = """
SELECT embedding FROM embeddings {sampled} WHERE space_id = %s AND frame = 0
ORDER BY random() LIMIT %s
"""
SORTED_AT_MOST = 20_000
"""Of a space with more, some pages of its table are sampled first."""
_SAVE = """
UPDATE spaces SET calibration = calibration || %s::jsonb WHERE id = %s
"""


def pictures_to_measure(
    store: IngestStore, space_id: int, *, least: int, growth: int
) -> int | None:
    """Return how many pictures there are where the space's questions have no curve yet.

    Also where it has, but of ``growth`` times fewer pictures. None where nothing is to be done,
    and while there are fewer than ``least``.
    """
    with store.transaction() as connection:
        values = {"space": space_id, "least": least, "growth": growth}
        row = connection.execute(_DUE, values).fetchone()
    return None if row is None else row[0]


def sample_vectors(store: IngestStore, space_id: int, count: int, among: int) -> list[bytes]:
    """Return vectors (float16) of pictures drawn by chance, one each, of about ``among``."""
    sampled = ""
    if among > SORTED_AT_MOST:
        # Several times as many: pages are drawn, and what is on one was added together.
        sampled = f"TABLESAMPLE SYSTEM ({min(100.0, 1000.0 * count / among):f})"
    with store.transaction() as connection:
        rows = connection.execute(_SAMPLE.format(sampled=sampled), (space_id, count)).fetchall()
    return [from_halfvec(row[0]) for row in rows]


def save_questions_curve(
    store: IngestStore, space_id: int, curve: tuple[float, float], pictures: int
) -> None:
    """Keep the curve of a space's questions, and of how many pictures it was measured."""
    written = json.dumps({"questions": curve, "pictures": pictures})
    with store.transaction() as connection:
        connection.execute(_SAVE, (written, space_id))
