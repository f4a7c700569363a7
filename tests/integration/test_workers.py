"""The two workers of one machine: what each of them holds, and how they answer."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis

from bot.app import LOCAL_COLLECTION, App
from bot.core.messages import FindSimilar, Tone
from bot.core.ports import EmbeddingSpace
from bot.services import PICTURE_WORKER, TEXT_WORKER, WORKERS
from tests import pictures
from tests.conversing import add, captions, say
from tests.integration.tasks import celery_sender
from tests.stack import Stack
from workers import contract
from workers.client import ClientError
from workers.contract import Answer, unpack_answer


@pytest.fixture
def celery(stack: Stack) -> Iterator[Celery]:
    """A sender of tasks that is no bot."""
    with celery_sender(stack.urls.redis) as app:
        yield app


async def _space(app: App) -> EmbeddingSpace:
    space = (await app.index.state(LOCAL_COLLECTION)).space
    assert space is not None
    return space


def _reply(redis: Redis, key: str) -> tuple[bytes, Answer]:
    item = redis.blpop([key], timeout=60)
    assert isinstance(item, list | tuple)
    return item[1], unpack_answer(item[1])


async def test_a_task_sent_again_gets_the_same_answer(
    app: App, stack: Stack, celery: Celery
) -> None:
    payload = {
        "id": "sent-twice",
        "reply_to": contract.reply_key("test-sent-twice"),
        "texts": ["a black cat", "猫"],
        "revision": (await _space(app)).text_revision,
    }
    with stack.redis() as redis:
        replies = []
        for _ in range(2):
            celery.send_task(contract.ENCODE_TEXT, args=(payload,), queue=contract.QUEUE_TEXT)
            replies.append(await asyncio.to_thread(_reply, redis, payload["reply_to"]))
    (first, answer), (second, _) = replies
    assert first == second
    assert answer.ok
    assert len(answer.rows()) == 2


async def test_a_question_nobody_waits_for_is_not_encoded(
    app: App, stack: Stack, celery: Celery
) -> None:
    revision = (await _space(app)).text_revision
    reply_to = contract.reply_key("test-expired")
    with stack.redis() as redis:
        for name, seconds in (("too late", -1), ("in time", 60)):
            payload = {
                "id": name,
                "reply_to": reply_to,
                "texts": ["a black cat"],
                "revision": revision,
                "until": time.time() + seconds,
            }
            celery.send_task(contract.ENCODE_TEXT, args=(payload,), queue=contract.QUEUE_TEXT)
        _, answer = await asyncio.to_thread(_reply, redis, reply_to)
        assert answer.request_id == "in time"
        assert redis.llen(reply_to) == 0


async def test_each_is_asked_for_what_it_has_and_nothing_else(app: App) -> None:
    space = await _space(app)
    vector = await app.client.encode_image(pictures.jpeg(), space.id)
    assert len(vector) == 2 * space.dim
    with pytest.raises(ClientError) as refused:
        await app.client.encode_image(pictures.jpeg(), space.id + 1000)
    assert refused.value.code == contract.CODE_STALE_SPACE
    with pytest.raises(ClientError) as refused:
        await app.client.encode_text("a black cat", "no such tower")
    assert refused.value.code == contract.CODE_STALE_SPACE


async def test_a_large_picture_finds_itself_though_it_is_decoded_smaller(
    app: App, collection: str
) -> None:
    drawings = [
        pictures.noisy_jpeg((1600, 1200)),
        pictures.jpeg(colour=(250, 0, 0)),
        pictures.jpeg(colour=(0, 0, 250)),
    ]
    for number, content in enumerate(drawings):
        assert (await add(app, collection, content, caption=str(number))).tone is Tone.DONE
    for number, content in enumerate(drawings):
        assert captions(await say(app, collection, FindSimilar(content)))[0] == str(number)


async def test_somebody_with_a_picture_is_answered_during_a_bulk_ingest(
    app: App, collection: str
) -> None:
    bulk = asyncio.ensure_future(
        add(app, collection, *(pictures.png(colour=(n, 9, 255 - n)) for n in range(200)))
    )
    space = await _space(app)
    while not (await app.index.state(collection)).pending_count:
        assert not bulk.done(), "the ingest was over before anybody asked"
        await asyncio.sleep(0)
    assert await app.client.encode_image(pictures.jpeg(), space.id)
    assert not bulk.done()
    assert (await bulk).done == 200


@pytest.mark.parametrize(
    ("worker", "queues"),
    [(TEXT_WORKER, {contract.QUEUE_TEXT}), (PICTURE_WORKER, set(contract.PICTURE_QUEUES))],
)
def test_a_worker_serves_its_queues_and_no_others(
    stack: Stack, worker: str, queues: set[str]
) -> None:
    log = (stack.data_dir / "logs" / f"{worker}.log").read_text()
    served = re.findall(r"event=worker_ready .*queues=(\S+)", log)
    assert served
    assert all(set(one.split(",")) == queues for one in served)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_holds_no_torch(stack: Stack, worker: str) -> None:
    mapped = Path(f"/proc/{stack.child(worker).pid}/maps")
    if not mapped.exists():
        pytest.skip("what a process has mapped is read from /proc, which only Linux has")
    assert not re.search(r"/torch/|libtorch", mapped.read_text())


def test_the_one_that_takes_pictures_in_gives_way(stack: Stack) -> None:
    text, bulk = (stack.child(name) for name in (TEXT_WORKER, PICTURE_WORKER))
    assert bulk.nice() > text.nice()
