"""The core's ports over ``db`` and ``workers.client``; their errors become core errors here."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from bot.core.errors import (
    PictureRefusedError,
    UnavailableError,
    WarmingUpError,
)
from bot.core.messages import Person, Picture, PictureKind, Upload
from bot.core.ports import (
    Added,
    CollectionState,
    EmbeddingSpace,
    Match,
    StoredImage,
    Vector,
)
from bot.core.questions import digest
from db import embeddings, images
from db.blobs import Blobs, original, rendition
from db.collections import collection_state
from db.embeddings import SearchScope
from db.errors import DatabaseError, DatabaseUnavailableError
from db.pool import Database
from db.query_cache import RedisQueryCache
from db.records import ImageRecord, MatchRecord, NewImage
from workers import contract
from workers.client import ClientError, WorkerClient

WATCH_EVERY_S = 0.1
WATCH_PATIENCE_S = 30.0
"""How long to watch pictures without any of them being finished."""

logger = logging.getLogger(__name__)


@contextmanager
def _core_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseUnavailableError as error:
        raise UnavailableError(part=str(error)) from error
    except DatabaseError as error:
        if error.retryable:
            raise UnavailableError(part=str(error)) from error
        raise


class WorkerEncoder:
    """Encodes on the workers."""

    def __init__(self, client: WorkerClient) -> None:
        self._client = client

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Vector:
        """Encode one question."""
        try:
            return await self._client.encode_text(text, space.text_revision)
        except ClientError as error:
            raise await self._explained(error, contract.QUEUE_TEXT) from error

    async def encode_image(self, content: bytes, space: EmbeddingSpace) -> Vector:
        """Encode one picture."""
        try:
            return await self._client.encode_image(content, space.text_revision)
        except ClientError as error:
            raise await self._explained(error, contract.QUEUE_IMAGE) from error

    async def ready(self) -> bool:
        """Tell whether a warm worker takes questions."""
        return await self._client.ready()

    async def _explained(
        self, error: ClientError, queue: str
    ) -> UnavailableError | WarmingUpError | PictureRefusedError:
        if error.code in contract.PICTURE_CODES:
            return PictureRefusedError(error.code)
        if error.code == contract.CODE_STALE_SPACE:
            return WarmingUpError()
        if error.code == "timeout" and not await self._client.ready(queue):
            return WarmingUpError()
        return UnavailableError(part=error.code)


class PgImageIndex:
    """Searches the vectors in Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, collection: str) -> CollectionState:
        """Look a collection up by its key."""
        with _core_errors():
            record = await collection_state(self._database, collection)
        space = None
        if record.space_id and record.space_dim and record.text_revision:
            space = EmbeddingSpace(record.space_id, record.space_dim, record.text_revision)
        return CollectionState(
            record.id, record.version, record.ready_count, record.pending_count, space
        )

    async def search(
        self, state: CollectionState, vector: Vector, *, offset: int, limit: int
    ) -> Sequence[Match]:
        """Return the nearest pictures."""
        with _core_errors():
            records = await embeddings.search(
                self._database, _scope(state), vector, offset=offset, limit=limit
            )
        return [_match(record) for record in records]

    async def neighbours(
        self, state: CollectionState, image_id: int, *, offset: int, limit: int
    ) -> Sequence[Match]:
        """Return the pictures nearest to a stored one."""
        with _core_errors():
            records = await embeddings.neighbours(
                self._database, _scope(state), image_id, offset=offset, limit=limit
            )
        return [_match(record) for record in records]


class RedisCache:
    """Remembers questions in Redis."""

    def __init__(self, cache: RedisQueryCache) -> None:
        self._cache = cache

    async def get_vector(self, space: EmbeddingSpace, text: str) -> Vector | None:
        """Return the vector of a question asked before."""
        return await self._cache.get_vector(space.text_revision, text)

    async def put_vector(self, space: EmbeddingSpace, text: str, vector: Vector) -> None:
        """Remember the vector of a question."""
        await self._cache.put_vector(space.text_revision, text, vector)

    async def get_page(self, state: CollectionState, key: str) -> Sequence[Match] | None:
        """Return a stretch of results of this version of the collection."""
        records = await self._cache.get_page(_page_name(state, key))
        return None if records is None else [_match(record) for record in records]

    async def put_page(self, state: CollectionState, key: str, matches: Sequence[Match]) -> None:
        """Remember a stretch of results."""
        records = [MatchRecord(**asdict(match)) for match in matches]
        await self._cache.put_page(_page_name(state, key), records)

    async def save_paging(self, query: str) -> str:
        """Keep what is behind a button; its token is the query's digest."""
        token = digest(query)
        try:
            await self._cache.save_paging(token, query)
        except DatabaseUnavailableError:
            # Pictures without a working "more" button are better than none.
            logger.warning("paging_not_saved")
        return token

    async def load_paging(self, token: str) -> str | None:
        """Return what is behind a button."""
        with _core_errors():
            return await self._cache.load_paging(token)


class PgImageStore:
    """Keeps pictures: bytes in the blob store, rows in Postgres, work in the queue."""

    def __init__(self, database: Database, blobs: Blobs, client: WorkerClient) -> None:
        self._database = database
        self._blobs = blobs
        self._client = client

    async def add(
        self, collection: str, person: Person, uploads: Sequence[tuple[Upload, str]]
    ) -> Sequence[Added]:
        """Store bytes, then rows, then queue the work; only the first two must succeed."""
        with _core_errors():
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
        with _core_errors():
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

    async def get(self, collection: str, image_id: int) -> StoredImage | None:
        """Look a picture up."""
        row = await self._row(collection, image_id)
        return None if row is None else _stored(row)

    async def delete(self, collection: str, image_id: int) -> bool:
        """Delete a picture, its vectors, and its bytes unless another collection has them."""
        with _core_errors():
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
        with _core_errors():
            if kind is PictureKind.RENDITION:
                content = await self._blobs.get(rendition(row.sha256))
                if content is not None:
                    return Picture(content, "image/webp", f"{row.id}.webp")
            content = await self._blobs.get(original(row.sha256))
        return None if content is None else Picture(content, row.media_type, name)

    async def _row(self, collection: str, image_id: int) -> ImageRecord | None:
        with _core_errors():
            record = await collection_state(self._database, collection)
            rows = await images.get_images(self._database, record.id, [image_id])
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


def _scope(state: CollectionState) -> SearchScope:
    if state.space is None:
        raise WarmingUpError
    return SearchScope(state.id, state.image_count, state.space.id, state.space.dim)


def _page_name(state: CollectionState, key: str) -> str:
    revision = state.space.text_revision if state.space else ""
    return f"{state.id}:{state.version}:{revision}:{key}"


def _match(record: MatchRecord) -> Match:
    return Match(**asdict(record))


def _stored(row: ImageRecord) -> StoredImage:
    return StoredImage(
        row.id, row.status, row.error, row.uploader_id, row.caption, row.media_type, row.sha256
    )
