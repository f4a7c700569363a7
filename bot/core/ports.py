"""What the core needs from the outside world; implemented in :mod:`bot.backends`.

Implementations raise :class:`bot.core.errors.CoreError` subclasses and nothing else that is
foreseeable: a lost database is an :class:`~bot.core.errors.UnavailableError`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.messages import Person, Picture, PictureKind, Upload

Vector = bytes
"""One embedding: little-endian IEEE 754 float16, L2-normalised."""


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """The space all vectors of a search live in."""

    id: int
    dim: int
    text_revision: str
    """Names the text tower and its weights; part of every cache key."""


@dataclass(frozen=True, slots=True)
class CollectionState:
    """What the core must know of a collection before it can search it."""

    id: int
    version: int
    """Grows with every picture added or deleted."""
    image_count: int
    pending_count: int
    space: EmbeddingSpace | None
    """The live embedding space; None until the first worker has registered its encoder."""


@dataclass(frozen=True, slots=True)
class Match:
    """A picture found, with what is known about it."""

    image_id: int
    score: float
    caption: str
    width: int
    height: int
    media_type: str
    sha256: str
    uploader_id: str
    uploader_name: str
    added_at: datetime
    source_path: str | None


class Encoder(Protocol):
    """Turns questions and pictures into vectors, on the workers."""

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Vector:
        """Encode one question. Raises UnavailableError, WarmingUpError."""
        ...

    async def encode_image(self, content: bytes, space: EmbeddingSpace) -> Vector:
        """Encode one picture. Raises also PictureRefusedError."""
        ...

    async def ready(self) -> bool:
        """Tell whether a worker with its model loaded is there; never raises."""
        ...


class ImageIndex(Protocol):
    """The pictures of a collection by their vectors."""

    async def state(self, collection: str) -> CollectionState:
        """Look up a collection by its key, making an empty one for a new key."""
        ...

    async def search(
        self, state: CollectionState, vector: Vector, *, offset: int, limit: int
    ) -> Sequence[Match]:
        """Return the nearest pictures by cosine similarity, best first."""
        ...

    async def neighbours(
        self, state: CollectionState, image_id: int, *, offset: int, limit: int
    ) -> Sequence[Match]:
        """Return the pictures nearest to one of the collection's own, itself left out."""
        ...


class QueryCache(Protocol):
    """A memory of recent questions. A cache that is down is a cache that is empty."""

    async def get_vector(self, space: EmbeddingSpace, text: str) -> Vector | None:
        """Return the vector of a question asked before, on any collection."""
        ...

    async def put_vector(self, space: EmbeddingSpace, text: str, vector: Vector) -> None:
        """Remember the vector of a question."""
        ...

    async def get_page(self, state: CollectionState, key: str) -> Sequence[Match] | None:
        """Return a page of results found at this very version of the collection."""
        ...

    async def put_page(self, state: CollectionState, key: str, matches: Sequence[Match]) -> None:
        """Remember a page of results."""
        ...

    async def save_paging(self, query: str) -> str:
        """Keep what is behind a "more" button; returns a token of at most 24 characters."""
        ...

    async def load_paging(self, token: str) -> str | None:
        """Return what :meth:`save_paging` kept, or None when it has expired."""
        ...


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one upload."""

    image_id: int | None
    """None when it was refused."""
    filename: str
    is_new: bool = False
    """False for a picture that the collection already had."""
    refusal: str | None = None
    """One of :data:`bot.core.errors.REFUSALS`, or ``unavailable``."""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture's row, as far as the core cares."""

    image_id: int
    status: str
    """``pending``, ``ready`` or ``failed``."""
    error: str | None
    uploader_id: str
    caption: str
    media_type: str
    sha256: str


class ImageStore(Protocol):
    """Where pictures are kept: blob store, image table and ingest queue together."""

    async def add(
        self, collection: str, person: Person, uploads: Sequence[tuple[Upload, str]]
    ) -> Sequence[Added]:
        """Store checked uploads, each with its media type, durably; order is kept.

        When this returns, the pictures survive a kill -9 of any process.
        """
        ...

    def watch(self, collection: str, image_ids: Sequence[int]) -> AsyncIterator[StoredImage]:
        """Yield each picture once, as it becomes ready or failed."""
        ...

    async def get(self, collection: str, image_id: int) -> StoredImage | None:
        """Look a picture up in one collection."""
        ...

    async def delete(self, collection: str, image_id: int) -> bool:
        """Delete a picture, its vectors and its bytes; False when it was not there."""
        ...

    async def read(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a picture's bytes, or None when the collection does not have it."""
        ...
