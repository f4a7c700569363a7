"""What the bot sends is what Celery would send over kombu's transport for Redis."""

from __future__ import annotations

import json
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from db.embedded import EmbeddedRedis
from tests.integration.tasks import celery_sender
from workers import contract
from workers.outbox import Outbox

PAYLOAD = {"texts": ["黒猫", 'a "cat"\n'], "revision": "r", "until": 1.5}


def _without_ids(message: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is made up anew for each message, and by whom it was sent."""
    for name in ("id", "root_id", "origin"):
        assert message["headers"].pop(name)
    for name in ("correlation_id", "delivery_tag", "reply_to"):
        assert message["properties"].pop(name)
    return message


@pytest.mark.parametrize("queue", contract.QUEUES)
async def test_a_task_is_written_as_celery_writes_it(
    redis: Redis, redis_server: EmbeddedRedis, queue: str
) -> None:
    outbox = Outbox(redis_server.url, redis)
    payloads = [PAYLOAD, {"texts": [], "revision": None}]
    for payload in payloads:
        await outbox.send(contract.ENCODE_TEXT, queue, payload)
    outbox.close()
    with celery_sender(redis_server.url) as celery:
        for payload in payloads:
            celery.send_task(
                contract.ENCODE_TEXT, args=(payload,), queue=queue, argsrepr="", kwargsrepr=""
            )
    written = [json.loads(item) for item in reversed(await redis.lrange(queue, 0, -1))]
    numbers = {message["headers"]["id"] for message in written}
    tags = {message["properties"]["delivery_tag"] for message in written}
    assert len(numbers) == len(tags) == len(written) == 4
    for message in written:
        assert message["headers"]["root_id"] == message["headers"]["id"]
        assert message["properties"]["correlation_id"] == message["headers"]["id"]
    ours, theirs = [[_without_ids(one) for one in part] for part in (written[:2], written[2:])]
    assert ours == theirs


async def test_an_expiry_is_written_too(redis: Redis, redis_server: EmbeddedRedis) -> None:
    outbox = Outbox(redis_server.url, redis)
    await outbox.send(contract.SWEEP, contract.QUEUE_MAINTENANCE, {}, expires_s=10)
    outbox.close()
    (item,) = await redis.lrange(contract.QUEUE_MAINTENANCE, 0, -1)
    assert json.loads(item)["headers"]["expires"]


async def test_what_could_not_be_sent_is_told_and_not_kept(redis_server: EmbeddedRedis) -> None:
    async with Redis.from_url("redis://127.0.0.1:1") as nowhere:
        outbox = Outbox(redis_server.url, nowhere)
        for _ in range(2):
            with pytest.raises(RedisConnectionError):
                await outbox.send(contract.SWEEP, contract.QUEUE_MAINTENANCE, {})
        outbox.close()
