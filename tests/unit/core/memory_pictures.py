"""Pictures in memory: the core's index and store at once."""

from __future__ import annotations

import itertools
import struct
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.core.messages import Person, Picture, PictureKind, Upload
from bot.core.policy import DEFAULT_POLICY, Policy
from bot.core.ports import (
    Added,
    CollectionState,
    EmbeddingSpace,
    Found,
    Match,
    Selection,
    StoredImage,
    Vector,
)

SPACE = EmbeddingSpace(1, 2, "tower")
COLLECTION = "c"
SCORE = 0.5


def vector(*values: float) -> Vector:
    """Write numbers as an embedding."""
    return struct.pack(f"<{len(values)}e", *values)


@dataclass
class Kept:
    """One picture in memory."""

    caption: str = ""
    tags: tuple[str, ...] = ()
    uploader_id: str = "u"
    sources: set[tuple[str, str]] = field(default_factory=set)
    """(channel, message)."""
    confined: bool = False

    def is_shown(self, sees: Collection[str] | None) -> bool:
        """Tell whether somebody who sees these channels may be shown it."""
        if sees is None or not self.confined:
            return True
        return any(channel in sees for channel, _ in self.sources)


class MemoryPictures:
    """Collections whose best match is always their first picture."""

    def __init__(self, count: int = 0, space: EmbeddingSpace | None = SPACE) -> None:
        self.collections: dict[str, dict[int, Kept]] = {COLLECTION: {}}
        self.policies: dict[str, Policy] = {}
        self.space = space
        self.version = 1
        self.preparing_now: tuple[int, int] | None = None
        self.reads = 0
        self.searched: list[Vector] = []
        self.scores: dict[int, float] = {}
        """Of pictures that are not found with the score of all others."""
        self._ids = itertools.count(1)
        for _ in range(count):
            self.put()

    def put(
        self,
        *channels: str,
        collection: str = COLLECTION,
        caption: str = "",
        tags: tuple[str, ...] = (),
        uploader_id: str = "u",
    ) -> int:
        """Add a picture posted in these channels, or handed over for all; returns its id."""
        image_id = next(self._ids)
        sources = {(channel, f"{image_id}0") for channel in channels}
        kept = Kept(caption, tags, uploader_id, sources, confined=bool(channels))
        self.collections.setdefault(collection, {})[image_id] = kept
        self.version += 1
        return image_id

    def ids(self, among: Selection, collection: str = COLLECTION) -> list[int]:
        """Return the pictures of a selection in the order they were put."""
        filters = among.filters
        return [
            image_id
            for image_id, kept in self.collections[collection].items()
            if (not filters.tag or filters.tag in kept.tags)
            and (not filters.uploader_id or filters.uploader_id == kept.uploader_id)
            and image_id not in filters.hidden
            and kept.is_shown(among.sees)
        ]

    # ImageIndex

    async def state(self, collection: str) -> CollectionState:
        kept = self.collections.setdefault(collection, {})
        number = list(self.collections).index(collection)
        policy = self.policies.get(collection, DEFAULT_POLICY)
        return CollectionState(number, self.version, len(kept), 0, self.space, policy)

    async def preparing(self, state: CollectionState) -> tuple[int, int] | None:
        return self.preparing_now

    async def sources(self, state: CollectionState) -> frozenset[str]:
        kept = self.collections[self._key(state)].values()
        return frozenset(channel for picture in kept for channel, _ in picture.sources)

    async def count(self, state: CollectionState, among: Selection) -> int:
        self.reads += 1
        return len(self.ids(among, self._key(state)))

    async def vector(self, state: CollectionState, image_id: int) -> Vector | None:
        return vector(0, 1) if image_id in self.collections[self._key(state)] else None

    async def search(
        self,
        state: CollectionState,
        vector: Vector,
        among: Selection,
        *,
        total: int,
        shown: Sequence[int],
        offset: int | None,
        limit: int,
    ) -> Found:
        self.searched.append(vector)
        others = [n for n in self.ids(among, self._key(state)) if n not in shown]
        return self._matches(state, among, self.ranked(state, vector, others), offset or 0, limit)

    def ranked(self, state: CollectionState, vector: Vector, ids: list[int]) -> list[int]:
        """Return pictures by how well they fit a vector; here all fit alike."""
        return ids

    async def neighbours(
        self,
        state: CollectionState,
        image_id: int,
        among: Selection,
        *,
        total: int,
        shown: Sequence[int],
        offset: int | None,
        limit: int,
    ) -> Found:
        others = [n for n in self.ids(among, self._key(state)) if n not in {image_id, *shown}]
        return self._matches(state, among, others, offset or 0, limit)

    async def newest(
        self, state: CollectionState, among: Selection, *, offset: int, limit: int
    ) -> Found:
        latest = self.ids(among, self._key(state))[::-1]
        return self._matches(state, among, latest, offset, limit)

    def _matches(
        self, state: CollectionState, among: Selection, ids: list[int], offset: int, limit: int
    ) -> Found:
        self.reads += 1
        pictures = self.collections[self._key(state)]
        matches = [
            replace(_match(n, pictures[n], among), score=self.scores.get(n, SCORE))
            for n in ids[offset : offset + limit]
        ]
        return Found(matches, self.version)

    def _key(self, state: CollectionState) -> str:
        return list(self.collections)[state.id]

    # ImageStore

    async def add(
        self, collection: str, person: Person, uploads: Sequence[tuple[Upload, str]]
    ) -> Sequence[Added]:
        added = []
        for upload, _ in uploads:
            channels = [upload.source_channel] if upload.source_channel else []
            image_id = self.put(
                *channels,
                collection=collection,
                caption=upload.caption,
                tags=upload.tags,
                uploader_id=person.id,
            )
            added.append(Added(image_id, upload.filename, is_new=True))
        return added

    async def watch(self, collection: str, image_ids: Sequence[int]) -> AsyncIterator[StoredImage]:
        for image_id in image_ids:
            image = await self.get(collection, image_id)
            if image is not None:
                yield image

    async def get(
        self, collection: str, image_id: int, sees: frozenset[str] | None = None
    ) -> StoredImage | None:
        kept = self.collections.get(collection, {}).get(image_id)
        if kept is None or not kept.is_shown(sees):
            return None
        return StoredImage(
            image_id, "ready", None, kept.uploader_id, kept.caption, "image/png", "00"
        )

    async def delete(self, collection: str, image_id: int) -> bool:
        self.version += 1
        return self.collections.get(collection, {}).pop(image_id, None) is not None

    async def read(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        return None

    async def rendition(self, collection: str, image_id: int, sha256: str) -> Picture | None:
        return await self.read(collection, image_id, PictureKind.RENDITION)


def _match(image_id: int, kept: Kept, among: Selection) -> Match:
    seen = [
        (len(message), message, channel)
        for channel, message in kept.sources
        if among.sees is None or channel in among.sees
    ]
    channel, message = (min(seen)[2], min(seen)[1]) if seen else (None, None)
    return Match(
        image_id=image_id,
        score=SCORE,
        caption=kept.caption,
        width=1,
        height=1,
        media_type="image/png",
        sha256="00",
        uploader_id=kept.uploader_id,
        uploader_name="Ada",
        added_at=datetime(2026, 1, 1, tzinfo=UTC),
        source_path=None,
        source_channel=channel,
        source_message=message,
    )
