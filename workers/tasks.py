"""The tasks, thin: payload in, answer or code out. No exception crosses the queue."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from db.errors import DatabaseError
from db.indexes import ensure_indexes
from workers import contract
from workers.contract import Answer
from workers.encoders.base import Encoded
from workers.runtime import Runtime, to_float16, to_float32

logger = logging.getLogger(__name__)

Payload = dict[str, Any]


class _RefusedError(Exception):
    """There is no vector, and the bot learns why by a code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def encode_text(runtime: Runtime, payload: Payload) -> None:
    """Encode the questions of one task and answer with their vectors and curves."""

    def encoded() -> Encoded:
        encoder = runtime.models.serving(payload.get("revision"))
        if encoder is None:
            raise _RefusedError(contract.CODE_STALE_SPACE)
        return encoder.encode_questions(payload["texts"])

    _answer(runtime, payload, encoded)


def encode_image(runtime: Runtime, payload: Payload) -> None:
    """Encode the picture that waits in Redis and answer with the vector of its first frame."""
    from workers import images  # with Pillow, which questions do without

    def encoded() -> Encoded:
        model = runtime.models.of_space(payload.get("space"))
        if model is None:
            raise _RefusedError(contract.CODE_STALE_SPACE)
        content = runtime.redis.get(payload["picture"])
        if not isinstance(content, bytes):
            raise _RefusedError("missing")
        try:
            picture = images.decode(
                content,
                max_frames=1,
                max_pixels=int(runtime.settings.max_megapixels * 1e6),
                # Nothing is kept of it, and the tower sees no more; with room for narrow pictures.
                max_side=min(images.MAX_SIDE_PX, 4 * model.encoder.image_side),
            )
        except images.PictureError as error:
            raise _RefusedError(error.code) from error
        pixels = model.encoder.prepare_images(picture.frames[:1])
        with runtime.image_turns.urgent():
            return Encoded(model.encoder.encode_prepared(pixels), None)

    _answer(runtime, payload, encoded)


def ingest_images(runtime: Runtime, image_ids: Sequence[int]) -> None:
    """Make stored pictures findable."""
    from workers.ingest import ingest  # brings the blob store, which questions do without

    try:
        count = ingest(runtime, image_ids)
    except DatabaseError as error:
        # The rows are still pending; the sweep queues them again when the database is back.
        logger.warning("ingest_postponed", extra={"reason": str(error), "count": len(image_ids)})
    else:
        logger.debug("ingested", extra={"count": count})


def sweep(runtime: Runtime, queue_length: int, send: Callable[[list[int]], None]) -> int:
    """Queue pending pictures again that nobody works on; returns how many.

    Only when the queue is empty: otherwise they are most likely still in it.
    """
    if queue_length:
        return 0
    try:
        found = runtime.store.sweep()
    except DatabaseError as error:
        logger.warning("sweep_postponed", extra={"reason": str(error)})
        return 0
    # A picture that was tried before may have taken its worker down: it goes alone.
    fresh = [image_id for image_id, attempts in found if attempts == 0]
    chunks = [[image_id] for image_id, attempts in found if attempts]
    for at in range(0, len(fresh), contract.INGEST_CHUNK):
        chunks.append(fresh[at : at + contract.INGEST_CHUNK])
    for chunk in chunks:
        send(chunk)
    if found:
        logger.info("swept", extra={"count": len(found)})
    return len(found)


def index(runtime: Runtime) -> None:
    """Build the indexes of collections that have become large, and drop needless ones."""
    try:
        ensure_indexes(runtime.store)
    except DatabaseError as error:
        logger.warning("index_postponed", extra={"reason": str(error)})


def _answer(runtime: Runtime, payload: Payload, encoded: Callable[[], Encoded]) -> None:
    """Push what a task was asked for on the reply list of who asked, if anybody still waits."""
    if time.time() > payload.get("until", math.inf):
        logger.debug("question_expired")
        return

    def make() -> bytes:
        code, vectors, curves, dim = "", b"", b"", runtime.encoder.dim
        try:
            found = encoded()
            vectors, dim = to_float16(found.vectors), found.vectors.shape[1]
            curves = b"" if found.curves is None else to_float32(found.curves)
        except _RefusedError as error:
            code = error.code
        except Exception:
            logger.exception("encode_failed")
            code = contract.CODE_FAILED
        return contract.pack_answer(Answer(payload["id"], code, dim, vectors, curves))

    answer = runtime.answers.get_or_make(payload["id"], make)
    with runtime.redis.pipeline(transaction=False) as pipe:
        pipe.rpush(payload["reply_to"], answer)
        pipe.expire(payload["reply_to"], contract.REPLY_TTL_S)
        pipe.execute()
