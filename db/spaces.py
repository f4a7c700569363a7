"""Embedding spaces and text towers, as workers announce them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from db.ingest import IngestStore
from db.records import SpaceRecord

_LOCK = 0x7370_6163_6573
"""Advisory lock of whoever changes the spaces ("spaces" in ASCII)."""
# Written only where it is another one: a worker that starts must not wait for one that searches.
_SIMILAR = """
UPDATE spaces SET calibration = jsonb_strip_nulls(spaces.calibration || new.calibration)
FROM (SELECT %s::jsonb AS calibration) new
WHERE id = %s
  AND spaces.calibration <> jsonb_strip_nulls(spaces.calibration || new.calibration)
"""
_SELECT = "SELECT id, name, revision, dim, live FROM spaces WHERE name = %s AND revision = %s"


def register_space(
    store: IngestStore,
    *,
    name: str,
    revision: str,
    dim: int,
    preprocessing: Mapping[str, object],
    similar: tuple[float, float] | None = None,
) -> SpaceRecord:
    """Make the space of a worker's image tower known and live; run twice it changes nothing.

    ``similar`` is slope and offset of the curve that tells how similar two pictures are.

    When another space was live, every picture without a vector in the new one becomes pending
    again, in the same transaction, and the workers encode it anew.
    """
    with store.transaction() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        row = connection.execute(_SELECT, (name, revision)).fetchone()
        if row is None:
            connection.execute(
                "INSERT INTO spaces (name, revision, dim, preprocessing) VALUES (%s, %s, %s, %s)",
                (name, revision, dim, json.dumps(dict(preprocessing))),
            )
            row = connection.execute(_SELECT, (name, revision)).fetchone()
        if row is None:
            raise LookupError(f"space {name!r} vanished while it was registered")
        space = SpaceRecord(*row)
        connection.execute(_SIMILAR, (json.dumps({"similar": similar}), space.id))
        if not space.live:
            connection.execute("UPDATE spaces SET live = false WHERE live")
            connection.execute("UPDATE spaces SET live = true WHERE id = %s", (space.id,))
            connection.execute(
                "UPDATE images SET status = 'pending', attempts = 0, enqueued_at = NULL"
                " WHERE status = 'ready' AND NOT EXISTS (SELECT FROM embeddings e"
                " WHERE e.space_id = %s AND e.image_id = images.id)",
                (space.id,),
            )
    return SpaceRecord(space.id, space.name, space.revision, space.dim, live=True)


def register_text_towers(
    store: IngestStore, space_id: int, towers: Mapping[str, Sequence[str]], *, default: str
) -> None:
    """Make these the text towers of a space, and no others; run twice it changes nothing.

    ``towers`` gives the languages (BCP 47; none: it does not say) by revision; ``default`` is the
    revision that questions are sent to.
    """
    with store.transaction() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(
            "DELETE FROM text_towers WHERE space_id = %s AND revision <> ALL(%s)",
            (space_id, list(towers)),
        )
        connection.execute(
            "UPDATE text_towers SET is_default = false"
            " WHERE space_id = %s AND is_default AND revision <> %s",
            (space_id, default),
        )
        for revision, languages in towers.items():
            connection.execute(
                "INSERT INTO text_towers (space_id, revision, languages, is_default)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT (space_id, revision)"
                " DO UPDATE SET is_default = excluded.is_default, languages = excluded.languages",
                (space_id, revision, list(languages), revision == default),
            )
