"""The real service with a chosen encoder, and thousands of pictures written past it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray

from benchmarks._asking import UnansweredError
from bot.app import LOCAL_COLLECTION, App
from bot.core.messages import Ask, Incoming, Person, Reply
from bot.settings import BotSettings
from tests.stack import Stack, new_data_dir

UNLIMITED = "1000000/second"
SEED = 4
_ASKER = Person("benchmark", "Benchmark")


@dataclass(frozen=True, slots=True)
class Pictures:
    """What was written: vectors as they are in Postgres, a row for each picture."""

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]


@contextmanager
def service(encoder: str) -> Iterator[Stack]:
    """Lend a service that is about to be started, and leave nothing behind."""
    stack = Stack(new_data_dir(), samples=False)
    stack.environment |= {"ENCODER": encoder}
    try:
        yield stack
    finally:
        stack.kill_everything()
        shutil.rmtree(stack.data_dir, ignore_errors=True)


def bot_of(stack: Stack) -> App:
    """Return a bot of one's own beside the running one, which asks as fast as it can.

    Its answers have no end: pictures of random vectors fit few questions.
    """
    settings = BotSettings(
        _env_file=None,
        data_dir=stack.data_dir,
        limit_per_person=UNLIMITED,
        limit_per_collection=UNLIMITED,
        min_relevance=0,
    )
    return App(settings, stack.urls)


async def ask(app: App, text: str) -> Reply:
    """Ask the core; raises UnansweredError where there is none in time."""
    last = Reply("")
    async for reply in app.conversation.handle(Incoming(LOCAL_COLLECTION, _ASKER, "en", Ask(text))):
        last = reply
    if not last.hits:
        raise UnansweredError(last.text)
    return last


def write_pictures(stack: Stack, count: int) -> Pictures:
    """Write pictures of random vectors straight into Postgres, into the local collection.

    With an encoder of real size, encoding them would take longer than all measurements.
    """
    with psycopg.connect(stack.urls.database) as connection:
        space = connection.execute("SELECT id, dim FROM spaces WHERE live").fetchone()
        assert space is not None
        space_id, dim = space
        made = connection.execute(
            "INSERT INTO collections (key) VALUES (%s)"
            " ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING id",
            (LOCAL_COLLECTION,),
        ).fetchone()
        assert made is not None
        rows = connection.execute(
            "INSERT INTO images (collection_id, sha256, size_bytes, media_type, uploader_id,"
            " uploader_name, status) SELECT %s, sha256(n::text::bytea), 1, 'image/png', 'u', 'u',"
            " 'ready' FROM generate_series(1, %s) n RETURNING id",
            (made[0], count),
        ).fetchall()
        drawn = np.random.default_rng(SEED).normal(size=(count, dim))
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        vectors = drawn.astype(np.float16).astype(np.float32)
        with connection.cursor().copy("COPY embeddings FROM STDIN") as copy:
            for (image_id,), vector in zip(rows, vectors, strict=True):
                copy.write_row((space_id, image_id, 0, made[0], json.dumps(vector.tolist())))
    with psycopg.connect(stack.urls.database, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return Pictures(np.array([row[0] for row in rows]), vectors)


def save(pictures: Pictures, folder: Path) -> Path:
    """Write the vectors to a file for other processes."""
    path = folder / "pictures.npy"
    np.save(path, pictures.vectors)
    return path
