"""The JSON that goes between the page and the server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from bot.core.messages import (
    Ask,
    Choice,
    Delete,
    Hit,
    More,
    MoreLikeThis,
    Reply,
    Request,
    ServiceStatus,
    Tone,
)

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_LARGEST_ID = 2**63 - 1
_LONGEST_TOKEN = 64


class MalformedError(ValueError):
    """A message from the page makes no sense; the text says why, for developers."""


def load_message(text: str) -> dict[str, object]:
    """Read one JSON object; raises MalformedError for anything else."""
    try:
        # A deeply nested message exhausts the parser's recursion, not its grammar.
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON") from error
    if not isinstance(message, dict):
        raise MalformedError("not a JSON object")
    return message


def parse_language(value: object) -> str:
    """Return a BCP 47 tag, ``en`` for anything that is none."""
    return value if isinstance(value, str) and _LANGUAGE.fullmatch(value) else "en"


def parse_request_id(value: object) -> str:
    """Return the page's name for a request; raises MalformedError."""
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise MalformedError("id must be a string of 1 to 64 characters")
    return value


def _text(message: Mapping[str, object], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str):
        raise MalformedError(f"{key} must be a string")
    # JSON can carry half a surrogate pair, which no encoder or database takes.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _whole_number(message: Mapping[str, object], key: str) -> int:
    value = message.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_ID:
        raise MalformedError(f"{key} must be a whole number")
    return value


def _more(message: Mapping[str, object]) -> More:
    token = _text(message, "token")
    if len(token) > _LONGEST_TOKEN:
        raise MalformedError("token is too long")
    return More(token=token, offset=_whole_number(message, "offset"))


_PARSERS: Mapping[str, Callable[[Mapping[str, object]], Request]] = {
    "ask": lambda message: Ask(_text(message, "text")),
    "more": _more,
    "more_like_this": lambda message: MoreLikeThis(_whole_number(message, "image_id")),
    "delete": lambda message: Delete(_whole_number(message, "image_id")),
}


def parse_request(message: Mapping[str, object]) -> Request:
    """Turn a message of the page into a request; raises MalformedError."""
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in _PARSERS:
        raise MalformedError("unknown type")
    return _PARSERS[kind](message)


def _choice(choice: Choice, *, is_rest: bool) -> dict[str, object]:
    request = choice.request
    match request:
        case More():
            message: dict[str, object] = {
                "type": "more",
                "token": request.token,
                "offset": request.offset,
            }
        case MoreLikeThis():
            message = {"type": "more_like_this", "image_id": request.image_id}
        case Delete():
            message = {"type": "delete", "image_id": request.image_id}
    return {"label": choice.label, "request": message, "is_rest": is_rest}


def _hit(hit: Hit) -> dict[str, object]:
    return {
        "image_id": hit.image_id,
        "rank": hit.rank,
        "score": hit.score,
        "relevance": hit.relevance,
        "caption": hit.caption,
        "alt_text": hit.alt_text,
        "width": hit.width,
        "height": hit.height,
        "media_type": hit.media_type,
        "sha256": hit.sha256,
        "uploader_name": hit.uploader_name,
        "added_at": hit.added_at.isoformat(),
        "source_path": hit.source_path,
        "can_delete": hit.can_delete,
    }


def reply_message(reply: Reply) -> dict[str, object]:
    """Describe a reply for the page."""
    return {
        "text": reply.text,
        "tone": reply.tone.value,
        "hits": [_hit(hit) for hit in reply.hits],
        "choices": [_choice(choice, is_rest=choice == reply.rest) for choice in reply.choices],
        "done": reply.done,
        "total": reply.total,
        "code": reply.code,
        "retryable": reply.retryable,
    }


def error_message(text: str, code: str, *, retryable: bool = False) -> dict[str, object]:
    """Describe an error found before the core was asked."""
    return reply_message(Reply(text, Tone.ERROR, code=code, retryable=retryable))


def status_message(status: ServiceStatus) -> dict[str, object]:
    """Describe the state of the service for the page."""
    return {
        "type": "status",
        "ready": status.ready,
        "warming_up": status.warming_up,
        "image_count": status.image_count,
        "pending_count": status.pending_count,
        "preparing": status.preparing,
    }


def dump(message: object) -> str:
    """Write a message as compact JSON on one line."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
