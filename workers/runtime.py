"""What a worker process holds: model, database, blob store, Redis."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from redis import Redis
from redis.exceptions import RedisError

from db.errors import DatabaseUnavailableError, SchemaMissingError
from db.ingest import IngestStore
from db.records import SpaceRecord
from db.spaces import register_space, register_text_towers
from workers import contract
from workers.answers import Answers
from workers.calibration import Calibrator, measures
from workers.encoders.base import Curves, Encoder, Vectors
from workers.encoders.models import BUNDLED, load, model_folder
from workers.encoders.routed import Pack
from workers.memory import give_back_memory
from workers.packs.installed import InstalledPacks
from workers.packs.store import PackStore
from workers.precedence import Precedence
from workers.settings import WorkerSettings
from workers.text_towers import TextTowers

if TYPE_CHECKING:
    from db.blobs import Blobs

STARTUP_PATIENCE_S = 120
"""How long a worker waits for the database to come up and be migrated."""
CALIBRATION_EVERY_S = 10.0
"""How often a worker looks whether there are pictures enough to measure."""
PACKS_EVERY_S = 2.0
"""How often a worker looks for language packs that have come or gone."""

logger = logging.getLogger(__name__)


class Runtime:
    """A warm worker: built before it takes work, closed when it stops.

    The queues it is given decide which towers it loads.
    """

    def __init__(self, settings: WorkerSettings, queues: Collection[str]) -> None:
        self.settings = settings
        self.queues = tuple(sorted(queues))
        takes_pictures = not {contract.QUEUE_IMAGE, contract.QUEUE_INGEST}.isdisjoint(queues)
        answers_texts = contract.QUEUE_TEXT in queues
        folder = model_folder(settings.encoder, settings.models_folder)
        self.encoder: Encoder = load(
            str(folder),
            texts=answers_texts or not takes_pictures,
            images=takes_pictures,
            options=settings.engine_options,
        )
        """The model itself, without language packs; :attr:`text_towers` has them."""
        self.image_turns = Precedence()
        self.answers = Answers()
        self.decoders = ThreadPoolExecutor(_cores(), thread_name_prefix="decode")
        self.store = IngestStore(settings.database_url.get_secret_value())
        self._blobs = _blobs(settings) if takes_pictures else None
        self.redis = Redis.from_url(
            settings.redis_url.get_secret_value(), socket_timeout=5, socket_connect_timeout=3
        )
        self.text_towers: TextTowers | None = None
        if answers_texts:
            # Loading it has tried it with a few texts: a single one and the widest batch are left.
            for count in (1, contract.MAX_BATCH):
                self.encoder.encode_questions(["warm-up"] * count)
            packs = PackStore(settings.packs_folder, folder, settings.engine_options)
            self.text_towers = TextTowers(
                InstalledPacks(self.encoder, packs), self._register_towers
            )
        self.space: SpaceRecord
        self._register()
        self._stopping = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        # Loading a pack takes longer than a heartbeat may.
        self._lookout = threading.Thread(target=self._look_out, name="packs", daemon=True)
        self._measuring: threading.Thread | None = None
        # What is bundled brings its curves, or has none that would be worth anything.
        if answers_texts and folder.parent != BUNDLED and measures(self.encoder):
            calibrator = Calibrator(self.encoder, self.store, self.redis, self.space.id)
            self._measuring = threading.Thread(
                target=self._keep_calibrated, args=(calibrator,), name="calibration", daemon=True
            )
        give_back_memory()

    @property
    def blobs(self) -> Blobs:
        """Where pictures lie, for a worker that takes them."""
        if self._blobs is None:
            raise RuntimeError("this worker takes no pictures")
        return self._blobs

    def announce(self) -> None:
        """Tell the bots that this worker takes work from now on."""
        if not self._heart.is_alive():
            self._heart.start()
            if self.text_towers is not None:
                self._lookout.start()
            if self._measuring is not None:
                self._measuring.start()

    def close(self) -> None:
        """Stop announcing and let the connections go."""
        self._stopping.set()
        self.decoders.shutdown(wait=False, cancel_futures=True)
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
                    similar=self.encoder.similar,
                )
                if self.text_towers is not None:
                    self.text_towers.register()
            except (DatabaseUnavailableError, SchemaMissingError) as error:
                if time.monotonic() > give_up:
                    raise
                logger.info("database_awaited", extra={"reason": str(error)})
                time.sleep(0.1)
            else:
                return

    def _register_towers(self, encoder: Encoder, packs: Sequence[Pack]) -> None:
        towers = {pack.revision: pack.languages for pack in packs}
        towers[self.encoder.text_revision] = tuple(self.encoder.languages)
        towers[encoder.text_revision] = tuple(encoder.languages)
        register_text_towers(self.store, self.space.id, towers, default=encoder.text_revision)

    def _look_out(self) -> None:
        while self.text_towers is not None and not self._stopping.wait(PACKS_EVERY_S):
            try:
                self.text_towers.refresh()
            except Exception:
                # Nobody else would look for packs any more.
                logger.exception("packs_not_followed")

    def _keep_calibrated(self, calibrator: Calibrator) -> None:
        while not self._stopping.wait(CALIBRATION_EVERY_S):
            try:
                calibrator.look()
            except Exception:
                # Answers are then what they were; tried every time, it would fail every time.
                logger.exception("space_not_calibrated")
                return

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


def _blobs(settings: WorkerSettings) -> Blobs:
    from db.blobs import Blobs  # a worker for questions does without its 4 MiB

    return Blobs(settings.blob_url.get_secret_value())


def _cores() -> int:
    """Return on how many cores this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def to_float16(vectors: Vectors) -> bytes:
    """Write vectors row by row as little-endian float16."""
    return vectors.astype("<f2").tobytes()


def to_float32(curves: Curves) -> bytes:
    """Write curves row by row as little-endian float32."""
    return curves.astype("<f4").tobytes()


def rows_to_float16(vectors: Vectors) -> Sequence[bytes]:
    """Write each vector of its own."""
    return [to_float16(np.asarray(row)) for row in vectors]
