"""What the core needs from the outside world; implemented in :mod:`bot.backends`.

Implementations raise :class:`bot.core.errors.CoreError` subclasses and nothing else that is
foreseeable: a lost database is an :class:`~bot.core.errors.UnavailableError`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.messages import NO_FILTERS, Filters, Person, Picture, PictureKind, Upload
from bot.core.policy import DEFAULT_POLICY, Policy
from bot.core.relevance import Curve

Vector = bytes
"""One embedding: little-endian IEEE 754 float16, L2-normalised."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a question is searched with."""

    vector: Vector
    curve: Curve | None = None
    """What a cosine with the vector means; None: the encoder does not say."""


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """The space all vectors of a search live in."""

    id: int
    dim: int
    text_revision: str
    """Names the text tower and its weights; part of every cache key."""
    similar: Curve | None = None
    """What a cosine between two pictures means; None: not known."""
    questions: Curve | None = None
    """What one between a question and a picture means, where the question's vector comes without
    a curve of its own; None: not known, and nothing is cut."""
    photographs: bool = True
    """Whether its model knows them, not drawings only."""


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
    policy: Policy = DEFAULT_POLICY


@dataclass(frozen=True, slots=True)
class Selection:
    """The pictures of a collection that an answer may show."""

    filters: Filters = NO_FILTERS
    sees: frozenset[str] | None = None
    """Channels whose pictures may be shown; None: all of them."""

    @property
    def is_everything(self) -> bool:
        """Whether it leaves no picture out."""
        return self.filters == NO_FILTERS and self.sees is None


EVERYTHING = Selection()


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
    source_channel: str | None = None
    source_message: str | None = None
    """The first message it came with that the selection lets the person see."""
    relevance: float | None = None
    """How likely a person says "yes, that", 0 to 1; None: not known."""


@dataclass(frozen=True, slots=True)
class Found:
    """Pictures found, best first."""

    matches: Sequence[Match]
    version: int | None
    """Of the collection, read after them: if it is that of before, they are of that version.

    None when the collection is gone."""


class Encoder(Protocol):
    """Turns questions and pictures into vectors, on the workers."""

    @property
    def is_idle(self) -> bool:
        """Whether no question is being encoded: one more takes nobody's time."""
        ...

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Probe:
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

    async def preparing(self, state: CollectionState) -> tuple[int, int] | None:
        """Return how many pictures the next encoder has, and of how many; None: there is none."""
        ...

    async def sources(self, state: CollectionState) -> frozenset[str]:
        """Return the channels that pictures of this version of the collection come from.

        Should it have changed meanwhile, "" is among them, which nobody sees.
        """
        ...

    async def count(self, state: CollectionState, among: Selection) -> int:
        """Return how many findable pictures there are."""
        ...

    async def vector(self, state: CollectionState, image_id: int) -> Vector | None:
        """Return the vector of one of the collection's own pictures."""
        ...

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
        """Return the nearest pictures by cosine similarity, best first.

        ``total`` is how many pictures the selection has. Those shown before are left out. An
        ``offset`` (0 is one) skips so many more, in an order that does not depend on how many are
        wanted; without one it may.
        """
        ...

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
        """Return the pictures nearest to one of the collection's own, itself left out."""
        ...

    async def newest(
        self, state: CollectionState, among: Selection, *, offset: int, limit: int
    ) -> Found:
        """Return pictures, those added last first; their score is 0."""
        ...


class QueryCache(Protocol):
    """A memory of recent questions. A cache that is down is a cache that is empty."""

    async def get_vector(self, space: EmbeddingSpace, text: str) -> Probe | None:
        """Return the vector of a question asked before, on any collection, with its curve."""
        ...

    async def put_vector(self, space: EmbeddingSpace, text: str, probe: Probe) -> None:
        """Remember the vector of a question with its curve."""
        ...

    async def get_page(self, state: CollectionState, key: str) -> Sequence[Match] | None:
        """Return a page of results found at this very version of the collection."""
        ...

    async def put_page(self, state: CollectionState, key: str, matches: Sequence[Match]) -> None:
        """Remember a page of results."""
        ...

    async def get_count(self, state: CollectionState, key: str) -> int | None:
        """Return how many pictures an answer has at this very version of the collection."""
        ...

    async def put_count(self, state: CollectionState, key: str, count: int) -> None:
        """Remember how many pictures an answer has."""
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

    async def get(
        self, collection: str, image_id: int, sees: frozenset[str] | None = None
    ) -> StoredImage | None:
        """Look a picture up in one collection, among those that may be shown."""
        ...

    async def delete(self, collection: str, image_id: int) -> bool:
        """Delete a picture, its vectors and its bytes; False when it was not there."""
        ...

    async def read(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a picture's bytes, or None when the collection does not have it."""
        ...

    async def rendition(self, collection: str, image_id: int, sha256: str) -> Picture | None:
        """Return what to show of a picture that the collection is known to have."""
        ...


class History(Protocol):
    """Recent questions, to suggest them while somebody types. One that is down is empty."""

    async def remember(
        self, collection: str, person_id: str, question: str, *, is_public: bool
    ) -> None:
        """Keep a question for its asker, and for the others where they have seen it."""
        ...

    async def recent(self, collection: str, person_id: str) -> Sequence[str]:
        """Return the person's own questions, the last one first, then those of the others."""
        ...

    async def forget(self, person_id: str) -> None:
        """Delete a person's questions everywhere; raises UnavailableError."""
        ...


class Notebook(Protocol):
    """Small notes of the front-ends that outlive a restart: what was sent, seen, chosen.

    All expire. One that is down is empty, and forgets what it is told.
    """

    async def get(self, names: Sequence[str]) -> Sequence[str | None]:
        """Return notes by their names, in order."""
        ...

    async def put(self, notes: Mapping[str, str], ttl_s: int) -> None:
        """Keep notes, over older ones of the same names."""
        ...

    async def forget(self, names: Sequence[str]) -> None:
        """Throw notes away."""
        ...

    async def claim(self, name: str, ttl_s: int) -> bool:
        """Return True to the first who claims a name, False to all others until it expires."""
        ...

    async def add(self, name: str, member: str, ttl_s: int) -> None:
        """Put something into a set; the whole set is kept from now on for so long."""
        ...

    async def remove(self, name: str, member: str) -> None:
        """Take something out of a set."""
        ...

    async def members(self, name: str) -> frozenset[str]:
        """Return what is in a set."""
        ...


class Limiter(Protocol):
    """Holds floods back. One that is down lets everything through."""

    async def admit(self, collection: str, person_id: str) -> float:
        """Count one question; returns 0, or how many seconds the person should wait instead."""
        ...
