"""What a worker process holds: models, database, blob store, Redis."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from redis import Redis
from redis.exceptions import RedisError

from db.errors import DatabaseError
from db.ingest import IngestStore
from workers import contract
from workers.answers import Answers
from workers.calibration import Calibrator
from workers.encoders.base import Curves, Encoder, Vectors
from workers.loaded import LoadedModels
from workers.memory import give_back_memory
from workers.precedence import Precedence
from workers.settings import WorkerSettings

if TYPE_CHECKING:
    from db.blobs import Blobs

CALIBRATION_EVERY_S = 10.0
"""How often a worker looks whether there are pictures enough to measure."""
FOLLOW_EVERY_S = 2.0
"""How often a worker looks for language packs that have come or gone, and for another encoder."""

logger = logging.getLogger(__name__)


class Runtime:
    """A warm worker: built before it takes work, closed when it stops.

    The queues it is given decide which towers it loads.
    """

    def __init__(self, settings: WorkerSettings, queues: Collection[str]) -> None:
        self.settings = settings
        self.queues = tuple(sorted(queues))
        self.image_turns = Precedence()
        self.answers = Answers()
        self.decoders = ThreadPoolExecutor(_cores(), thread_name_prefix="decode")
        self.store = IngestStore(settings.database_url.get_secret_value())
        takes_pictures = not {contract.QUEUE_IMAGE, contract.QUEUE_INGEST}.isdisjoint(queues)
        self._blobs = _blobs(settings) if takes_pictures else None
        self.redis = Redis.from_url(
            settings.redis_url.get_secret_value(), socket_timeout=5, socket_connect_timeout=3
        )
        self.models = LoadedModels(settings, self.store, self.queues)
        self.models.begin()
        self._id = secrets.token_hex(8)
        self.stopping = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        # Loading a pack or a model takes longer than a heartbeat may.
        self._lookout = threading.Thread(target=self._look_out, name="lookout", daemon=True)
        self._builder: threading.Thread | None = None
        if contract.QUEUE_INGEST in queues:
            from workers.building import Building  # brings Pillow, which questions do without

            building = Building(self)
            self._builder = threading.Thread(target=building.run, name="building", daemon=True)
        self._measuring: threading.Thread | None = None
        if contract.QUEUE_TEXT in queues:
            self._measuring = threading.Thread(
                target=self._keep_calibrated, name="calibration", daemon=True
            )
        give_back_memory()

    @property
    def encoder(self) -> Encoder:
        """The model of the live space, without language packs."""
        return self.models.live.encoder

    @property
    def blobs(self) -> Blobs:
        """Where pictures lie, for a worker that takes them."""
        if self._blobs is None:
            raise RuntimeError("this worker takes no pictures")
        return self._blobs

    def announce(self) -> None:
        """Tell the bots that this worker takes work from now on."""
        if not self._heart.is_alive():
            with contextlib.suppress(RedisError, OSError):
                self.warm_workers()  # which strikes off those that are gone
            self._heart.start()
            self._lookout.start()
            if self._builder is not None:
                self._builder.start()
            if self._measuring is not None:
                self._measuring.start()

    def warm_workers(self) -> list[dict[str, Any]]:
        """Return what each warm worker says of itself, this one too; raises RedisError."""
        ids = list(cast("set[bytes]", self.redis.smembers(contract.WORKERS)))
        if not ids:
            return []
        keys = contract.worker_keys(ids)
        said = dict(zip(keys, cast("list[bytes | None]", self.redis.mget(keys)), strict=True))
        gone = [one for one in ids if said[contract.worker_key(one.decode())] is None]
        if gone:
            self.redis.srem(contract.WORKERS, *gone)
        return [json.loads(each) for each in said.values() if each is not None]

    def close(self) -> None:
        """Stop announcing and let the connections go."""
        self.stopping.set()
        self.decoders.shutdown(wait=False, cancel_futures=True)
        self.store.close()
        with contextlib.suppress(RedisError, OSError):
            self.redis.delete(contract.worker_key(self._id))
            self.redis.srem(contract.WORKERS, self._id)
        self.redis.close()

    def _look_out(self) -> None:
        while not self.stopping.wait(FOLLOW_EVERY_S):
            try:
                self.models.follow()
            except DatabaseError as error:
                logger.warning("changes_not_followed", extra={"reason": str(error)})
            except Exception:
                # Nobody else would look for packs and encoders any more.
                logger.exception("changes_not_followed")

    def _keep_calibrated(self) -> None:
        """Measure the spaces whose questions come without curves, while they are held."""
        given_up: set[int] = set()
        while not self.stopping.wait(CALIBRATION_EVERY_S):
            for model in self.models.measurable:
                if model.space.id in given_up:
                    continue
                try:
                    Calibrator(model.encoder, self.store, self.redis, model.space.id).look()
                except Exception:
                    # Answers are then what they were; tried every time, it would fail every time.
                    logger.exception("space_not_calibrated")
                    given_up.add(model.space.id)

    def _beat(self) -> None:
        while True:
            revision = self.models.live.encoder.text_revision
            try:
                with self.redis.pipeline(transaction=False) as pipe:
                    for queue in self.queues:
                        key = contract.heartbeat_key(queue)
                        pipe.set(key, revision, ex=contract.HEARTBEAT_TTL_S)
                    said = {
                        "queues": self.queues,
                        "spaces": self.models.held,
                        "trouble": self.models.trouble,
                    }
                    key = contract.worker_key(self._id)
                    pipe.set(key, json.dumps(said), ex=contract.HEARTBEAT_TTL_S)
                    pipe.sadd(contract.WORKERS, self._id)
                    pipe.expire(contract.WORKERS, contract.WORKERS_TTL_S)
                    pipe.execute()
            except (RedisError, OSError):
                logger.warning("heartbeat_missed")
            if self.stopping.wait(contract.HEARTBEAT_EVERY_S):
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
