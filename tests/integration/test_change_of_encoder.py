"""Another encoder for a collection that is being asked: nobody notices until it is complete."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
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
from tests.stack import Stack, running_stack, wait_for
from workers.choice import choose_encoder, chosen_encoder

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
def choosing_stack() -> Iterator[Stack]:
    """A service of one's own whose encoder is the operator's choice."""
    with running_stack(samples=False, chosen="mini") as running:
        yield running


@pytest.fixture
def owner(choosing_stack: Stack) -> Iterator[Owner]:
    with psycopg.connect(choosing_stack.urls.database, autocommit=True) as connection:
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
    # Pictures are missed where vectors are. That nothing fits, once the worker has measured what
    # the random model's cosines mean, is right.
    settings = stack.settings.model_copy(update={"min_relevance": 0.0})
    async with opened(App(settings, stack.urls)) as app:
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
        # It looks once a second.
        await until(lambda: "random answers from now on" in stack.said(), stack)


async def run(stack: Stack, *arguments: str) -> str:
    code, output, errors = await asyncio.to_thread(stack.finish, "encoder", *arguments)
    assert code == 0, f"{errors}\n{stack.logs()}"
    return output + errors


def states(stack: Stack) -> dict[str, tuple[str, int, int]]:
    code, output, errors = stack.finish("encoder", "status", "--json")
    assert code == 0, errors
    return {one["name"]: (one["state"], one["done"], one["total"]) for one in json.loads(output)}


async def test_use_and_back_in_the_terminal_while_it_runs(
    choosing_stack: Stack, owner: Owner, collection: str, model: Path
) -> None:
    stack = choosing_stack
    async with connected(stack) as app:
        assert (await add(app, collection, *map(picture, range(BASE)))).done == BASE
        async with Asking(app, collection, BASE - 5):
            said = await run(stack, "use", str(model))
            assert "of their best 10 pictures in common" in said
            assert "recent questions" in said
            assert "random answers from now on" in said
            assert owner.execute(_LIVE).fetchall() == [("random",)]
            assert states(stack) == {
                "mini": ("kept", BASE, BASE),
                "random": ("live", BASE, BASE),
            }
            # Nothing was added: all is there.
            before = owner.execute("SELECT count(*) FROM embeddings").fetchone()
            said = await run(stack, "back")
            assert owner.execute(_LIVE).fetchall() == [("mini",)]
            assert owner.execute("SELECT count(*) FROM embeddings").fetchone() == before
            assert owner.execute(_PENDING).fetchone() == (0,)
            # What comes now is missing there, and nothing else.
            assert (await add(app, collection, *map(picture, range(2000, 2007)))).done == 7
            assert states(stack)["random"][1:] == (BASE, BASE + 7)
            await run(stack, "back")
            assert states(stack) == {
                "mini": ("kept", BASE + 7, BASE + 7),
                "random": ("live", BASE + 7, BASE + 7),
            }
            assert owner.execute(_PENDING).fetchone() == (0,)


async def test_use_where_nothing_runs_and_what_cannot_be_used(
    choosing_stack: Stack, collection: str, model: Path, tmp_path: Path
) -> None:
    stack = choosing_stack
    async with connected(stack) as app:
        assert (await add(app, "local", *map(picture, range(20)))).done == 20
    stack.stop()
    code, _, errors = await asyncio.to_thread(stack.finish, "encoder", "use", "nonsense")
    assert code == 1
    assert "there is no model 'nonsense'" in errors
    assert chosen_encoder(stack.data_dir) == "mini"
    said = await run(stack, "use", str(model))
    assert "sample questions" in said
    assert chosen_encoder(stack.data_dir) == str(model)
    stack.environment["ENCODER"] = "mini"
    code, _, errors = await asyncio.to_thread(stack.finish, "encoder", "back")
    assert code == 1
    assert "ENCODER=mini is set" in errors
    del stack.environment["ENCODER"]
    assert states(stack) == {"mini": ("kept", 20, 20), "random": ("live", 20, 20)}


async def test_a_former_model_that_is_gone_is_named_and_pictures_are_encoded_anew(
    choosing_stack: Stack, model: Path, tmp_path: Path
) -> None:
    stack = choosing_stack
    gone = shutil.copytree(model, tmp_path / "gone")
    async with connected(stack) as app:
        assert (await add(app, "local", *map(picture, range(20)))).done == 20
    await run(stack, "use", str(gone))
    stack.stop()
    shutil.rmtree(gone)
    choose_encoder(stack.data_dir, "mini")
    stack.start()
    with psycopg.connect(stack.urls.database, autocommit=True) as owner:
        assert owner.execute(_LIVE).fetchall() == [("mini",)]
        # The vectors of before are there still.
        await until(lambda: owner.execute(_PENDING).fetchone() == (0,), stack)
        assert "cannot be loaded" in str(
            owner.execute("SELECT note FROM spaces WHERE name = 'gone'").fetchone()
        )
    await until(lambda: "gone, which has answered so far, cannot be" in stack.said(), stack)
