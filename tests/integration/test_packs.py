"""A language the model has never met: packed, installed while questions are asked, removed."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import torch

from bot.app import App, opened
from bot.core.messages import Tone
from samples.emoji import render
from tests.conversing import add, ask, captions
from tests.stack import STOP_TIMEOUT_S, Stack, kill_family, wait_for
from tests.tiny import torch_quiet
from workers import contract
from workers.encoders.models import model_folder
from workers.training.pack import PackSettings, make_pack

KLINGON = {
    "qa'vIn": ("☕", "hot coffee"),
    "vIghro'": ("🐈", "cat"),
    "targh": ("🐗", "boar"),
    "bo'Degh": ("🐦", "bird"),
    "ghargh": ("🪱", "worm"),
    "Hov": ("⭐", "star"),
    "maS": ("🌙", "crescent moon"),
    "qul": ("🔥", "fire"),
    "Soj": ("🍲", "pot of food"),
    "Duj": ("🚀", "rocket"),
}
SETTINGS = PackSettings(
    steps=12, batch=32, learning_rate=3e-3, seed=1, bf16=False, name="klingon", title="tlhIngan Hol"
)
TAKEN_UP_WITHIN_S = 120.0

_DEFAULT = "SELECT revision FROM text_towers WHERE is_default"
_TOWERS = "SELECT languages, is_default FROM text_towers ORDER BY languages, is_default"
_VECTORS = (
    "SELECT image_id, frame, halfvec_send(embedding) FROM embeddings ORDER BY image_id, frame"
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack for the bundled model as somebody would hand it on."""
    folder = tmp_path_factory.mktemp("klingon")
    pairs = folder / "pairs.tsv"
    lines = [f"tlh\t{word}\t{english}\n" for word, (_, english) in KLINGON.items()]
    pairs.write_text("".join(lines), encoding="utf-8")
    with torch_quiet():
        threads = torch.get_num_threads()
        # So few phrases are quicker with one, whatever else this machine does.
        torch.set_num_threads(1)
        made = make_pack(model_folder("mini"), pairs, folder / "run", SETTINGS)
        torch.set_num_threads(threads)
    return Path(shutil.make_archive(str(folder / "pack"), "zip", made))


@pytest.fixture
def owner(fragile_stack: Stack) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(fragile_stack.urls.database, autocommit=True) as connection:
        yield connection


def _run(stack: Stack, *arguments: str) -> str:
    code, output, errors = stack.finish("packs", *arguments)
    assert code == 0, errors
    return output


@contextmanager
def _ingest_worker(stack: Stack, folder: Path) -> Iterator[Path]:
    """Run a second worker with a data folder of its own; gives its log."""
    environment = {
        "DATABASE_URL": stack.urls.database,
        "REDIS_URL": stack.urls.redis,
        "BLOB_URL": stack.urls.blobs,
        "DATA_DIR": str(folder),
        "ENCODER": stack.environment["ENCODER"],
    }
    log = folder / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "workers.celery_app", "worker"),
                *("-Q", contract.QUEUE_INGEST, "--pool", "threads", "--concurrency", "1"),
                *("--without-gossip", "--without-mingle", "--hostname", "second@local"),
            ],
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield log
        process.terminate()
        process.wait(STOP_TIMEOUT_S)
    finally:
        kill_family(process)


def _png(emoji: str) -> bytes:
    written = io.BytesIO()
    render(emoji).save(written, "PNG")
    return written.getvalue()


async def _found(app: App, collection: str) -> dict[str, list[str]]:
    """Ask for every word; return the captions of the answers."""
    return {word: captions(await ask(app, collection, word)) for word in KLINGON}


async def test_a_pack_is_taken_up_and_let_go_while_questions_are_asked(
    fragile_stack: Stack,
    owner: psycopg.Connection[tuple[object, ...]],
    collection: str,
    archive: Path,
    tmp_path: Path,
) -> None:
    async with opened(App(fragile_stack.settings, fragile_stack.urls)) as app:
        for word, (emoji, _) in KLINGON.items():
            await add(app, collection, _png(emoji), caption=word)
        before = await _found(app, collection)
        (first,) = owner.execute(_DEFAULT).fetchall()
        vectors = owner.execute(_VECTORS).fetchall()
        assert len(vectors) == len(KLINGON)

        changing = True

        async def keep_asking() -> int:
            asked = 0
            while changing:
                reply = await ask(app, collection, f"question number {asked}")
                assert reply.tone is not Tone.ERROR, reply
                asked += 1
            return asked

        async def until(default: object, *, is_it: bool) -> None:
            await asyncio.to_thread(
                wait_for,
                lambda: (owner.execute(_DEFAULT).fetchone() == default) is is_it,
                TAKEN_UP_WITHIN_S,
                fragile_stack.logs,
            )

        asking = asyncio.create_task(keep_asking())
        said = await asyncio.to_thread(_run, fragile_stack, "install", str(archive))
        assert "Installed klingon (tlhIngan Hol)" in said
        await until(first, is_it=False)
        after = await _found(app, collection)
        assert owner.execute(_TOWERS).fetchall() == [([], False), (["tlh"], False), (["tlh"], True)]

        def right(answers: dict[str, list[str]]) -> int:
            return sum(found[0] == word for word, found in answers.items())

        assert right(before) <= 4
        assert right(after) >= 7
        assert "klingon" in await asyncio.to_thread(_run, fragile_stack, "list")
        # A worker that only takes in pictures, where nobody has installed the pack.
        chosen = owner.execute(_DEFAULT).fetchone()
        with _ingest_worker(fragile_stack, tmp_path) as log:
            await asyncio.to_thread(
                wait_for, lambda: b"worker_ready" in log.read_bytes(), 120, log.read_text
            )
        assert owner.execute(_DEFAULT).fetchone() == chosen

        await asyncio.to_thread(_run, fragile_stack, "remove", "klingon")
        await until(first, is_it=True)
        assert await _found(app, collection) == before
        assert owner.execute(_TOWERS).fetchall() == [([], True)]
        changing = False
        assert await asking > 10
        assert owner.execute(_VECTORS).fetchall() == vectors
