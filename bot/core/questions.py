"""Questions: how a typed text becomes one, and how one is written down and read back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import unicodedata
from dataclasses import dataclass, replace

from bot.core.errors import PageExpiredError, QuestionEmptyError, QuestionTooLongError
from bot.core.messages import NO_FILTERS, Filters
from bot.core.ports import Vector

MAX_QUESTION_CHARACTERS = 1000
"""Far beyond what any encoder reads (64 to 77 tokens), far below what floods a cache."""

MAX_HIDDEN = 200
"""Pictures one answer can be told to leave out."""

_JOINERS = frozenset("\u200c\u200d")
"""ZWNJ spells Persian and Indic words; ZWJ joins emoji such as 🐈‍⬛."""


def _is_tag(character: str) -> bool:
    """Tell the characters that spell the flags of England, Scotland and Wales."""
    return "\U000e0020" <= character <= "\U000e007f"


def _is_invisible(character: str) -> bool:
    """Tell control, bidi and other invisible characters, which no encoder should see."""
    if character in _JOINERS or _is_tag(character):
        return False
    category = unicodedata.category(character)
    if category != "Cn":
        return category in {"Cc", "Cf", "Cs", "Co"}
    # Unknown to this Python may be an emoji of this year; only what can never be one goes.
    code = ord(character)
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF or code >> 16 >= 0xE


def _modifies(character: str) -> bool:
    """Tell what is seen only together with other characters."""
    variation = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return character in _JOINERS or character == " " or variation or _is_tag(character)


def normalise(text: str) -> str:
    """Return the question in NFC, white space folded, invisible characters removed.

    Raises QuestionEmptyError when nothing is left, QuestionTooLongError beyond
    MAX_QUESTION_CHARACTERS. Upper and lower case stay: that is the encoder's business.
    """
    folded = " ".join(text.split())
    visible = "".join(character for character in folded if not _is_invisible(character))
    question = " ".join(unicodedata.normalize("NFC", visible).split())
    if all(map(_modifies, question)):
        raise QuestionEmptyError
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionTooLongError(limit=MAX_QUESTION_CHARACTERS, length=len(question))
    return question


@dataclass(frozen=True, slots=True)
class TextQuery:
    """A description in words, normalised."""

    text: str

    def __str__(self) -> str:
        return f"t:{self.text}"


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """A picture of the collection whose neighbours are wanted."""

    image_id: int

    def __str__(self) -> str:
        return f"i:{self.image_id}"


@dataclass(frozen=True, slots=True)
class VectorQuery:
    """The vector of a picture somebody sent, in one embedding space."""

    space_id: int
    vector: Vector

    def __str__(self) -> str:
        return f"v:{self.space_id}:{base64.b85encode(self.vector).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class NewestQuery:
    """The pictures of the collection, the newest first."""

    def __str__(self) -> str:
        return "n:"


Query = TextQuery | ImageQuery | VectorQuery | NewestQuery


@dataclass(frozen=True, slots=True)
class Question:
    """What an answer answers: where to look, and for which pictures."""

    query: Query
    filters: Filters = NO_FILTERS
    words: str = ""
    """What to call it where the query itself has no words: a caption, a refinement."""
    count: int = 0
    """Pictures on one page; 0: as usual in the collection."""
    everything: bool = False
    """Whether the answer goes on after the last picture that fits."""

    def __str__(self) -> str:
        if self == Question(self.query):
            return str(self.query)
        more = {
            "tag": self.filters.tag,
            "uploader": self.filters.uploader_id,
            "hidden": list(self.filters.hidden),
            "words": self.words,
            "count": self.count,
            "everything": self.everything,
        }
        kept = {"query": str(self.query), **{name: value for name, value in more.items() if value}}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))

    def without(self, image_id: int) -> Question:
        """Return the same question about all pictures but this one."""
        hidden = (*(known for known in self.filters.hidden if known != image_id), image_id)
        hidden = hidden[-MAX_HIDDEN:]
        return replace(self, filters=replace(self.filters, hidden=hidden))


def parse_question(written: str) -> Question:
    """Read back what ``str(question)`` wrote; raises PageExpiredError on anything else."""
    if not written.startswith("{"):
        return Question(parse_query(written))
    try:
        kept = json.loads(written)
        filters = Filters(
            kept.get("tag", ""), kept.get("uploader", ""), tuple(kept.get("hidden", ()))
        )
        query = parse_query(kept["query"])
        return Question(
            query,
            filters,
            kept.get("words", ""),
            kept.get("count", 0),
            bool(kept.get("everything", False)),
        )
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise PageExpiredError from error


def parse_query(written: str) -> Query:
    """Read back what ``str(query)`` wrote; raises PageExpiredError on anything else."""
    kind, _, rest = written.partition(":")
    try:
        if kind == "t" and rest:
            return TextQuery(rest)
        if kind == "i":
            return ImageQuery(int(rest))
        if written == "n:":
            return NewestQuery()
        if kind == "v":
            space_id, vector = rest.split(":", 1)
            return VectorQuery(int(space_id), base64.b85decode(vector))
    except (ValueError, binascii.Error) as error:
        raise PageExpiredError from error
    raise PageExpiredError


def digest(written: str) -> str:
    """Return 22 characters that stand for a query in cache keys and buttons (128 bits)."""
    sha = hashlib.sha256(written.encode("utf-8", "surrogatepass")).digest()[:16]
    return base64.urlsafe_b64encode(sha).rstrip(b"=").decode("ascii")
