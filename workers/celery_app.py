"""The Celery application: ``celery -A workers.celery_app worker -Q … -P threads -c 4``.

The model is loaded and warm before the worker takes work: ``celeryd_after_setup`` comes before
the first message is fetched.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from celery import Celery, Task, signals
from celery.worker.request import Request
from redis.exceptions import RedisError

from db.errors import DatabaseError, DatabaseUnavailableError
from telemetry.logs import configure_logging
from workers import contract, tasks
from workers.backlog import Backlog
from workers.encoders.base import EncoderError
from workers.runtime import Runtime
from workers.settings import WorkerSettings

logger = logging.getLogger(__name__)


class WorkerApp(Celery):
    """Celery with a place for what the worker process holds."""

    runtime: Runtime | None = None

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.backlog = Backlog(lambda image_ids: tasks.ingest_images(self.warm, image_ids))

    @property
    def warm(self) -> Runtime:
        """The runtime; there once the worker is set up."""
        if self.runtime is None:
            raise RuntimeError("the worker is not set up yet")
        return self.runtime


class _Unaccounted(Request):
    """A request of which Redis keeps no account (see :func:`workers.contract.celery_config`)."""

    def acknowledge(self) -> None:
        """Spare the round trip that would strike it off."""
        self.acknowledged = True


class _AwaitedTask(Task):
    """What somebody waits for, and sends again when it is lost."""

    Request = _Unaccounted


settings = WorkerSettings()
app = WorkerApp("babelpix")
app.conf.update(contract.celery_config(settings.redis_url.get_secret_value()))


@signals.setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    configure_logging(settings.log_level)


@signals.celeryd_after_setup.connect
def _set_up(instance: Any, **_: Any) -> None:
    try:
        # Those of -Q; without it, all there are.
        app.runtime = Runtime(settings, list(instance.app.amqp.queues.consume_from))
    except DatabaseUnavailableError as error:
        # It may be back by the next start.
        logger.error("worker_cannot_start", extra={"reason": str(error)})  # noqa: TRY400
        sys.exit(os.EX_TEMPFAIL)
    except (EncoderError, DatabaseError) as error:
        logger.error("worker_cannot_start", extra={"reason": str(error)})  # noqa: TRY400
        sys.exit(os.EX_CONFIG)
    except Exception:
        # Celery would swallow it and let a worker without a model take work.
        logger.exception("worker_cannot_start")
        sys.exit(os.EX_SOFTWARE)


@signals.worker_ready.connect
def _announce(**_: Any) -> None:
    app.warm.announce()
    encoder, queues = app.warm.encoder, ",".join(app.warm.queues)
    logger.info(
        "worker_ready",
        extra={"encoder": encoder.name, "engine": encoder.engine, "queues": queues},
    )


@signals.worker_shutdown.connect
def _shut_down(**_: Any) -> None:
    if app.runtime is not None:
        app.runtime.close()


@app.task(name=contract.ENCODE_TEXT, base=_AwaitedTask)
def encode_text(payload: tasks.Payload) -> None:
    """See :func:`workers.tasks.encode_text`."""
    tasks.encode_text(app.warm, payload)


@app.task(name=contract.ENCODE_IMAGE, base=_AwaitedTask)
def encode_image(payload: tasks.Payload) -> None:
    """See :func:`workers.tasks.encode_image`."""
    tasks.encode_image(app.warm, payload)


@app.task(name=contract.INGEST, acks_late=True, reject_on_worker_lost=True)
def ingest(payload: tasks.Payload) -> None:
    """See :func:`workers.tasks.ingest_images` and :class:`workers.backlog.Backlog`."""
    app.backlog.put([int(image_id) for image_id in payload["image_ids"]])


@app.task(name=contract.SWEEP)
def sweep(_payload: tasks.Payload) -> None:
    """See :func:`workers.tasks.sweep`."""

    def send(image_ids: list[int]) -> None:
        ingest.apply_async(args=({"image_ids": image_ids},), queue=contract.QUEUE_INGEST)

    try:
        waiting = int(app.warm.redis.llen(contract.QUEUE_INGEST))
        tasks.sweep(app.warm, waiting, send)
        if not waiting:  # its centres are those of the pictures there are
            tasks.index(app.warm)
    except (RedisError, OSError) as error:
        logger.warning("sweep_postponed", extra={"reason": type(error).__name__})
