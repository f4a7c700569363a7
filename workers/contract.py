"""What the bot and the workers say to each other: names, payloads, replies. No dependencies.

No exception crosses the queue: a task answers with vectors or with a code. Payloads are JSON,
vectors travel as float16 bytes behind a small header, and behind them the curves of questions.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

# Queues. Bulk never shares one with questions.
QUEUE_TEXT = "encode.text"
QUEUE_IMAGE = "encode.image"
QUEUE_INGEST = "ingest"
QUEUE_MAINTENANCE = "maintenance"
PICTURE_QUEUES = (QUEUE_IMAGE, QUEUE_INGEST, QUEUE_MAINTENANCE)
"""Those that a worker without a text tower serves."""
QUEUES = (QUEUE_TEXT, *PICTURE_QUEUES)

# Tasks.
ENCODE_TEXT = "workers.encode_text"
ENCODE_IMAGE = "workers.encode_image"
INGEST = "workers.ingest"
SWEEP = "workers.sweep"

MAX_BATCH = 32
"""Questions one task carries at most."""
INGEST_CHUNK = 16
"""Pictures one ingest task carries at most."""
ENCODE_EXPIRES_S = 9
"""A question nobody waits for any more is not encoded."""
REPLY_TTL_S = 60
PICTURE_TTL_S = 60

HEARTBEAT_EVERY_S = 2
HEARTBEAT_TTL_S = 7

# Codes of failed tasks; those of pictures are the words of bot.core.errors.REFUSALS.
CODE_STALE_SPACE = "stale_space"
CODE_FAILED = "failed"
PICTURE_CODES = frozenset(
    {"empty", "too_many_pixels", "not_a_picture", "unsupported", "truncated", "missing", "crashed"}
)


def heartbeat_key(queue: str) -> str:
    """Name the Redis key that lives while a warm worker consumes the queue."""
    return f"worker:{queue}"


WORKERS = "workers"
"""The Redis set of the ids of warm workers, and of some that are no more: looking through all keys
for them would take longer the more questions are remembered."""
WORKERS_TTL_S = 86_400


def worker_keys(worker_ids: Iterable[bytes | str]) -> list[str]:
    """Name the keys of the workers whose ids are in WORKERS."""
    return [
        worker_key(each if isinstance(each, str) else each.decode()) for each in sorted(worker_ids)
    ]


def worker_key(worker_id: str) -> str:
    """Name the Redis key in which a warm worker says which spaces it holds, for HEARTBEAT_TTL_S.

    JSON: ``queues``, ``spaces`` (ids), and ``trouble`` with a model it should hold.
    """
    return f"spaces:{worker_id}"


def picture_key(request_id: str) -> str:
    """Name the Redis key that holds a picture to be encoded, for PICTURE_TTL_S."""
    return f"picture:{request_id}"


def reply_key(client_id: str) -> str:
    """Name the Redis list on which one bot process is answered."""
    return f"reply:{client_id}"


class Row(NamedTuple):
    """What became of one question or picture."""

    vector: bytes
    """Little-endian float16."""
    curve: tuple[float, float] | None = None
    """Slope and offset of the relevance over the cosine, as a logistic function; None: the text
    tower is not calibrated."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker answers to an encode task."""

    request_id: str
    code: str = ""
    """Empty when it went well."""
    dim: int = 0
    vectors: bytes = b""
    """Row-major (n, dim) little-endian float16."""
    curves: bytes = b""
    """Row-major (n, 2) little-endian float32, NaN for a row without; empty: none has any."""

    @property
    def ok(self) -> bool:
        """Whether there are vectors."""
        return not self.code

    def rows(self) -> list[Row]:
        """Return the vectors one by one, each with its curve."""
        size = 2 * self.dim
        count = len(self.vectors) // size if size else 0
        vectors = [self.vectors[n * size : (n + 1) * size] for n in range(count)]
        if not self.curves:
            return [Row(vector) for vector in vectors]
        curves = _CURVE.iter_unpack(self.curves)
        return [
            Row(vector, (slope, offset) if math.isfinite(slope) and math.isfinite(offset) else None)
            for vector, (slope, offset) in zip(vectors, curves, strict=True)
        ]


VERSION = 2
"""Of how an answer is written."""
_CURVE = struct.Struct("<2f")
_HEADER = struct.Struct("<I")


def pack_answer(answer: Answer) -> bytes:
    """Write an answer for the reply list."""
    header = json.dumps(
        {
            "v": VERSION,
            "id": answer.request_id,
            "code": answer.code,
            "dim": answer.dim,
            "curves": len(answer.curves),
        }
    ).encode()
    return _HEADER.pack(len(header)) + header + answer.vectors + answer.curves


def unpack_answer(written: bytes) -> Answer:
    """Read an answer back; raises ValueError on anything that is not one."""
    try:
        (size,) = _HEADER.unpack_from(written)
        header = json.loads(written[_HEADER.size : _HEADER.size + size])
        if header["v"] != VERSION:
            raise ValueError("an answer of another version")
        body = written[_HEADER.size + size :]
        end = len(body) - int(header["curves"])
        if not 0 <= end <= len(body):
            raise ValueError("the answer's curves are not there")
        answer = Answer(
            str(header["id"]), str(header["code"]), int(header["dim"]), body[:end], body[end:]
        )
    except (struct.error, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError("not an answer") from error
    if answer.dim < 0 or (len(answer.vectors) % (2 * answer.dim) if answer.dim else answer.vectors):
        raise ValueError("the answer's vectors do not fit its dimension")
    if answer.ok and not answer.vectors:
        raise ValueError("an answer without vectors and without a reason")
    count = len(answer.vectors) // (2 * answer.dim) if answer.dim else 0
    if len(answer.curves) not in {0, count * _CURVE.size}:
        raise ValueError("the answer's curves do not fit its vectors")
    return answer


def celery_config(redis_url: str) -> dict[str, Any]:
    """Return the Celery settings both sides share."""
    return {
        "broker_url": celery_broker_url(redis_url),
        "result_backend": None,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_default_queue": QUEUE_MAINTENANCE,
        # What somebody waits for is sent again when it is lost. Keeping account of it in Redis
        # until then would cost two more round trips a task.
        "task_queues": {
            name: {"exchange": name, "no_ack": name in (QUEUE_TEXT, QUEUE_IMAGE)} for name in QUEUES
        },
        "task_create_missing_queues": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_transport_options": {
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "visibility_timeout": 3600,
        },
        "worker_hijack_root_logger": False,
        "worker_enable_remote_control": True,
        "task_publish_retry": True,
        "task_publish_retry_policy": {
            "max_retries": 2,
            "interval_start": 0,
            "interval_step": 0.1,
            "interval_max": 0.2,
        },
    }


def celery_broker_url(redis_url: str) -> str:
    """Write a redis-py URL the way Celery wants it: unix sockets are spelled differently."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    # Celery, too, takes the path as quoted: one with a question mark would end there.
    return f"redis+socket://{parts.path}?virtual_host={database}"
