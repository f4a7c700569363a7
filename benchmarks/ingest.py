"""How fast pictures become findable, beside the image tower alone and decoding alone.

Pictures are stored while the worker that takes them in is stopped; then it is let go, and measured
is how long it takes until all are findable. The forward pass has all cores but one, decoding has
the remaining one, in the worker as in the two measured alone.

    python -m benchmarks.ingest [--short] [--write] [--photos FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks._photos import photos
from benchmarks._real_size import real_size_model
from benchmarks._report import Bar, Report, Table, main
from benchmarks._service import bot_of, service
from bot.app import App, opened
from bot.core.messages import Person, Upload
from bot.services import PICTURE_WORKER
from tests.stack import Stack
from workers import images
from workers.encoders.base import Encoder, Pixels
from workers.encoders.models import load
from workers.ingest import BULK_BATCH
from workers.settings import WorkerSettings

SHARE = 0.9
BATCH = 32
_PERSON = Person("benchmark", "Benchmark", is_admin=True)


@dataclass(frozen=True, slots=True)
class Rates:
    """Pictures a second."""

    tower: float
    """The forward pass alone, in batches of 32."""
    tower_bulk: float
    """… in the batches of an ingest."""
    decoding: float
    """All that is done to a file but the forward pass, in one thread."""
    only_decoding: float
    """Of this, decoding to at most 1024 px."""
    ingest: float

    @property
    def share(self) -> float:
        """Of the ingest in the slower of its two halves."""
        return self.ingest / min(self.tower, self.decoding)


def run(short: bool, folder: Path | None) -> Report:
    """Measure with mini and, at length, with an encoder of real size."""
    plans = [("mini", "mini", 64 if short else 480)]
    if not short:
        plans.append(("real size", str(real_size_model()), 96))
    tower_threads = max(1, (os.cpu_count() or 1) - 1)
    bars, rows = [], []
    for name, encoder, count in plans:
        files = photos(count) if folder is None else _read(folder)
        with service(encoder) as stack:
            stack.environment["ENCODER_THREADS"] = str(tower_threads)
            stack.start()
            engine, rates = asyncio.run(_measure(stack, encoder, files, tower_threads))
        rows.append(
            (
                f"{name}, {engine}",
                f"{rates.tower:.1f}/s",
                f"{rates.tower_bulk:.1f}/s",
                f"{rates.decoding:.1f}/s",
                f"{rates.only_decoding:.1f}/s",
                f"{rates.ingest:.1f}/s",
            )
        )
        bars.append(
            Bar(
                f"{name}: ingest over the slower of image tower and decoding",
                f">= {SHARE}",
                f"{rates.share:.2f}",
                rates.share >= SHARE,
            )
        )
    columns = (
        *("encoder", f"tower, batches of {BATCH}", f"tower, batches of {BULK_BATCH}"),
        *("decoding and all that is kept", "decoding only", "ingest"),
    )
    megabytes = sum(map(len, files)) / len(files) / 1e6
    notes = (
        f"JPEG files of {megabytes:.1f} MB on average; {tower_threads} threads for the tower, the"
        " remaining core for decoding. What is kept of a picture is a rendition of at most"
        " 1024 px as WebP, a perceptual hash, and its vectors in Postgres.",
    )
    return Report(
        "Ingest: pictures made findable", [Table("", columns, tuple(rows))], bars, (), notes
    )


async def _measure(
    stack: Stack, name: str, files: Sequence[bytes], tower_threads: int
) -> tuple[str, Rates]:
    urls = stack.urls
    settings = WorkerSettings(
        _env_file=None,
        database_url=urls.database,
        redis_url=urls.redis,
        blob_url=urls.blobs,
        encoder_threads=tower_threads,
    )
    async with opened(bot_of(stack)) as app:
        assert await app.wait_until_ready(120)
        ingest = await _ingest(app, stack, files)
    encoder = await asyncio.to_thread(load, name, texts=False, options=settings.engine_options)
    sample = files[:BATCH]
    pixels = encoder.prepare_images([_decoded(content).frames[0] for content in sample])
    return encoder.engine, Rates(
        tower=_rate(lambda: _encode(encoder, pixels, BATCH), len(sample)),
        tower_bulk=_rate(lambda: _encode(encoder, pixels, BULK_BATCH), len(sample)),
        decoding=_rate(lambda: [_prepare(encoder, content) for content in sample], len(sample)),
        only_decoding=_rate(lambda: [_decoded(content) for content in sample], len(sample)),
        ingest=ingest,
    )


async def _ingest(app: App, stack: Stack, files: Sequence[bytes]) -> float:
    """Store all, then let the worker go; returns pictures a second."""
    worker = stack.child(PICTURE_WORKER)
    # The first ones find it warm, and it has nothing else to do.
    await _until_done(app, "warm-up", files[:4])
    worker.suspend()
    try:
        await _store(app, "measured", files)
        began = time.perf_counter()
    finally:
        worker.resume()
    await _until_found(app, "measured", len(files))
    return len(files) / (time.perf_counter() - began)


async def _until_done(app: App, collection: str, files: Sequence[bytes]) -> None:
    await _store(app, collection, files)
    await _until_found(app, collection, len(files))


async def _store(app: App, collection: str, files: Sequence[bytes]) -> None:
    for at in range(0, len(files), 16):
        uploads = [Upload(content, f"{at}.jpg") for content in files[at : at + 16]]
        await app.library.add(collection, _PERSON, uploads)


async def _until_found(app: App, collection: str, count: int) -> None:
    # Asks other processes: there is no event to wait for.
    while (await app.index.state(collection)).image_count < count:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def _decoded(content: bytes) -> images.DecodedPicture:
    return images.decode(content)


def _prepare(encoder: Encoder, content: bytes) -> None:
    """Do what an ingest does to a file before the forward pass."""
    picture = _decoded(content)
    images.rendition(picture)
    images.perceptual_hash(picture)
    encoder.prepare_images(picture.frames)


def _encode(encoder: Encoder, pixels: Pixels, batch: int) -> None:
    for at in range(0, len(pixels), batch):
        encoder.encode_prepared(pixels[at : at + batch])


def _rate(work: Callable[[], object], count: int) -> float:
    """Return how many a second, the median of five times after one."""
    times = []
    for _ in range(6):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return count / statistics.median(times[1:])


def _read(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*.jp*g"))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--photos", type=Path, help="real photographs instead of made ones")
    options, rest = parser.parse_known_args(sys.argv[1:])
    main(Path(__file__).stem, lambda short: run(short, options.photos), rest)
