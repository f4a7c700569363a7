"""Celery's messages, written by Celery and kombu, and sent by asyncio.

Celery's own way of sending blocks. In a thread beside the event loop it took a lone question two
changes of threads, which is longer than to write the message and to hand it to Redis.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from celery import Celery
from kombu.connection import Connection
from kombu.transport import virtual
from kombu.utils.json import dumps
from kombu.utils.uuid import uuid
from redis.asyncio import Redis

from workers import contract


class _Channel(virtual.Channel):
    """Keeps what is published, as kombu's transport for Redis would push it."""

    connection: _Transport

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        self.connection.written.append(dumps(message))  # type: ignore[no-untyped-call]


class _Transport(virtual.Transport):
    """A transport into a list; there is nothing to connect to."""

    Channel = _Channel

    def __init__(self, client: Connection, **options: Any) -> None:
        super().__init__(client, **options)  # type: ignore[no-untyped-call]
        self.written: list[str] = []


class Outbox:
    """Sends tasks to the workers' queues. Not for several threads."""

    def __init__(self, redis_url: str, redis: Redis) -> None:
        self._celery = Celery("babelpix-bot", set_as_current=False)
        self._celery.conf.update(contract.celery_config(redis_url))
        nowhere = Connection(transport=_Transport)  # type: ignore[no-untyped-call]
        self._producer = self._celery.amqp.Producer(nowhere)
        self._redis = redis
        self._samples: dict[tuple[str, str], tuple[dict[str, Any], list[Any]]] = {}

    async def send(
        self, task: str, queue: str, payload: dict[str, Any], *, expires_s: float | None = None
    ) -> None:
        """Put a task into a queue. Raises what redis-py raises."""
        if expires_s is None:
            message = self._like_before(task, queue, payload)
        else:
            message = self._written(task, queue, payload, expires_s)
        await self._redis.lpush(queue, message)

    def _like_before(self, task: str, queue: str, payload: dict[str, Any]) -> str:
        """Return the message that Celery would write, made of one that it wrote before.

        To write one takes Celery as long as all else that a lone question costs the bot.
        """
        if (task, queue) not in self._samples:
            written = json.loads(self._written(task, queue, {}))
            _, *rest = json.loads(base64.b64decode(written["body"]))
            self._samples[task, queue] = written, rest
        sample, rest = self._samples[task, queue]
        number = uuid()
        body = json.dumps([[payload], *rest])
        different = {
            "body": base64.b64encode(body.encode()).decode(),
            "headers": sample["headers"] | {"id": number, "root_id": number},
            "properties": sample["properties"] | {"correlation_id": number, "delivery_tag": uuid()},
        }
        return json.dumps(sample | different)

    def _written(
        self, task: str, queue: str, payload: dict[str, Any], expires_s: float | None = None
    ) -> str:
        """Have Celery write a message."""
        self._celery.send_task(
            task,
            args=(payload,),
            # Nobody reads the payload's repr, which costs more than the payload.
            argsrepr="",
            kwargsrepr="",
            queue=queue,
            expires=expires_s,
            producer=self._producer,
            retry=False,
        )
        return str(self._producer.channel.connection.written.pop())

    def close(self) -> None:
        """Let go of what Celery holds."""
        self._celery.close()
