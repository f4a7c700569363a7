"""How far a change of encoder is. The bot's side; workers make the change (:mod:`db.building`)."""

from __future__ import annotations

from datetime import timedelta

from psycopg import sql

from db.nearest import read
from db.pool import Database
from db.records import SpaceOverview

_OVERVIEW = """
SELECT o.id, o.name, o.source, o.state, o.dim, o.since, o.note, o.done, o.total, t.revision
FROM space_overview() o LEFT JOIN text_towers t ON t.space_id = o.id AND t.is_default
ORDER BY o.since, o.state = 'live', o.id
"""
# What is looked at every second must not count all pictures, as the overview does.
_NOTES = "SELECT note FROM spaces WHERE note <> '' AND since > now() - %s ORDER BY since"
_ON_ITS_WAY = "SELECT count(*) FROM spaces WHERE state IN ('building', 'ready')"
# No rows, and nothing counted, while no space is on its way.
_PREPARING = sql.SQL(
    """
    SELECT (SELECT count(*) FROM images i WHERE i.collection_id = %(collection)s
            AND i.status = 'ready' AND EXISTS (SELECT FROM embeddings e
              WHERE e.space_id = s.id AND e.image_id = i.id)),
           (SELECT ready_count FROM collections WHERE id = %(collection)s)
    FROM spaces s WHERE s.state IN ('building', 'ready')
    """
)


async def spaces(database: Database) -> list[SpaceOverview]:
    """Return all spaces with how much of all collections is in them, the latest change last."""

    async def once() -> list[SpaceOverview]:
        async with database.transaction() as connection:
            cursor = await connection.execute(_OVERVIEW)
            return [SpaceOverview(*row) for row in await cursor.fetchall()]

    return await database.retry(once)


async def notes(database: Database, within: timedelta) -> list[str]:
    """Return what operators should know of spaces that changed lately."""

    async def once() -> list[str]:
        async with database.transaction() as connection:
            cursor = await connection.execute(_NOTES, (within,))
            return [note for (note,) in await cursor.fetchall()]

    return await database.retry(once)


async def on_its_way(database: Database) -> bool:
    """Tell whether a space is being built, or about to be live."""
    row = await database.retry(lambda: database.one(_ON_ITS_WAY, ()))
    return bool(row and row[0])


async def hold(database: Database, space_id: int, seconds: float) -> None:
    """Keep a space from being switched to for so long; 0 lets it."""
    async with database.transaction() as connection:
        await connection.execute(
            "SELECT hold_space(%s::smallint, %s::double precision)", (space_id, seconds)
        )


async def preparing(database: Database, collection_id: int) -> tuple[int, int] | None:
    """Return how many pictures of a collection the next space has, and of how many."""
    rows = await read(database, collection_id, _PREPARING, {"collection": collection_id})
    return (int(rows[0][0]), int(rows[0][1])) if rows else None
