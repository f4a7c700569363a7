"""Tasks sent to the workers by somebody who is no bot: by Celery itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery
from kombu import pools

from workers import contract


@contextmanager
def celery_sender(redis_url: str) -> Iterator[Celery]:
    """Lend a Celery that sends to the workers' queues."""
    with Celery("test", set_as_current=False) as app:
        app.conf.update(contract.celery_config(redis_url))
        try:
            yield app
        finally:
            # Celery leaves its connections open in kombu's pools, which are one for all.
            pools.reset()  # type: ignore[no-untyped-call]
