"""Builds the next space behind the live one, with whatever time nobody else needs (ADR 18)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from typing import TYPE_CHECKING

import numpy as np
from redis.exceptions import RedisError

from db import building
from db.building import BuiltImage
from db.errors import DatabaseError
from db.indexes import ensure_indexes
from db.records import PendingImage
from workers import contract
from workers.encoders.base import Pixels, Vectors
from workers.images import PictureError
from workers.ingest import BULK_BATCH, decoded
from workers.loaded import Model

if TYPE_CHECKING:
    from workers.runtime import Runtime

CHUNK = 8
"""Pictures of one transaction: what a kill loses."""
LISTED = 64
"""Pictures that are lacking are looked up so many at a time."""
LOOK_EVERY_S = 0.5
WAIT_AFTER_TROUBLE_S = 5.0

logger = logging.getLogger(__name__)


class Building:
    """The building of spaces by one worker. Any number of workers may be at the same one."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def run(self) -> None:
        """Build what there is to be built, until the worker stops."""
        stopping = self._runtime.stopping
        pause = LOOK_EVERY_S
        while not stopping.wait(pause):
            pause = LOOK_EVERY_S
            try:
                model = self._runtime.models.on_its_way
                if model is not None:
                    self._build(model)
                    self._finish(model)
            except (DatabaseError, RedisError, OSError) as error:
                logger.warning("building_postponed", extra={"reason": str(error)})
                pause = WAIT_AFTER_TROUBLE_S
            except Exception:
                logger.exception("building_postponed")
                pause = WAIT_AFTER_TROUBLE_S

    def _build(self, model: Model) -> None:
        """Encode all that the space lacks now."""
        for chunk in self._chunks(model):
            if self._runtime.stopping.is_set() or self._runtime.models.on_its_way is not model:
                return
            self._encode(model, chunk)

    def _chunks(self, model: Model) -> Iterator[list[int]]:
        after = 0
        while found := building.next_lacking(
            self._runtime.store, model.space.id, after=after, limit=LISTED
        ):
            after = found[-1][0]
            # A picture that was tried before may have taken its worker down: it goes alone.
            fresh = [image_id for image_id, attempts in found if not attempts]
            yield from ([image_id] for image_id, attempts in found if attempts)
            for at in range(0, len(fresh), CHUNK):
                yield fresh[at : at + CHUNK]

    def _encode(self, model: Model, image_ids: Sequence[int]) -> None:
        runtime = self._runtime

        def prepare(image: PendingImage) -> Pixels:
            return model.encoder.prepare_images(decoded(runtime, image).frames)

        with building.part(runtime.store, model.space.id, image_ids) as (part, images):
            preparing = [runtime.decoders.submit(prepare, image) for image in images]
            wait(preparing)
            built: list[BuiltImage] = []
            failed: dict[int, str] = {}
            for image, done in zip(images, preparing, strict=True):
                try:
                    vectors = self._vectors(model, done.result())
                except PictureError as error:
                    failed[image.id] = error.code
                else:
                    rows = tuple(row.astype("<f2").tobytes() for row in vectors)
                    built.append(BuiltImage(image.id, rows))
            part.finish(built, failed)

    def _vectors(self, model: Model, pixels: Pixels) -> Vectors:
        parts = []
        for at in range(0, len(pixels), BULK_BATCH):
            with self._runtime.image_turns.spare():
                parts.append(model.encoder.encode_prepared(pixels[at : at + BULK_BATCH]))
        return np.concatenate(parts)

    def _finish(self, model: Model) -> None:
        """Switch to the space if it is complete and all workers can answer from it."""
        store, space_id = self._runtime.store, model.space.id
        if building.lacking(store, space_id):
            return  # another worker is at the last ones, or more have come
        building.mark_ready(store, space_id)
        if not self._all_hold(space_id):
            return
        ensure_indexes(store)
        if building.switch(store, space_id):
            logger.info("space_switched", extra={"encoder": model.name, "space": space_id})
            self._runtime.models.look()

    def _all_hold(self, space_id: int) -> bool:
        workers = self._runtime.warm_workers()
        for_texts = [one for one in workers if contract.QUEUE_TEXT in one["queues"]]
        return bool(for_texts) and all(space_id in one["spaces"] for one in workers)
