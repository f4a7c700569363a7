"""From stored files to findable pictures.

The pictures of a chunk are read, decoded, stored smaller and prepared for the image tower by all
of the worker's decoding threads; two chunks are under way at a time (:mod:`workers.backlog`), so
that one is decoded while the other goes through the tower. Until a chunk is committed its rows
stay pending, whatever happens to the process.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass

import numpy as np

from db.blobs import original, rendition
from db.ingest import MAX_ATTEMPTS
from db.records import IngestedImage, PendingImage
from workers import images
from workers.encoders.base import Pixels, Vectors
from workers.images import DecodedPicture, PictureError
from workers.loaded import Model
from workers.runtime import Runtime, rows_to_float16

BULK_BATCH = 8
"""Frames of one forward pass: few enough that somebody who asks with a picture waits for no more
than these, enough for the image tower to be at its best."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All that is kept of a picture once it is decoded."""

    image: PendingImage
    width: int
    height: int
    frame_count: int
    media_type: str
    phash: int
    pixels: Mapping[int, Pixels]
    """For the model of each space."""


def ingest(runtime: Runtime, image_ids: Sequence[int]) -> int:
    """Encode pending pictures and make them findable; returns how many were.

    Run twice it changes nothing. A picture that cannot be used is marked as failed with its
    reason; errors of the database or the blob store pass, and the pictures stay pending.
    """
    count = _ingest(runtime, image_ids)
    if count is None:
        # Another space has become live meanwhile.
        runtime.models.look()
        count = _ingest(runtime, image_ids)
    return count or 0


def _ingest(runtime: Runtime, image_ids: Sequence[int]) -> int | None:
    """Encode pending pictures with the live space's model, and with that of the next one.

    None, with nothing done, when the former is not the live one any more.
    """
    live, coming = runtime.models.live, runtime.models.on_its_way
    models = [live] if coming is None or coming is live else [live, coming]
    with runtime.store.claim(image_ids) as (claim, pending):
        if not pending:
            return 0
        decoding = [runtime.decoders.submit(_prepare, runtime, models, one) for one in pending]
        wait(decoding)
        prepared: list[_Prepared] = []
        failed: dict[int, str] = {}
        for image, done in zip(pending, decoding, strict=True):
            try:
                prepared.append(done.result())
            except PictureError as error:
                logger.info("picture_refused", extra={"image_id": image.id, "code": error.code})
                failed[image.id] = error.code
        if not claim.finish(live.space.id, _encode(runtime, models, prepared), failed):
            return None
        return len(prepared)


def _encode(
    runtime: Runtime, models: Sequence[Model], prepared: Sequence[_Prepared]
) -> list[IngestedImage]:
    """Encode all frames of all pictures, by each model."""
    if not prepared:
        return []
    live, *others = [
        _by_picture(_vectors(runtime, model, pixels), pixels)
        for model in models
        for pixels in [[picture.pixels[model.space.id] for picture in prepared]]
    ]
    return [
        IngestedImage(
            id=picture.image.id,
            collection_id=picture.image.collection_id,
            width=picture.width,
            height=picture.height,
            frame_count=picture.frame_count,
            media_type=picture.media_type,
            phash=picture.phash,
            vectors=live[n],
            elsewhere={
                model.space.id: vectors[n]
                for model, vectors in zip(models[1:], others, strict=True)
            },
        )
        for n, picture in enumerate(prepared)
    ]


def _by_picture(vectors: Vectors, pixels: Sequence[Pixels]) -> list[tuple[bytes, ...]]:
    rows = iter(rows_to_float16(vectors))
    return [tuple(next(rows) for _ in frames) for frames in pixels]


def _vectors(runtime: Runtime, model: Model, frames: Sequence[Pixels]) -> Vectors:
    pixels, parts = np.concatenate(frames), []
    for at in range(0, len(pixels), BULK_BATCH):
        with runtime.image_turns.bulk():
            parts.append(model.encoder.encode_prepared(pixels[at : at + BULK_BATCH]))
    return np.concatenate(parts)


def _prepare(runtime: Runtime, models: Sequence[Model], image: PendingImage) -> _Prepared:
    """Decode a picture, store its rendition and prepare its frames; raises PictureError."""
    picture = decoded(runtime, image)
    runtime.blobs.put_sync(rendition(image.sha256), images.rendition(picture))
    return _Prepared(
        image,
        picture.width,
        picture.height,
        picture.frame_count,
        picture.media_type,
        images.perceptual_hash(picture),
        {model.space.id: model.encoder.prepare_images(picture.frames) for model in models},
    )


def decoded(runtime: Runtime, image: PendingImage) -> DecodedPicture:
    """Read and decode a stored picture; raises PictureError."""
    if image.attempts > MAX_ATTEMPTS:
        raise PictureError("crashed")
    content = runtime.blobs.get_sync(original(image.sha256))
    if content is None:
        raise PictureError("missing")
    return images.decode(content, max_pixels=int(runtime.settings.max_megapixels * 1e6))
