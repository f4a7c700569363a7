"""Pictures of one collection: stored, looked up, deleted. The bot's side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from db.pool import Database
from db.records import ImageRecord, NewImage

_COLUMNS = (
    "id, status, error, uploader_id, caption, filename, media_type, encode(sha256, 'hex') AS sha256"
)
# A picture that failed before gets another chance; anything else stays as it is. In statements of
# their own, because ON CONFLICT DO UPDATE would wait for rows that a worker holds.
_RETRY = """
UPDATE images SET status = 'pending', error = NULL, attempts = 0, enqueued_at = now()
WHERE collection_id = %s AND sha256 = ANY(%s) AND status = 'failed' RETURNING sha256
"""
_INSERT = """
INSERT INTO images (collection_id, sha256, size_bytes, media_type, filename, caption, tags,
                    uploader_id, uploader_name, source_path, confined, enqueued_at)
SELECT %s, decode(sha256, 'hex'), size_bytes, media_type, filename, caption, tags,
       uploader_id, uploader_name, source_path, confined, now()
FROM jsonb_to_recordset(%s) AS new (
  n integer, sha256 text, size_bytes bigint, media_type text, filename text, caption text,
  tags text[], uploader_id text, uploader_name text, source_path text, confined boolean)
ORDER BY n
ON CONFLICT (collection_id, sha256) DO NOTHING
RETURNING sha256
"""
# Handed over for everybody, whatever channels it was posted in before. It may wait for a worker
# that is at one of them, and so comes before all that holds the collection's counters, which the
# worker needs to finish.
_OPEN = """
UPDATE images SET confined = false WHERE collection_id = %s AND sha256 = ANY(%s) AND confined
"""
_SOURCE = """
INSERT INTO image_sources (image_id, collection_id, channel, message)
SELECT image_id, %s, channel, message
FROM jsonb_to_recordset(%s) AS new (image_id bigint, channel text, message text)
ON CONFLICT DO NOTHING
"""
_SHOWN = """
(NOT confined OR EXISTS (SELECT FROM image_sources s
                         WHERE s.image_id = images.id AND s.channel = ANY(%(sees)s)))
"""
_IDS = "SELECT sha256, id FROM images WHERE collection_id = %s AND sha256 = ANY(%s)"


@asynccontextmanager
async def storing(
    database: Database, collection_id: int, digests: Sequence[bytes]
) -> AsyncIterator[AsyncConnection[Any]]:
    """Keep deletions from removing these blobs between their arrival and their rows.

    Yields the connection for :func:`known_digests` and :func:`insert_images`: one for all, or as
    many uploads as the pool has connections would wait for each other's second one. Holds one
    advisory lock per digest, in their order, and takes them before any row, as :func:`deleting`
    does, so that nobody locks anybody else out.
    """
    async with database.transaction(collection_id) as connection:
        await _lock(connection, digests)
        yield connection


async def _lock(connection: AsyncConnection[Any], digests: Sequence[bytes]) -> None:
    keys = sorted({int.from_bytes(digest[:8], "big", signed=True) for digest in digests})
    await connection.execute(
        "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) WITH ORDINALITY u(key, n)"
        " ORDER BY n",
        (keys,),
    )


async def insert_images(
    connection: AsyncConnection[Any], collection_id: int, images: Sequence[NewImage]
) -> list[tuple[int, bool]]:
    """Store rows as pending; returns (id, whether it is new or tried again) in order.

    Of the same picture twice among ``images`` the first is stored. To be called while
    :func:`storing` them.
    """
    digests = [image.sha256 for image in images]
    for_all = {image.sha256 for image in images if image.source_channel is None}
    rows = [
        asdict(image)
        | {"n": n, "sha256": image.sha256.hex(), "confined": image.sha256 not in for_all}
        for n, image in enumerate(images)
    ]
    if for_all:
        await connection.execute(_OPEN, (collection_id, list(for_all)))
    retried = await connection.execute(_RETRY, (collection_id, digests))
    fresh = {bytes(row[0]) for row in await retried.fetchall()}
    inserted = await connection.execute(_INSERT, (collection_id, Jsonb(rows)))
    fresh |= {bytes(row[0]) for row in await inserted.fetchall()}
    known = await connection.execute(_IDS, (collection_id, digests))
    ids = {bytes(row[0]): row[1] for row in await known.fetchall()}
    await _add_sources(connection, collection_id, images, ids)
    result = []
    for digest in digests:
        result.append((ids[digest], digest in fresh))
        fresh.discard(digest)
    return result


async def _add_sources(
    connection: AsyncConnection[Any],
    collection_id: int,
    images: Sequence[NewImage],
    ids: Mapping[bytes, int],
) -> None:
    sources = [
        {
            "image_id": ids[image.sha256],
            "channel": image.source_channel,
            "message": image.source_message or "",
        }
        for image in images
        if image.source_channel is not None
    ]
    if sources:
        await connection.execute(_SOURCE, (collection_id, Jsonb(sources)))


async def get_images(
    database: Database,
    collection_id: int,
    image_ids: Sequence[int],
    sees: Collection[str] | None = None,
) -> list[ImageRecord]:
    """Look pictures up in one collection; those it does not have are left out.

    With ``sees`` also those that were posted in other channels only.
    """
    shown = "true" if sees is None else _SHOWN
    statement = f"""
        SELECT {_COLUMNS} FROM images
        WHERE collection_id = %(collection)s AND id = ANY(%(ids)s) AND {shown}
    """  # noqa: S608
    values = {"collection": collection_id, "ids": list(image_ids), "sees": list(sees or ())}

    async def read() -> list[ImageRecord]:
        async with database.transaction(collection_id) as connection:
            cursor = await connection.execute(statement, values)
            return [ImageRecord(*row) for row in await cursor.fetchall()]

    return await database.retry(read)


async def known_digests(
    connection: AsyncConnection[Any], collection_id: int, digests: Sequence[bytes]
) -> set[bytes]:
    """Return those of the digests whose pictures the collection has and has not given up.

    To be called while :func:`storing` them: only then is none of them just being deleted.
    """
    cursor = await connection.execute(
        "SELECT sha256 FROM images"
        " WHERE collection_id = %s AND sha256 = ANY(%s) AND status <> 'failed'",
        (collection_id, list(digests)),
    )
    return {bytes(row[0]) for row in await cursor.fetchall()}


@asynccontextmanager
async def deleting(
    database: Database, collection_id: int, image_id: int
) -> AsyncIterator[tuple[str, bool] | None]:
    """Delete a picture and its vectors when the block ends well.

    Yields (sha256, whether its blob is now unused and must be removed in the block), or None
    when the collection does not have the picture.
    """
    async with database.transaction(collection_id) as connection:
        cursor = await connection.execute(
            "SELECT sha256 FROM images WHERE collection_id = %s AND id = %s",
            (collection_id, image_id),
        )
        row = await cursor.fetchone()
        if row is None:
            yield None
            return
        digest = bytes(row[0])
        # Before the row, whose deletion holds the collection's counters: see storing().
        await _lock(connection, [digest])
        deleted = await connection.execute(
            "DELETE FROM images WHERE collection_id = %s AND id = %s", (collection_id, image_id)
        )
        if not deleted.rowcount:
            yield None
            return
        used = await (await connection.execute("SELECT blob_is_used(%s)", (digest,))).fetchone()
        yield digest.hex(), not (used and used[0])
