"""What a worker process holds: model, database, blob store, Redis."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Sequence

import numpy as np
from PIL import Image
from redis import Redis
from redis.exceptions import RedisError

from db.blobs import Blobs
from db.errors import DatabaseUnavailableError, SchemaMissingError
from db.ingest import IngestStore
from db.records import SpaceRecord
from db.spaces import register_space, register_text_tower
from workers import contract
from workers.encoders import base
from workers.encoders.base import Encoder, Vectors
from workers.settings import WorkerSettings

STARTUP_PATIENCE_S = 120
"""How long a worker waits for the database to come up and be migrated."""

logger = logging.getLogger(__name__)


class Runtime:
    """A warm worker: built before it takes work, closed when it stops."""

    def __init__(self, settings: WorkerSettings, queues: Collection[str]) -> None:
        self.settings = settings
        self.queues = tuple(sorted(queues))
        if settings.torch_threads:
            import torch

            torch.set_num_threads(settings.torch_threads)
        text_only = not {contract.QUEUE_IMAGE, contract.QUEUE_INGEST} & set(queues)
        self.encoder: Encoder = base.load(settings.encoder, text_only=text_only)
        self._warm(text_only=text_only)
        self.store = IngestStore(settings.database_url.get_secret_value())
        self.blobs = Blobs(settings.blob_url.get_secret_value())
        self.redis = Redis.from_url(
            settings.redis_url.get_secret_value(), socket_timeout=5, socket_connect_timeout=3
        )
        self.space = self._register()
        self._stopping = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def announce(self) -> None:
        """Tell the bots that this worker takes work from now on."""
        if not self._heart.is_alive():
            self._heart.start()

    def close(self) -> None:
        """Stop announcing and let the connections go."""
        self._stopping.set()
        self.store.close()
        self.redis.close()

    def _warm(self, *, text_only: bool) -> None:
        """Run both towers once, so that the first question is as fast as the second."""
        self.encoder.encode_texts(["warm-up"])
        self.encoder.encode_texts(["warm-up"] * contract.MAX_BATCH)
        if not text_only:
            self.encoder.encode_images([Image.new("RGB", (64, 64))])

    def _register(self) -> SpaceRecord:
        """Make the model's space known; waits for a database that is still being started."""
        give_up = time.monotonic() + STARTUP_PATIENCE_S
        while True:
            try:
                space = register_space(
                    self.store,
                    name=self.encoder.name,
                    revision=self.encoder.revision,
                    dim=self.encoder.dim,
                    preprocessing=self.encoder.preprocessing,
                )
                register_text_tower(
                    self.store,
                    space.id,
                    revision=self.encoder.text_revision,
                    languages=self.encoder.languages,
                )
            except (DatabaseUnavailableError, SchemaMissingError) as error:
                if time.monotonic() > give_up:
                    raise
                logger.info("database_awaited", extra={"reason": str(error)})
                time.sleep(0.1)
            else:
                return space

    def _beat(self) -> None:
        while True:
            try:
                with self.redis.pipeline(transaction=False) as pipe:
                    for queue in self.queues:
                        key = contract.heartbeat_key(queue)
                        pipe.set(key, self.encoder.text_revision, ex=contract.HEARTBEAT_TTL_S)
                    pipe.execute()
            except (RedisError, OSError):
                logger.warning("heartbeat_missed")
            if self._stopping.wait(contract.HEARTBEAT_EVERY_S):
                return


def to_float16(vectors: Vectors) -> bytes:
    """Write vectors row by row as little-endian float16."""
    return vectors.astype("<f2").tobytes()


def rows_to_float16(vectors: Vectors) -> Sequence[bytes]:
    """Write each vector of its own."""
    return [to_float16(np.asarray(row)) for row in vectors]
