"""Another encoder for a collection that is being asked: nobody notices until it is complete."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from bot.app import App, opened
from bot.core.messages import Delete, Tone
from bot.services import PICTURE_WORKER
from tests import pictures
from tests.conversing import add, ask, say
from tests.other_model import other_model
from tests.stack import Stack, wait_for

BASE = 150
CHANGED_WITHIN_S = 120.0

_LIVE = "SELECT name FROM spaces WHERE live"
_STATES = "SELECT name, state FROM spaces ORDER BY id"
_LACKING = """
SELECT s.name, count(*) FROM images i CROSS JOIN spaces s WHERE i.status = 'ready'
AND NOT EXISTS (SELECT FROM embeddings e WHERE e.space_id = s.id AND e.image_id = i.id)
GROUP BY 1
"""
_BUILT = "SELECT count(DISTINCT image_id) FROM embeddings e JOIN spaces s ON s.id = e.space_id"
_PENDING = "SELECT count(*) FROM images WHERE status <> 'ready'"

Owner = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return other_model(tmp_path_factory.mktemp("models") / "random")


@pytest.fixture
def owner(fragile_stack: Stack) -> Iterator[Owner]:
    with psycopg.connect(fragile_stack.urls.database, autocommit=True) as connection:
        yield connection


def picture(number: int) -> bytes:
    return pictures.png(colour=(number % 256, number // 256, 99))


def restart(stack: Stack, encoder: str) -> None:
    """End the service and start it with another encoder."""
    stack.stop()
    stack.environment["ENCODER"] = encoder
    stack.start()


@asynccontextmanager
async def connected(stack: Stack) -> AsyncIterator[App]:
    async with opened(App(stack.settings, stack.urls)) as app:
        yield app


class Asking:
    """Somebody who asks without end, and sees to it that all pictures are in every answer."""

    def __init__(self, app: App, collection: str, at_least: int) -> None:
        self._app, self._collection, self._at_least = app, collection, at_least
        self._over = False
        self.asked = 0

    async def __aenter__(self) -> Asking:
        self._task = asyncio.create_task(self._ask())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over = True
        await self._task

    async def _ask(self) -> None:
        while not self._over:
            reply = await ask(
                self._app, self._collection, f"question {self.asked}", page_size=self._at_least
            )
            assert reply.tone is not Tone.ERROR, reply
            assert len(reply.hits) == self._at_least, reply.text
            self.asked += 1


async def until(condition: object, stack: Stack) -> None:
    assert callable(condition)
    await asyncio.to_thread(wait_for, condition, CHANGED_WITHIN_S, stack.logs)


async def test_the_former_encoder_answers_until_the_new_one_has_everything(
    fragile_stack: Stack, collection: str, model: Path
) -> None:
    stack = fragile_stack
    async with connected(stack) as app:
        assert (await add(app, collection, *map(picture, range(BASE)))).done == BASE
    restart(stack, str(model))
    assert "Ready." in stack.said()
    with psycopg.connect(stack.urls.database, autocommit=True) as owner:
        assert owner.execute(_LIVE).fetchall() == [("mini",)]

        def built() -> int:
            row = owner.execute(f"{_BUILT} WHERE s.name = 'random'").fetchone()
            return int(str(row[0])) if row else 0

        async with connected(stack) as app, Asking(app, collection, BASE - 10) as asking:
            await until(lambda: built() > 0, stack)
            assert owner.execute(_LIVE).fetchall() == [("mini",)]
            status = await app.conversation.status(collection)
            assert (status.ready, status.image_count) == (True, BASE)
            assert status.preparing is not None
            os.kill(stack.child(PICTURE_WORKER).pid, 9)
            # Pictures come and go meanwhile.
            found = await ask(app, collection, "which one")
            for hit in found.hits[:5]:
                gone = await say(app, collection, Delete(hit.image_id))
                assert gone.tone is Tone.DONE
            assert (await add(app, collection, *map(picture, range(1000, 1010)))).done == 10
            await until(lambda: owner.execute(_LIVE).fetchall() == [("random",)], stack)
            assert await app.conversation.status(collection)
            assert (await app.conversation.status(collection)).image_count == BASE + 5
            before = asking.asked
            await until(lambda: asking.asked > before + 20, stack)
        assert asking.asked > 30
        assert owner.execute(_STATES).fetchall() == [("mini", "kept"), ("random", "live")]
        assert owner.execute(_LACKING).fetchall() == []
        assert owner.execute(_PENDING).fetchone() == (0,)
        assert owner.execute("SELECT count(*) FROM space_work").fetchone() == (0,)
        assert "random answers from now on" in stack.said()
