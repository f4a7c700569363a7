"""What cosines mean in a space: written by workers, measured, read by the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from redis import Redis

from bot.backends.index import PgImageIndex
from bot.core.ports import EmbeddingSpace
from bot.core.relevance import Curve
from db.embedded import EmbeddedRedis
from db.ingest import IngestStore
from db.pool import Database
from db.spaces import register_space, register_text_towers
from tests.integration.rows import add_rows, collection_id, finish
from tests.tiny import EXACT
from workers.calibration import GROWTH, LEAST_PICTURES, Calibrator
from workers.encoders import models
from workers.encoders.base import Encoder

SIMILAR = (20.5, -14.0)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return models.load("mini", images=False, options=EXACT)


@pytest.fixture
def claims(redis_server: EmbeddedRedis) -> Iterator[Redis]:
    """A worker's client of an empty Redis."""
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client


Register = Callable[..., int]


@pytest.fixture
def register(store: IngestStore, encoder: Encoder) -> Register:
    """Registers the encoder as a worker does; returns the space's number."""

    def run(similar: tuple[float, float] | None = None) -> int:
        space = register_space(
            store,
            name="made-up",
            revision="r1",
            dim=encoder.dim,
            preprocessing={},
            similar=similar,
        )
        register_text_towers(store, space.id, {"t1": ()}, default="t1")
        return space.id

    return run


async def _space(database: Database) -> EmbeddingSpace:
    space = (await PgImageIndex(database).state("c")).space
    assert space is not None
    return space


async def _fill(
    database: Database, store: IngestStore, encoder: Encoder, names: list[str], seed: int
) -> None:
    """Add pictures whose vectors are drawn by chance."""
    space = await asyncio.to_thread(
        register_space,
        store,
        name="made-up",
        revision="r1",
        dim=encoder.dim,
        preprocessing={},
        similar=SIMILAR,
    )
    ids = await add_rows(database, await collection_id(database, "c"), names)
    drawn = np.random.default_rng(seed).normal(size=(len(ids), encoder.dim)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    await asyncio.to_thread(
        finish, store, space, {n: [row] for n, row in zip(ids, drawn, strict=True)}
    )


async def test_what_an_encoder_says_of_similar_pictures_is_read_by_the_bot(
    database: Database, register: Register
) -> None:
    for similar in (SIMILAR, (21.0, -14.0), None):
        for _ in range(2):
            await asyncio.to_thread(register, similar)
            wanted = None if similar is None else Curve(*similar)
            assert (await _space(database)).similar == wanted


async def test_a_space_is_measured_once_there_are_enough_pictures_and_again_with_many_more(
    database: Database, store: IngestStore, encoder: Encoder, claims: Redis, register: Register
) -> None:
    space_id = await asyncio.to_thread(register, SIMILAR)

    async def look() -> bool:
        return await asyncio.to_thread(Calibrator(encoder, store, claims, space_id).look)

    few = [f"a{n}" for n in range(LEAST_PICTURES - 1)]
    await _fill(database, store, encoder, few, 1)
    assert not await look()
    assert (await _space(database)).questions is None
    await _fill(database, store, encoder, ["one more"], 2)
    # Another worker is at it.
    claims.set(f"calibrating:{space_id}", "1")
    assert not await look()
    claims.delete(f"calibrating:{space_id}")
    assert await look()
    space = await _space(database)
    assert space.questions is not None
    assert space.similar == Curve(*SIMILAR)
    # Chance is no match; a cosine far above it is one.
    assert space.questions.relevance(0.0) < 0.01
    assert space.questions.relevance(0.9) > 0.99
    assert not await look()
    await asyncio.to_thread(register, SIMILAR)
    assert (await _space(database)).questions == space.questions
    many = [f"b{n}" for n in range((GROWTH - 1) * LEAST_PICTURES)]
    await _fill(database, store, encoder, many, 3)
    assert await look()
    assert (await _space(database)).questions not in {None, space.questions}


async def test_a_database_that_is_away_is_looked_for_later(encoder: Encoder, claims: Redis) -> None:
    away = IngestStore("postgresql://nobody@127.0.0.1:1/none")
    try:
        await asyncio.to_thread(away._pool.close)
        assert not await asyncio.to_thread(Calibrator(encoder, away, claims, 1).look)
    finally:
        await asyncio.to_thread(away.close)
