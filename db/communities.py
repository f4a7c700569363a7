"""Collections as their admins and their platform see them: settings, coming and going, imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from db.pool import Database
from db.records import ImportRecord, StatisticsRecord

_TAGS_SHOWN = 10

_SAVE_SETTINGS = """
INSERT INTO collections (key, settings) VALUES (%s, %s)
ON CONFLICT (key) DO UPDATE SET settings = excluded.settings
"""
_STATISTICS = """
SELECT count(*) FILTER (WHERE status = 'ready'), count(*) FILTER (WHERE status = 'pending'),
       count(*) FILTER (WHERE status = 'failed'), coalesce(sum(size_bytes), 0)::bigint,
       count(DISTINCT uploader_id) FILTER (WHERE uploader_id <> ''),
       count(*) FILTER (WHERE uploader_id = %s)
FROM images WHERE collection_id = %s
"""
_TAGS = """
SELECT tag, count(*) FROM images, unnest(tags) AS tag
WHERE collection_id = %s AND status = 'ready' GROUP BY tag ORDER BY count(*) DESC, tag LIMIT %s
"""
_PART = """
DELETE FROM image_sources
WHERE collection_id = %(collection)s AND message = ANY(%(messages)s)
  AND %(channel)s IN ('', channel)
RETURNING image_id
"""
_ORPHANS = """
SELECT id FROM images i WHERE id = ANY(%s) AND confined
AND NOT EXISTS (SELECT FROM image_sources s WHERE s.image_id = i.id) ORDER BY id
"""
_IMPORT_COLUMNS = """
c.key, m.channel, m.state, m.cursor, m.seen, m.added, m.known, m.refused, m.language,
m.progress_channel, m.progress_message
"""
_SAVE_IMPORT = """
INSERT INTO imports (collection_id, channel, state, cursor, seen, added, known, refused, language,
                     progress_channel, progress_message)
SELECT id, %(channel)s, %(state)s, %(cursor)s, %(seen)s, %(added)s, %(known)s, %(refused)s,
       %(language)s, %(progress_channel)s, %(progress_message)s
FROM collections WHERE key = %(collection)s
ON CONFLICT (collection_id, channel) DO UPDATE SET
  state = excluded.state, cursor = excluded.cursor, seen = excluded.seen, added = excluded.added,
  known = excluded.known, refused = excluded.refused, language = excluded.language,
  progress_channel = excluded.progress_channel, progress_message = excluded.progress_message,
  updated_at = now()
"""


async def save_settings(database: Database, key: str, settings: Mapping[str, object]) -> None:
    """Replace a collection's settings, making an empty collection for a new key."""
    async with database.transaction() as connection:
        await connection.execute(_SAVE_SETTINGS, (key, Jsonb(dict(settings))))


async def statistics(database: Database, collection_id: int, person_id: str) -> StatisticsRecord:
    """Count what a collection holds, and what of it is one person's."""

    async def read() -> StatisticsRecord:
        async with database.transaction(collection_id) as connection:
            cursor = await connection.execute(_STATISTICS, (person_id, collection_id))
            row = await cursor.fetchone()
            tags = await connection.execute(_TAGS, (collection_id, _TAGS_SHOWN))
            ready, pending, failed, size_bytes, contributors, mine = row or (0,) * 6
            return StatisticsRecord(
                ready=ready,
                pending=pending,
                failed=failed,
                size_bytes=size_bytes,
                contributors=contributors,
                tags=tuple(await tags.fetchall()),
                mine=mine,
            )

    return await database.retry(read)


async def part_from_messages(
    database: Database, collection_id: int, channel: str, messages: Sequence[str]
) -> list[int]:
    """Forget that pictures came with these messages; returns those that came with no other.

    An empty ``channel`` stands for any.
    """
    async with database.transaction(collection_id) as connection:
        cursor = await connection.execute(
            _PART,
            {"collection": collection_id, "channel": channel, "messages": list(messages)},
        )
        parted = [row[0] for row in await cursor.fetchall()]
        orphans = await connection.execute(_ORPHANS, (parted,))
        return [row[0] for row in await orphans.fetchall()]


