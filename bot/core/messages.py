"""What goes into the conversation and what comes out, on every platform alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who talks to the bot."""

    id: str
    """Unique over all platforms, e.g. ``discord:1234`` or ``web:local``."""
    name: str
    is_admin: bool = False
    """Whether they may add and delete pictures in the collection they are talking to."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One picture handed to the bot, not yet looked at."""

    content: bytes
    filename: str = ""
    caption: str = ""
    tags: tuple[str, ...] = ()
    source_path: str | None = None
    """Where it lies on this machine's disk, for pictures indexed from a folder."""
    source_channel: str | None = None
    source_message: str | None = None


# --- Requests -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """Find pictures that match a description in any language."""

    text: str


@dataclass(frozen=True, slots=True)
class FindSimilar:
    """Find pictures that look like one the person sent; it is not added to the collection."""

    content: bytes


@dataclass(frozen=True, slots=True)
class MoreLikeThis:
    """Find pictures that look like one of the collection's own."""

    image_id: int


@dataclass(frozen=True, slots=True)
class More:
    """Show the next page of an earlier answer."""

    token: str
    """Names the earlier question in the paging store."""
    offset: int
    """How many pictures were shown before."""


@dataclass(frozen=True, slots=True)
class Add:
    """Add pictures to the collection (admins)."""

    uploads: tuple[Upload, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a picture from the collection (admins and whoever added it)."""

    image_id: int


Request = Ask | FindSimilar | MoreLikeThis | More | Add | Delete


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing a person asks of the bot."""

    collection: str
    """Key of the collection it is about, e.g. ``local`` or ``discord:guild:42``."""
    person: Person
    language: str
    """BCP 47 tag of the language to answer in, e.g. ``de`` or ``zh-Hans``."""
    request: Request
    page_size: int = 10


# --- Replies --------------------------------------------------------------------------------


class Tone(StrEnum):
    """How a reply is meant, so that front-ends can show it accordingly."""

    ANSWER = "answer"
    PROGRESS = "progress"
    """A passing word while work goes on; the next reply replaces it."""
    DONE = "done"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Hit:
    """One picture of an answer."""

    image_id: int
    rank: int
    """1 for the best, counted over all pages."""
    score: float
    """Cosine similarity to the question in -1..1; not comparable between encoders."""
    caption: str
    alt_text: str
    width: int
    height: int
    media_type: str
    sha256: str
    uploader_id: str
    uploader_name: str
    added_at: datetime
    source_path: str | None = None
    can_delete: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Something the person can do next: a button."""

    label: str
    request: More | MoreLikeThis | Delete


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of the bot."""

    text: str
    tone: Tone = Tone.ANSWER
    hits: tuple[Hit, ...] = ()
    choices: tuple[Choice, ...] = ()
    """Choices about the reply as a whole (``More``); those about one hit are the front-end's."""
    done: int = 0
    total: int = 0
    """Progress of long work, in pictures; ``total`` 0 means there is none to show."""
    code: str = ""
    """For errors: a stable identifier, e.g. ``question_empty``."""
    retryable: bool = False


class PictureKind(StrEnum):
    """Which form of a stored picture."""

    ORIGINAL = "original"
    RENDITION = "rendition"
    """A WebP of at most 1024 px a side, upright, first frame."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a stored picture."""

    content: bytes
    media_type: str
    filename: str


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """Whether questions can be answered now, for front-ends that show it."""

    ready: bool
    warming_up: bool
    """Services are there but no worker has its model loaded yet."""
    image_count: int
    """Pictures of the collection that can be found."""
    pending_count: int
    """Pictures accepted but not yet findable."""
