"""Rows as frozen dataclasses; the border between SQL and everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """A collection together with the live embedding space."""

    id: int
    version: int
    ready_count: int
    pending_count: int
    space_id: int | None
    space_dim: int | None
    text_revision: str | None
    settings: dict[str, Any]
    calibration: dict[str, Any]
    """Of the space: slope and offset of its curves, by name."""
    photographs: bool | None = None
    """Whether the live space's model knows them."""


@dataclass(frozen=True, slots=True)
class MatchRecord:
    """A picture found by a search."""

    image_id: int
    score: float
    """Cosine similarity, -1..1."""
    caption: str
    width: int
    height: int
    media_type: str
    sha256: str
    """Hexadecimal."""
    uploader_id: str
    uploader_name: str
    added_at: datetime
    source_path: str | None
    source_channel: str | None = None
    source_message: str | None = None
    relevance: float | None = None
    """Not known to the database; kept with the rest in the cache."""


@dataclass(frozen=True, slots=True)
class FoundRecords:
    """Pictures found, best first."""

    matches: list[MatchRecord]
    version: int | None
    """Of the collection, read after them; None when it is gone."""


@dataclass(frozen=True, slots=True)
class NewImage:
    """A picture to be stored; its blob lies in the blob store already."""

    sha256: bytes
    size_bytes: int
    media_type: str
    filename: str
    caption: str
    tags: tuple[str, ...]
    uploader_id: str
    uploader_name: str
    source_path: str | None
    source_channel: str | None
    source_message: str | None


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """A stored picture, as the bot sees it."""

    id: int
    status: str
    error: str | None
    uploader_id: str
    caption: str
    filename: str
    media_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class StatisticsRecord:
    """What a collection holds."""

    ready: int
    pending: int
    failed: int
    size_bytes: int
    contributors: int
    tags: tuple[tuple[str, int], ...]
    mine: int
    preparing: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """How far a channel's history has been walked."""

    collection: str
    """The collection's key."""
    channel: str
    state: str
    cursor: str
    seen: int
    added: int
    known: int
    refused: int
    language: str
    progress_channel: str
    progress_message: str


@dataclass(frozen=True, slots=True)
class PendingImage:
    """A picture to be ingested, as a worker sees it."""

    id: int
    collection_id: int
    sha256: str
    attempts: int


@dataclass(frozen=True, slots=True)
class IngestedImage:
    """What a worker found out about a picture."""

    id: int
    collection_id: int
    width: int
    height: int
    frame_count: int
    media_type: str
    phash: int
    vectors: tuple[bytes, ...]
    """One per frame, little-endian float16."""
    elsewhere: Mapping[int, tuple[bytes, ...]] = field(default_factory=dict)
    """The same in further spaces, by their id."""


@dataclass(frozen=True, slots=True)
class SpaceOverview:
    """An embedding space and how much of all collections is in it."""

    id: int
    name: str
    source: str
    state: str
    dim: int
    since: datetime
    note: str
    done: int
    total: int
    text_revision: str | None


@dataclass(frozen=True, slots=True)
class SpaceRecord:
    """An embedding space: one image tower at one revision."""

    id: int
    name: str
    revision: str
    dim: int
    state: str
    """``building``, ``ready``, ``live`` or ``kept``."""
    source: str = ""
    """What an operator calls its model, for loading it again."""

    @property
    def live(self) -> bool:
        """Whether questions are answered from it."""
        return self.state == "live"

    @property
    def on_its_way(self) -> bool:
        """Whether it is being built, or complete and about to be live."""
        return self.state in {"building", "ready"}
