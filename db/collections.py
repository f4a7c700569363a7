"""Collections: one per Discord server, Telegram chat, person or machine."""

from __future__ import annotations

from db.pool import Database
from db.records import CollectionRecord

_STATE = """
SELECT c.id, c.version, c.ready_count, c.pending_count, s.id, s.dim, t.revision, c.settings,
       coalesce(s.calibration, '{}'), s.photographs
FROM collections c
LEFT JOIN spaces s ON s.live
LEFT JOIN text_towers t ON t.space_id = s.id AND t.is_default
WHERE c.key = %s
"""
VERSION = "SELECT version FROM collections WHERE id = %s"
_CREATE = "INSERT INTO collections (key) VALUES (%s) ON CONFLICT (key) DO NOTHING"


async def collection_state(database: Database, key: str) -> CollectionRecord:
    """Return a collection by its key, made empty when there was none."""

    async def read() -> CollectionRecord | None:
        row = await database.one(_STATE, (key,))
        return None if row is None else CollectionRecord(*row)

    record = await database.retry(read)
    if record is None:
        async with database.transaction() as connection:
            await connection.execute(_CREATE, (key,))
        record = await database.retry(read)
    if record is None:
        raise LookupError(f"collection {key!r} vanished while it was made")
    return record


async def collection_version(database: Database, number: int) -> int | None:
    """Return a collection's version, None when there is no such collection (any more)."""
    row = await database.retry(lambda: database.one(VERSION, (number,)))
    return None if row is None else int(row[0])
