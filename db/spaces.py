"""Embedding spaces and text towers, as workers announce them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection

from db.ingest import IngestStore
from db.records import SpaceRecord

LOCK = 0x7370_6163_6573
"""Advisory lock of whoever changes the spaces ("spaces" in ASCII)."""
# Written only where it is another one: a worker that starts must not wait for one that searches.
_SIMILAR = """
UPDATE spaces SET calibration = jsonb_strip_nulls(spaces.calibration || new.calibration)
FROM (SELECT %s::jsonb AS calibration) new
WHERE id = %s
  AND spaces.calibration <> jsonb_strip_nulls(spaces.calibration || new.calibration)
"""
LOCKED = "SELECT pg_advisory_xact_lock(%s)"

_COLUMNS = "id, name, revision, dim, state, source"
_SELECT = f"SELECT {_COLUMNS} FROM spaces WHERE name = %s AND revision = %s"  # noqa: S608
_ALL = f"SELECT {_COLUMNS} FROM spaces ORDER BY since, live, id"  # noqa: S608
# Also before 0004: a worker looks while the migrations are under way.
_LIVE = "SELECT name, revision, to_jsonb(s) ->> 'source' FROM spaces s WHERE live"
_STATE = "UPDATE spaces SET state = %s, since = now(), held_until = NULL, note = %s WHERE id = %s"

_TO_BE_MADE = """
UPDATE images SET status = 'pending', attempts = 0, enqueued_at = NULL
WHERE status = 'ready' AND NOT EXISTS (SELECT FROM embeddings e
WHERE e.space_id = %s AND e.image_id = images.id)
"""
# What a worker holds is left to it.
_THERE = """
UPDATE images SET status = 'ready' WHERE id IN (
  SELECT id FROM images WHERE status = 'pending' AND width > 0
  AND EXISTS (SELECT FROM embeddings e WHERE e.space_id = %s AND e.image_id = images.id)
  ORDER BY id FOR UPDATE SKIP LOCKED)
"""
# In the order of their ids, as all who change several collections do.
_ANOTHER_VERSION = """
WITH them AS (SELECT id FROM collections ORDER BY id FOR NO KEY UPDATE)
UPDATE collections SET version = version + 1 WHERE id IN (SELECT id FROM them)
"""


def register_space(
    store: IngestStore,
    *,
    name: str,
    revision: str,
    dim: int,
    preprocessing: Mapping[str, object],
    source: str = "",
    photographs: bool = True,
    at_once: str | None = None,
    similar: tuple[float, float] | None = None,
) -> SpaceRecord:
    """Make the space of a worker's image tower known; run twice it changes nothing.

    ``similar`` is slope and offset of the curve that tells how similar two pictures are.
    ``source`` is what an operator calls the model, ``photographs`` whether it knows them.

    The first space of all is live. Another one is built behind the live one (:mod:`db.building`)
    unless the live one's model is no more: then ``at_once`` says why, the new space is live, and
    every picture without a vector in it becomes pending, in the same transaction.
    """
    with store.transaction() as connection:
        connection.execute(LOCKED, (LOCK,))
        row = connection.execute(_SELECT, (name, revision)).fetchone()
        if row is None:
            connection.execute(
                "INSERT INTO spaces (name, revision, dim, preprocessing, source, state)"
                " VALUES (%s, %s, %s, %s, %s, 'kept')",
                (name, revision, dim, json.dumps(dict(preprocessing)), source),
            )
            row = connection.execute(_SELECT, (name, revision)).fetchone()
        if row is None:
            raise LookupError(f"space {name!r} vanished while it was registered")
        space = SpaceRecord(*row)
        connection.execute(
            "UPDATE spaces SET source = %s, photographs = %s WHERE id = %s",
            (source or space.source, photographs, space.id),
        )
        connection.execute(_SIMILAR, (json.dumps({"similar": similar}), space.id))
        live = connection.execute("SELECT id FROM spaces WHERE live").fetchone()
        if space.live:
            # Whatever was on its way is not wanted any more.
            _end_others(connection, space.id)
        elif live is None or at_once is not None:
            make_live(connection, space.id, at_once or "")
            connection.execute(_TO_BE_MADE, (space.id,))
            connection.execute(_THERE, (space.id,))
        elif not space.on_its_way:
            _end_others(connection, space.id)
            connection.execute(_STATE, ("building", "", space.id))
        found = connection.execute(_SELECT, (name, revision)).fetchone()
    return SpaceRecord(*found) if found else space


def make_live(connection: Connection[Any], space_id: int, note: str = "") -> None:
    """Let a space answer, whatever is in it. Under LOCK, by whoever sees to its pictures.

    Waits for pictures that are just being finished for the space of before. The pages of all
    collections are others now, even where both spaces share a text tower.
    """
    connection.execute(
        "UPDATE spaces SET state = 'kept', since = now(), note = %s WHERE live", (note,)
    )
    _end_others(connection, space_id)
    connection.execute(_STATE, ("live", "", space_id))
    connection.execute(_ANOTHER_VERSION)


def _end_others(connection: Connection[Any], space_id: int) -> None:
    """Stop building any other space; its vectors are kept."""
    connection.execute(
        "UPDATE spaces SET state = 'kept', since = now(), held_until = NULL"
        " WHERE state IN ('building', 'ready') AND id <> %s",
        (space_id,),
    )
    connection.execute("DELETE FROM space_work WHERE space_id <> %s", (space_id,))


def live_space(store: IngestStore) -> tuple[str, str, str] | None:
    """Return name, revision and source of the live space, if there is one."""
    with store.transaction() as connection:
        row = connection.execute(_LIVE).fetchone()
    return None if row is None else (row[0], row[1], row[2] or "")


def all_spaces(store: IngestStore) -> list[SpaceRecord]:
    """Return all spaces, those first that have had their state longest."""
    with store.transaction() as connection:
        return [SpaceRecord(*row) for row in connection.execute(_ALL).fetchall()]


def note_on_space(store: IngestStore, space_id: int, note: str) -> None:
    """Leave a word for the operator."""
    with store.transaction() as connection:
        connection.execute(
            "UPDATE spaces SET note = %s WHERE id = %s AND note <> %s", (note, space_id, note)
        )


def register_text_towers(
    store: IngestStore, space_id: int, towers: Mapping[str, Sequence[str]], *, default: str
) -> None:
    """Make these the text towers of a space, and no others; run twice it changes nothing.

    ``towers`` gives the languages (BCP 47; none: it does not say) by revision; ``default`` is the
    revision that questions are sent to.
    """
    with store.transaction() as connection:
        connection.execute(LOCKED, (LOCK,))
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
