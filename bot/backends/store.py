"""Keeping pictures: bytes in the blob store, rows in Postgres, work in the queue."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Sequence

from cachetools import LRUCache

from bot.backends.errors import core_errors
from bot.core.messages import Person, Picture, PictureKind, Upload
from bot.core.ports import Added, StoredImage
from db import images
from db.blobs import Blobs, original, rendition
from db.collections import collection_state
from db.errors import DatabaseUnavailableError
from db.pool import Database
from db.records import ImageRecord, NewImage
from workers.client import ClientError, WorkerClient

WATCH_EVERY_S = 0.1
WATCH_PATIENCE_S = 30.0
"""How long to watch pictures without any of them being finished."""

RENDITIONS_KEPT_BYTES = 16 * 2**20

logger = logging.getLogger(__name__)


class PgImageStore:
    """Keeps pictures: bytes in the blob store, rows in Postgres, work in the queue."""

    def __init__(self, database: Database, blobs: Blobs, client: WorkerClient) -> None:
        self._database = database
        self._blobs = blobs
        self._client = client
        self._renditions: LRUCache[str, bytes] = LRUCache(RENDITIONS_KEPT_BYTES, getsizeof=len)

    async def add(
        self, collection: str, person: Person, uploads: Sequence[tuple[Upload, str]]
    ) -> Sequence[Added]:
        """Store bytes, then rows, then queue the work; only the first two must succeed."""
        with core_errors():
            record = await collection_state(self._database, collection)
            rows = await asyncio.to_thread(_rows, person, uploads)
            digests = [row.sha256 for row in rows]
            async with images.storing(self._database, record.id, digests) as connection:
                known = await images.known_digests(connection, record.id, digests)
                for row, (upload, _) in zip(rows, uploads, strict=True):
                    if row.sha256 not in known:
                        await self._blobs.put(original(row.sha256.hex()), upload.content)
                stored = await images.insert_images(connection, record.id, rows)
        fresh = [image_id for image_id, is_new in stored if is_new]
        if fresh:
            try:
                await self._client.ingest(fresh)
            except ClientError as error:
                logger.warning("ingest_not_queued", extra={"code": error.code})
        return [
            Added(image_id, upload.filename, is_new=is_new)
            for (image_id, is_new), (upload, _) in zip(stored, uploads, strict=True)
        ]

    async def watch(self, collection: str, image_ids: Sequence[int]) -> AsyncIterator[StoredImage]:
        """Yield pictures as they are finished; gives up after WATCH_PATIENCE_S without any."""
        waiting = set(image_ids)
        if not waiting:
            return
        with core_errors():
            record = await collection_state(self._database, collection)
        loop = asyncio.get_running_loop()
        give_up = loop.time() + WATCH_PATIENCE_S
        while waiting and loop.time() < give_up:
            try:
                rows = await images.get_images(self._database, record.id, sorted(waiting))
            except DatabaseUnavailableError:
                continue  # it has waited already; the pictures are safe
            gone = waiting - {row.id for row in rows}
            waiting -= gone
            for row in rows:
                if row.status != "pending":
                    waiting.discard(row.id)
                    give_up = loop.time() + WATCH_PATIENCE_S
                    yield _stored(row)
            if waiting:
                await asyncio.sleep(WATCH_EVERY_S)

    async def get(
        self, collection: str, image_id: int, sees: frozenset[str] | None = None
    ) -> StoredImage | None:
        """Look a picture up."""
        row = await self._row(collection, image_id, sees)
        return None if row is None else _stored(row)

    async def delete(self, collection: str, image_id: int) -> bool:
        """Delete a picture, its vectors, and its bytes unless another collection has them."""
        with core_errors():
            record = await collection_state(self._database, collection)
            async with images.deleting(self._database, record.id, image_id) as deleted:
                if deleted is None:
                    return False
                sha256, unused = deleted
                if unused:
                    await self._blobs.delete(original(sha256))
                    await self._blobs.delete(rendition(sha256))
        return True

    async def read(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a picture's bytes; the original stands in for a rendition not made yet."""
        row = await self._row(collection, image_id)
        if row is None:
            return None
        name = row.filename or f"{row.id}"
        with core_errors():
            if kind is PictureKind.RENDITION:
                content = await self._blobs.get(rendition(row.sha256))
                if content is not None:
                    return Picture(content, "image/webp", f"{row.id}.webp")
            content = await self._blobs.get(original(row.sha256))
        return None if content is None else Picture(content, row.media_type, name)

    async def rendition(self, collection: str, image_id: int, sha256: str) -> Picture | None:
        """Return a picture's rendition by its digest, out of memory where it was shown before."""
        content = self._renditions.get(sha256)
        if content is None:
            with core_errors():
                content = await self._blobs.get(rendition(sha256))
            if content is None:
                return await self.read(collection, image_id, PictureKind.RENDITION)
            if len(content) <= RENDITIONS_KEPT_BYTES // 16:
                self._renditions[sha256] = content
        return Picture(content, "image/webp", f"{image_id}.webp")

    async def _row(
        self, collection: str, image_id: int, sees: frozenset[str] | None = None
    ) -> ImageRecord | None:
        with core_errors():
            record = await collection_state(self._database, collection)
            rows = await images.get_images(self._database, record.id, [image_id], sees)
        return rows[0] if rows else None


def _rows(person: Person, uploads: Sequence[tuple[Upload, str]]) -> list[NewImage]:
    return [
        NewImage(
            sha256=hashlib.sha256(upload.content).digest(),
            size_bytes=len(upload.content),
            media_type=media_type,
            filename=upload.filename,
            caption=upload.caption,
            tags=upload.tags,
            uploader_id=person.id,
            uploader_name=person.name,
            source_path=upload.source_path,
            source_channel=upload.source_channel,
            source_message=upload.source_message,
        )
        for upload, media_type in uploads
    ]


def _stored(row: ImageRecord) -> StoredImage:
    return StoredImage(
        row.id, row.status, row.error, row.uploader_id, row.caption, row.media_type, row.sha256
    )
