"""From a stored file to a findable picture."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from db.blobs import original, rendition
from db.ingest import MAX_ATTEMPTS
from db.records import IngestedImage, PendingImage
from workers import images
from workers.images import DecodedPicture, PictureError
from workers.runtime import Runtime, rows_to_float16

logger = logging.getLogger(__name__)


def ingest(runtime: Runtime, image_ids: Sequence[int]) -> int:
    """Encode pending pictures and make them findable; returns how many were.

    Run twice it changes nothing. A picture that cannot be used is marked as failed with its
    reason; errors of the database or the blob store pass, and the pictures stay pending.
    """
    with runtime.store.claim(image_ids) as (claim, pending):
        decoded: list[tuple[PendingImage, DecodedPicture]] = []
        failed: dict[int, str] = {}
        for image in pending:
            try:
                decoded.append((image, _prepare(runtime, image)))
            except PictureError as error:
                logger.info("picture_refused", extra={"image_id": image.id, "code": error.code})
                failed[image.id] = error.code
        if pending:
            claim.finish(runtime.space.id, _encode(runtime, decoded), failed)
        return len(decoded)


def _encode(
    runtime: Runtime, decoded: Sequence[tuple[PendingImage, DecodedPicture]]
) -> list[IngestedImage]:
    """Encode all frames of all pictures in one forward pass."""
    frames = [frame for _, picture in decoded for frame in picture.frames]
    if not frames:
        return []
    vectors = iter(rows_to_float16(runtime.encoder.encode_images(frames)))
    return [
        IngestedImage(
            id=image.id,
            collection_id=image.collection_id,
            width=picture.width,
            height=picture.height,
            frame_count=picture.frame_count,
            media_type=picture.media_type,
            phash=images.perceptual_hash(picture),
            vectors=tuple(next(vectors) for _ in picture.frames),
        )
        for image, picture in decoded
    ]


def _prepare(runtime: Runtime, image: PendingImage) -> DecodedPicture:
    """Decode a picture and store its rendition; raises PictureError."""
    if image.attempts > MAX_ATTEMPTS:
        raise PictureError("crashed")
    content = runtime.blobs.get_sync(original(image.sha256))
    if content is None:
        raise PictureError("missing")
    picture = images.decode(content, max_pixels=int(runtime.settings.max_megapixels * 1e6))
    runtime.blobs.put_sync(rendition(image.sha256), images.rendition(picture))
    return picture
