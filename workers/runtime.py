"""What a worker process holds: model, database, blob store, Redis."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Sequence

import numpy as np
from redis import Redis
from redis.exceptions import RedisError

from db.blobs import Blobs
from db.errors import DatabaseUnavailableError, SchemaMissingError
from db.ingest import IngestStore
from db.records import SpaceRecord
from db.spaces import register_space, register_text_towers
from workers import contract
from workers.encoders import base
from workers.encoders.base import Encoder, Vectors
from workers.encoders.routed import Pack
from workers.packs.installed import InstalledPacks
from workers.packs.store import PackStore
from workers.settings import WorkerSettings
from workers.text_towers import TextTowers

STARTUP_PATIENCE_S = 120
"""How long a worker waits for the database to come up and be migrated."""
PACKS_EVERY_S = 2.0
"""How often a worker looks for language packs that have come or gone."""

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
        """The model itself, without language packs; :attr:`towers` has them."""
        # Loading it has tried it with one text and one picture: the widest batch is left.
        self.encoder.encode_texts(["warm-up"] * contract.MAX_BATCH)
        self.store = IngestStore(settings.database_url.get_secret_value())
        self.blobs = Blobs(settings.blob_url.get_secret_value())
        self.redis = Redis.from_url(
            settings.redis_url.get_secret_value(), socket_timeout=5, socket_connect_timeout=3
        )
        packs = PackStore(settings.packs_folder, base.model_folder(settings.encoder))
        self.towers = TextTowers(InstalledPacks(self.encoder, packs), self._register_towers)
        self.space: SpaceRecord
        self._register()
        self._stopping = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        # Loading a pack takes longer than a heartbeat may.
        self._lookout = threading.Thread(target=self._look_out, name="packs", daemon=True)

    def announce(self) -> None:
        """Tell the bots that this worker takes work from now on."""
        if not self._heart.is_alive():
            self._heart.start()
            self._lookout.start()

    def close(self) -> None:
        """Stop announcing and let the connections go."""
        self._stopping.set()
        self.store.close()
        self.redis.close()

    def _register(self) -> None:
        """Make space and text towers known; waits for a database that is still being started."""
        give_up = time.monotonic() + STARTUP_PATIENCE_S
        while True:
            try:
                self.space = register_space(
                    self.store,
                    name=self.encoder.name,
                    revision=self.encoder.revision,
                    dim=self.encoder.dim,
                    preprocessing=self.encoder.preprocessing,
                )
                self.towers.register()
            except (DatabaseUnavailableError, SchemaMissingError) as error:
                if time.monotonic() > give_up:
                    raise
                logger.info("database_awaited", extra={"reason": str(error)})
                time.sleep(0.1)
            else:
                return

    def _register_towers(self, encoder: Encoder, packs: Sequence[Pack]) -> None:
        if contract.QUEUE_TEXT not in self.queues:
            return  # where questions are sent is for those to say who answer them
        towers = {pack.revision: pack.languages for pack in packs}
        towers[self.encoder.text_revision] = tuple(self.encoder.languages)
        towers[encoder.text_revision] = tuple(encoder.languages)
        register_text_towers(self.store, self.space.id, towers, default=encoder.text_revision)

    def _look_out(self) -> None:
        while not self._stopping.wait(PACKS_EVERY_S):
            try:
                self.towers.refresh()
            except Exception:
                # Nobody else would look for packs any more.
                logger.exception("packs_not_followed")

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
