"""Questions through the whole path: core, Redis, Celery, worker, Postgres.

Starts the service on a data folder of its own (with the sample collection), then measures from
a bot process of its own: one question at a time, a crowd at once, a repeated question, and the
same question after an upload. The alternative in the same run is what a home-made bot does: the
same encoder and the same vectors in this process, with a NumPy scan.

    python -m benchmarks.questions [--short]
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from psycopg import AsyncConnection
from rich.console import Console
from rich.table import Table

from bot.app import LOCAL_COLLECTION, App, opened
from bot.core.messages import Add, Ask, Incoming, Person, Reply, Upload
from tests import pictures
from tests.stack import Stack, new_data_dir
from workers.encoders import models

ADMIN = Person("benchmark", "Benchmark", is_admin=True)


async def say(app: App, request: Ask | Add) -> Reply:
    """Send a request to the core; the last reply counts."""
    last = Reply("")
    async for reply in app.conversation.handle(Incoming(LOCAL_COLLECTION, ADMIN, "en", request)):
        last = reply
    return last


async def median_ms(count: int, action: Callable[[int], Awaitable[object]]) -> float:
    """Return the median time of an action done ``count`` times one after the other."""
    times = []
    for n in range(count):
        began = time.perf_counter()
        await action(n)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


async def measure(stack: Stack, *, singles: int, crowd: int) -> Table:
    """Measure everything on a running service."""
    table = Table("what", "value", box=None)
    async with opened(App(stack.settings, stack.urls)) as app:

        async def new(n: int) -> None:
            assert (await say(app, Ask(f"a new question {n} {time.time_ns()}"))).hits

        async def repeated(_: int) -> None:
            assert (await say(app, Ask("black cat"))).hits

        await new(0)
        alone_ms = await median_ms(singles, new)
        await repeated(0)
        tasks = app.client.stats.text_tasks
        cached_ms = await median_ms(singles, repeated)
        table.add_row("one new question, median", f"{alone_ms:.1f} ms")
        table.add_row("the same question again, median", f"{cached_ms:.1f} ms")
        table.add_row("tasks sent for it", str(app.client.stats.text_tasks - tasks))
        stamp = time.time_ns().to_bytes(8, "big")
        colour = (stamp[-1], stamp[-2], stamp[-3])
        upload = Upload(pictures.png(colour=colour), "new.png", "new")
        assert (await say(app, Add((upload,)))).done == 1
        began = time.perf_counter()
        after = await say(app, Ask("black cat"))
        table.add_row("the same after an upload", f"{(time.perf_counter() - began) * 1000:.1f} ms")
        table.add_row("… and tasks sent for it", str(app.client.stats.text_tasks - tasks))
        assert after.hits

        before = app.client.stats.text_tasks
        began = time.perf_counter()
        texts = [f"crowd question {n} {time.time_ns()}" for n in range(crowd)]
        replies = await asyncio.gather(*(say(app, Ask(text)) for text in texts))
        crowd_s = time.perf_counter() - began
        tasks = app.client.stats.text_tasks - before
        clients = await app.redis.client_list()
        readers = [c for c in clients if c["name"] == app.client.connection_name]
        table.add_row(f"{crowd} different questions at once", f"{crowd / crowd_s:.0f}/s")
        table.add_row("… answered", str(sum(bool(reply.hits) for reply in replies)))
        table.add_row("… tasks, questions a task", f"{tasks}, {crowd / tasks:.1f}")
        table.add_row("… Redis connections that carry replies", str(len(readers)))
        home_alone_ms, home_crowd_s = await homemade(stack, singles, texts)
    table.add_row("home-made: one new question, median", f"{home_alone_ms:.1f} ms")
    table.add_row(f"home-made: {crowd} at once", f"{crowd / home_crowd_s:.0f}/s")
    table.add_row("ratio, one question (lower is better)", f"{alone_ms / home_alone_ms:.2f}")
    table.add_row("ratio, crowd (higher is better)", f"{home_crowd_s / crowd_s:.2f}")
    return table


async def homemade(stack: Stack, singles: int, texts: list[str]) -> tuple[float, float]:
    """Measure the encoder and a NumPy scan in this process, a thread a question."""
    async with await AsyncConnection.connect(stack.urls.database) as connection:
        cursor = await connection.execute(
            "SELECT e.embedding::vector::real[] FROM embeddings e"
            " JOIN spaces s ON s.id = e.space_id AND s.live"
        )
        vectors = np.array([row[0] for row in await cursor.fetchall()], dtype=np.float32)
    encoder = await asyncio.to_thread(models.load, "mini")

    def answer(text: str) -> list[int]:
        scores = vectors @ encoder.encode_texts([text])[0]
        best = np.argpartition(-scores, 10)[:10]
        return [int(n) for n in best[np.argsort(-scores[best])]]

    async def ask(n: int) -> None:
        await asyncio.to_thread(answer, f"home-made question {n}")

    await ask(0)
    alone_ms = await median_ms(singles, ask)
    began = time.perf_counter()
    await asyncio.gather(*(asyncio.to_thread(answer, text) for text in texts))
    return alone_ms, time.perf_counter() - began


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--short", action="store_true")
    short = parser.parse_args().short
    stack = Stack(new_data_dir(), samples=True)
    try:
        began = time.perf_counter()
        stack.start()
        first_start_s = time.perf_counter() - began
        table = asyncio.run(measure(stack, singles=30 if short else 200, crowd=500))
        table.add_row("first start, samples included", f"{first_start_s:.1f} s")
        stop_s = stack.stop()
        began = time.perf_counter()
        stack.start()
        table.add_row("second start", f"{time.perf_counter() - began:.1f} s")
        table.add_row("Ctrl-C until everything has ended", f"{stop_s:.1f} s")
    finally:
        stack.kill_everything()
        shutil.rmtree(Path(stack.data_dir), ignore_errors=True)
    Console().print(table)


if __name__ == "__main__":
    main()