async def mark_left(database: Database, key: str) -> None:
    """Note when the bot was removed; a second time changes nothing."""
    await _change(
        database,
        "UPDATE collections SET left_at = now() WHERE key = %s AND left_at IS NULL",
        (key,),
    )


async def move(database: Database, old: str, new: str) -> None:
    """Give a collection another key; into one that exists go the pictures that it lacks."""
    await _change(database, "SELECT move_collection(%s, %s)", (old, new))


async def mark_present(database: Database, keys: Sequence[str]) -> None:
    """Note that the bot is there (again)."""
    await _change(
        database,
        "UPDATE collections SET left_at = NULL WHERE key = ANY(%s) AND left_at IS NOT NULL",
        (list(keys),),
    )


async def known_keys(database: Database, prefix: str) -> list[str]:
    """Return the keys that begin so of collections that have not been left."""
    rows = await _read(
        database,
        "SELECT key FROM collections WHERE starts_with(key, %s) AND left_at IS NULL",
        (prefix,),
    )
    return [row[0] for row in rows]


async def keys_left_before(database: Database, days: int) -> list[str]:
    """Return the keys of collections left at least so many days ago."""
    rows = await _read(
        database,
        "SELECT key FROM collections WHERE left_at < now() - make_interval(days => %s)",
        (days,),
    )
    return [row[0] for row in rows]


async def drop_left(database: Database, key: str) -> bool:
    """Remove a collection that was left and has no pictures; returns whether it was."""
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT drop_left_collection(%s)", (key,))
        row = await cursor.fetchone()
        return bool(row and row[0])


async def image_ids(database: Database, collection_id: int, limit: int) -> list[int]:
    """Return some pictures of a collection, whatever their status."""

    async def read() -> list[int]:
        async with database.transaction(collection_id) as connection:
            cursor = await connection.execute(
                "SELECT id FROM images WHERE collection_id = %s ORDER BY id LIMIT %s",
                (collection_id, limit),
            )
            return [row[0] for row in await cursor.fetchall()]

    return await database.retry(read)


async def uploads_of(database: Database, person_id: str) -> list[tuple[str, int]]:
    """Return (collection key, image id) of all that a person has added, anywhere."""
    return await _read(database, "SELECT collection, image_id FROM uploads_of(%s)", (person_id,))


async def forget_uploader(database: Database, person_id: str) -> None:
    """Take a person's name off all pictures that they have added."""
    await _change(database, "SELECT forget_uploader(%s)", (person_id,))


async def get_import(database: Database, key: str, channel: str) -> ImportRecord | None:
    """Return how far an import is."""
    rows = await _read(
        database,
        f"SELECT {_IMPORT_COLUMNS} FROM imports m JOIN collections c ON c.id = m.collection_id"  # noqa: S608
        " WHERE c.key = %s AND m.channel = %s",
        (key, channel),
    )
    return ImportRecord(*rows[0]) if rows else None


async def running_imports(database: Database) -> list[ImportRecord]:
    """Return the imports, of all collections, that are to go on."""
    rows = await _read(
        database,
        f"SELECT {_IMPORT_COLUMNS} FROM imports m JOIN collections c ON c.id = m.collection_id"  # noqa: S608
        " WHERE m.state = 'running' AND c.left_at IS NULL ORDER BY m.updated_at",
        (),
    )
    return [ImportRecord(*row) for row in rows]


async def save_import(database: Database, values: Mapping[str, object]) -> None:
    """Keep how far an import is; ``values`` are the fields of an ImportRecord."""
    await _change(database, _SAVE_IMPORT, values)


async def _read(database: Database, statement: str, values: Sequence[object]) -> list[Any]:
    async def read() -> list[Any]:
        async with database.transaction() as connection:
            return await (await connection.execute(statement, values)).fetchall()

    return await database.retry(read)


async def _change(
    database: Database, statement: str, values: Sequence[object] | Mapping[str, object]
) -> None:
    async with database.transaction() as connection:
        await connection.execute(statement, values)
