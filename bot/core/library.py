"""Adding pictures to a collection and taking them out again."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from bot.core.errors import ImageGoneError, NotAllowedError
from bot.core.messages import Hit, Person, Picture, PictureKind, Upload
from bot.core.policy import may_delete
from bot.core.ports import Added, ImageStore, StoredImage
from bot.core.sniff import is_supported, media_type

MAX_CAPTION_CHARACTERS = 1000
MAX_TAGS = 20
MAX_TAG_CHARACTERS = 50
MAX_UPLOAD_BYTES = 50 * 2**20


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What an upload may be."""

    max_bytes: int = MAX_UPLOAD_BYTES


class Library:
    """Takes uploads in and pictures out, for those who may."""

    def __init__(self, store: ImageStore, limits: UploadLimits) -> None:
        self._store = store
        self._limits = limits

    async def add(
        self, collection: str, person: Person, uploads: Sequence[Upload]
    ) -> Sequence[Added]:
        """Store uploads durably, order kept; what is plainly no picture is refused at once.

        Whether the person may is for the caller to know. What only decoding can tell is told by
        :meth:`watch`.
        """
        checked = [self._check(upload) for upload in uploads]
        accepted = [
            (_clean(upload), kind)
            for upload, (kind, _) in zip(uploads, checked, strict=True)
            if kind is not None
        ]
        stored = iter(await self._store.add(collection, person, accepted) if accepted else ())
        return [
            next(stored) if kind is not None else Added(None, upload.filename, refusal=refusal)
            for upload, (kind, refusal) in zip(uploads, checked, strict=True)
        ]

    def _check(self, upload: Upload) -> tuple[str | None, str | None]:
        """Return (media type, None) or (None, reason)."""
        if len(upload.content) > self._limits.max_bytes:
            return None, "too_large"
        kind = media_type(upload.content)
        if kind is not None and is_supported(kind):
            return kind, None
        known_picture = kind is not None and kind.startswith("image/")
        return None, "unsupported" if known_picture else "not_a_picture"

    def watch(self, collection: str, image_ids: Sequence[int]) -> AsyncIterator[StoredImage]:
        """Yield each picture once, as it becomes ready or failed."""
        return self._store.watch(collection, image_ids)

    async def delete(
        self,
        collection: str,
        person: Person,
        image_id: int,
        sees: frozenset[str] | None = None,
    ) -> StoredImage:
        """Delete a picture and return what it was; raises NotAllowedError, ImageGoneError."""
        image = await self.get(collection, image_id, sees)
        if not may_delete(person, image.uploader_id):
            raise NotAllowedError
        if not await self._store.delete(collection, image_id):
            raise ImageGoneError
        return image

    async def get(
        self, collection: str, image_id: int, sees: frozenset[str] | None = None
    ) -> StoredImage:
        """Look up a picture that the person may be shown; raises ImageGoneError."""
        image = await self._store.get(collection, image_id, sees)
        if image is None:
            raise ImageGoneError
        return image

    async def rendition(self, collection: str, hit: Hit) -> Picture | None:
        """Return what to show of a picture found in the collection."""
        return await self._store.rendition(collection, hit.image_id, hit.sha256)

    async def read(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a picture's bytes, or None when the collection does not have it."""
        return await self._store.read(collection, image_id, kind)


def clean_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return tags as they are stored and asked for: folded, without "#", each once."""
    folded = (
        unicodedata.normalize("NFKC", tag.replace("\x00", ""))
        .strip()
        .lstrip("#")
        .strip()
        .casefold()
        for tag in tags
    )
    kept = dict.fromkeys(tag[:MAX_TAG_CHARACTERS] for tag in folded if tag)
    return tuple(kept)[:MAX_TAGS]


def _clean(upload: Upload) -> Upload:
    caption = " ".join(upload.caption.replace("\x00", "").split())[:MAX_CAPTION_CHARACTERS]
    return Upload(
        content=upload.content,
        filename=upload.filename.replace("\x00", "")[:255],
        caption=caption,
        tags=clean_tags(upload.tags),
        source_path=upload.source_path,
        source_channel=upload.source_channel,
        source_message=upload.source_message,
    )
