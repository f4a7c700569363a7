"""The bot's side of the queue: asynchronous, without torch."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from workers import contract
from workers.batching import Batches
from workers.contract import Answer, Row
from workers.outbox import Outbox

DEADLINE_S = 8.0
RESEND_AFTER_S = 2.5
"""A task unanswered for so long is sent once more: its worker may have been killed."""

logger = logging.getLogger(__name__)


class ClientError(Exception):
    """The workers could not answer; ``code`` is one of the contract's or one of the below."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


CODE_TIMEOUT = "timeout"
CODE_QUEUE_DOWN = "queue_down"


@dataclass(slots=True)
class ClientStats:
    """What this client has done since it started."""

    questions: int = 0
    text_tasks: int = 0
    image_tasks: int = 0
    resent: int = 0


async def end_tasks(tasks: Iterable[asyncio.Task[object]]) -> None:
    """Cancel tasks that use Redis until they have ended.

    Again and again, because redis-py may turn a cancellation during a connect into a time-out, and
    loses one (asyncio.wait_for, before Python 3.12) while it sends: the task would go on.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=0.1)


class WorkerClient:
    """Sends encode and ingest tasks and receives their answers on one connection."""

    def __init__(self, redis_url: str) -> None:
        self.stats = ClientStats()
        self._id = secrets.token_hex(8)
        self._redis = Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=3)
        self._outbox = Outbox(redis_url, self._redis)
        # The one connection that carries all replies; it may block longer than others.
        self.connection_name = f"replies-{self._id}"
        self._replies = Redis.from_url(
            redis_url,
            max_connections=1,
            socket_timeout=10,
            socket_connect_timeout=3,
            client_name=self.connection_name,
        )
        self._reader: asyncio.Task[None] | None = None
        self._closing = False
        self._answers: dict[str, asyncio.Future[Answer | None]] = {}
        self._batches: Batches[Row] = Batches(self._send_texts)

    async def open(self) -> None:
        """Begin to listen for answers; does not wait for Redis."""
        self._reader = asyncio.create_task(self._read(), name="encode-replies")

    async def close(self) -> None:
        """Stop listening; questions under way fail."""
        self._closing = True
        under_way = self._batches.close()
        await end_tasks(task for task in (self._reader, *under_way) if task is not None)
        for client in (self._redis, self._replies):
            with contextlib.suppress(RedisError, OSError):
                await client.aclose()
        self._outbox.close()

    # --- questions in words ---------------------------------------------------------------

    async def encode_text(self, text: str, revision: str) -> Row:
        """Return the vector of a question, with its curve if it has one. Raises ClientError."""
        self.stats.questions += 1
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._batches.ask(text, revision)
        except TimeoutError:
            raise ClientError(CODE_TIMEOUT) from None

    async def _send_texts(self, revision: str, texts: list[str]) -> list[Row]:
        self.stats.text_tasks += 1
        payload = {"texts": texts, "revision": revision}
        rows = await self._ask(contract.ENCODE_TEXT, contract.QUEUE_TEXT, payload)
        if len(rows) != len(texts):
            raise ClientError(contract.CODE_FAILED)
        return rows

    # --- questions in pictures ------------------------------------------------------------

    async def encode_image(self, content: bytes, space_id: int) -> bytes:
        """Return the vector of a picture (its first frame) in a space, float16 bytes.

        Raises ClientError.
        """
        self.stats.image_tasks += 1
        request_id = secrets.token_hex(12)
        key = contract.picture_key(request_id)
        try:
            await self._redis.set(key, content, ex=contract.PICTURE_TTL_S)
        except (RedisError, OSError) as error:
            raise ClientError(CODE_QUEUE_DOWN) from error
        payload = {"picture": key, "space": space_id}
        rows = await self._ask(contract.ENCODE_IMAGE, contract.QUEUE_IMAGE, payload)
        return rows[0].vector

    # --- bulk -----------------------------------------------------------------------------

    async def ingest(self, image_ids: Sequence[int]) -> None:
        """Queue stored pictures for encoding. Raises ClientError; the sweep finds them then."""
        for at in range(0, len(image_ids), contract.INGEST_CHUNK):
            chunk = list(image_ids[at : at + contract.INGEST_CHUNK])
            await self._publish(contract.INGEST, contract.QUEUE_INGEST, {"image_ids": chunk})

    async def sweep(self) -> None:
        """Have pictures that fell out of the queue queued again; one bot at a time asks."""
        try:
            mine = await self._redis.set("sweep", self._id, nx=True, ex=4)
        except (RedisError, OSError) as error:
            raise ClientError(CODE_QUEUE_DOWN) from error
        if mine:
            await self._publish(contract.SWEEP, contract.QUEUE_MAINTENANCE, {}, expires_s=10)

    @property
    def is_idle(self) -> bool:
        """Whether a question asked now would leave at once, in a task of its own."""
        return self._batches.is_idle

    async def ready(self, queue: str = contract.QUEUE_TEXT) -> bool:
        """Tell whether a warm worker consumes the queue; never raises."""
        try:
            return bool(await self._redis.exists(contract.heartbeat_key(queue)))
        except (RedisError, OSError):
            return False

    # --- requests and replies -------------------------------------------------------------

    async def _ask(self, task: str, queue: str, payload: dict[str, Any]) -> list[Row]:
        """Send a task until it is answered, at most for DEADLINE_S."""
        request_id = secrets.token_hex(12)
        payload = payload | {
            "id": request_id,
            "reply_to": contract.reply_key(self._id),
            # Not Celery's own expiry: to read its date costs a worker more than all the rest.
            "until": time.time() + contract.ENCODE_EXPIRES_S,
        }
        try:
            async with asyncio.timeout(DEADLINE_S):
                while (result := await self._once(task, queue, payload)) is None:
                    self.stats.resent += 1
        except TimeoutError:
            raise ClientError(CODE_TIMEOUT) from None
        finally:
            self._answers.pop(request_id, None)
        if not result.ok:
            raise ClientError(result.code)
        return result.rows()

    async def _once(self, task: str, queue: str, payload: dict[str, Any]) -> Answer | None:
        """Send a task and wait for its answer; None when it should be sent again."""
        answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._answers[payload["id"]] = answer
        await self._publish(task, queue, payload)
        try:
            async with asyncio.timeout(RESEND_AFTER_S):
                return await answer
        except TimeoutError:
            return None

    async def _publish(
        self, task: str, queue: str, payload: dict[str, Any], *, expires_s: float | None = None
    ) -> None:
        try:
            await self._outbox.send(task, queue, payload, expires_s=expires_s)
        except (RedisError, OSError) as error:
            raise ClientError(CODE_QUEUE_DOWN) from error

    async def _read(self) -> None:
        """Hand every reply to whoever waits for it, for ever, over one connection."""
        key = contract.reply_key(self._id)
        while not self._closing:
            try:
                item = await cast("Any", self._replies.blpop([key], timeout=5))
            except (RedisError, OSError) as error:
                logger.warning("replies_lost", extra={"error": type(error).__name__})
                # Whatever was under way may have been answered into the void: send it again.
                for waiting in self._answers.values():
                    _settle(waiting, None)
                await asyncio.sleep(0.2)
                continue
            if item is None:
                continue
            try:
                answer = contract.unpack_answer(item[1])
            except ValueError:
                logger.warning("reply_unreadable", extra={"size_bytes": len(item[1])})
                continue
            if (expected := self._answers.get(answer.request_id)) is not None:
                _settle(expected, answer)
                await asyncio.sleep(0)  # whoever waits for it goes first


def _settle(waiting: asyncio.Future[Answer | None], answer: Answer | None) -> None:
    if not waiting.done():
        waiting.set_result(answer)
