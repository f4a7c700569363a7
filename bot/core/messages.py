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
    """Whether they may do everything in the collection they are talking to."""
    groups: frozenset[str] = frozenset()
    """What they belong to there, e.g. their roles on Discord; see :mod:`bot.core.policy`."""


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
    """Where it was posted. With it, only those get the picture who can see that channel."""
    source_message: str | None = None
    """The message it came with; the picture goes when the message does."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which pictures of a collection an answer is about."""

    tag: str = ""
    uploader_id: str = ""
    hidden: tuple[int, ...] = ()
    """Pictures the person does not want to see in this answer."""


NO_FILTERS = Filters()


# --- Requests -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """Find pictures that match a description in any language."""

    text: str
    filters: Filters = NO_FILTERS
    count: int = 0
    """Pictures on one page; 0: as usual there."""
    everything: bool = False
    """Whether to go on after the last picture that fits."""


@dataclass(frozen=True, slots=True)
class Refine:
    """Ask an earlier question more precisely: "but at night"."""

    token: str
    """Names the earlier question in the paging store."""
    text: str


@dataclass(frozen=True, slots=True)
class FindSimilar:
    """Find pictures that look like one the person sent; it is not added to the collection."""

    content: bytes
    everything: bool = False


@dataclass(frozen=True, slots=True)
class MoreLikeThis:
    """Find pictures that look like one of the collection's own."""

    image_id: int


@dataclass(frozen=True, slots=True)
class More:
    """Show another page of an earlier answer."""

    token: str
    """Names the earlier question in the paging store."""
    offset: int
    """How many pictures come before that page."""


@dataclass(frozen=True, slots=True)
class NotThis:
    """Answer an earlier question again without this picture."""

    token: str
    offset: int
    image_id: int


@dataclass(frozen=True, slots=True)
class Browse:
    """Show the pictures of the collection, the newest first."""

    filters: Filters = NO_FILTERS


@dataclass(frozen=True, slots=True)
class Add:
    """Add pictures to the collection (admins)."""

    uploads: tuple[Upload, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a picture from the collection (admins and whoever added it)."""

    image_id: int


Request = Ask | Refine | FindSimilar | MoreLikeThis | More | NotThis | Browse | Add | Delete


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
    sees: frozenset[str] | None = None
    """Channels whose pictures may be shown in the answer; None where pictures have no channel."""
    is_public: bool = False
    """Whether others see the question and its answer; then it may be suggested to them."""
    from_anybody: bool = False
    """Whether anybody at all can ask this, so that floods must be held back."""


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
    source_channel: str | None = None
    source_message: str | None = None
    """The message it came with, where the person may see that."""
    can_delete: bool = False
    relevance: float | None = None
    """How likely a person says "yes, that", 0 to 1; None where the encoder is uncalibrated."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something the person can do next: a button."""

    label: str
    request: More | MoreLikeThis | Delete


@dataclass(frozen=True, slots=True)
class Span:
    """Where in an answer a page lies."""

    token: str
    """Names the question in the paging store; empty where it could not be kept."""
    offset: int
    total: int
    """How many pictures the whole answer has; at least so many where not all were counted."""
    page_size: int

    @property
    def next_offset(self) -> int | None:
        """Where the next page begins, None on the last."""
        end = self.offset + self.page_size
        return end if end < self.total else None

    @property
    def previous_offset(self) -> int | None:
        """Where the page before begins, None on the first."""
        return max(0, self.offset - self.page_size) if self.offset else None


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of the bot."""

    text: str
    tone: Tone = Tone.ANSWER
    hits: tuple[Hit, ...] = ()
    choices: tuple[Choice, ...] = ()
    """Choices about the reply as a whole (``More``); those about one hit are the front-end's."""
    span: Span | None = None
    """For pictures found: where in the whole answer they are."""
    done: int = 0
    total: int = 0
    """Progress of long work, in pictures; ``total`` 0 means there is none to show."""
    code: str = ""
    """For errors: a stable identifier, e.g. ``question_empty``."""
    retryable: bool = False

    @property
    def rest(self) -> Choice | None:
        """The choice that leads to the pictures that hardly fit, behind the last that does."""
        token = self.span.token if self.span is not None else ""
        for choice in self.choices:
            if isinstance(choice.request, More) and choice.request.token != token:
                return choice
        return None


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
    preparing: tuple[int, int] | None = None
    """How many pictures the next encoder has, and of how many, while one is being prepared."""
