"""What the way to the worker and back costs, beside the forward pass alone.

Starts the service, and measures in turn: the text tower in this process, one question and batches
of 32; 64 people asking the worker over the queue; one question at a time through the whole core.

    python -m benchmarks.batching [--short] [--write]
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks._asking import Round, UnansweredError, ask_all
from benchmarks._questions import questions
from benchmarks._real_size import real_size_model
from benchmarks._report import Bar, Report, Table, main
from benchmarks._service import ask, bot_of, service, write_pictures
from bot.app import LOCAL_COLLECTION, App, opened
from tests.stack import Stack
from workers import contract
from workers.client import ClientError
from workers.encoders.base import Encoder
from workers.encoders.models import load
from workers.settings import WorkerSettings

PEOPLE = 64
PICTURES = 1000
SHARE = 0.9
OVERHEAD_MS = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured with one encoder."""

    encoder: str
    rounds: int
    alone: int
    """Questions one at a time, in each round."""
    crowd: int
    """Questions of the crowd, in each round."""


@dataclass(slots=True)
class Measured:
    """What was measured with one encoder, a value a round; times of one question in ms."""

    raw_ms: list[float]
    queue_ms: list[float]
    core_ms: list[float]
    raw_rates: list[float]
    queue: list[Round]
    core: list[Round]
    tasks: int = 0
    """Of the crowd that asks the worker alone."""

    @property
    def questions_a_task(self) -> float:
        """How many of a crowd's questions went in one task on average."""
        return sum(len(one.latencies_ms) for one in self.queue) / self.tasks


def run(short: bool) -> Report:
    """Measure with mini and, at length, with an encoder of real size."""
    plans = [Plan("mini", rounds=8, alone=20, crowd=800)]
    if not short:
        plans = [
            Plan("mini", rounds=16, alone=30, crowd=1280),
            Plan(str(real_size_model()), rounds=4, alone=15, crowd=320),
        ]
    tables: list[Table] = []
    bars: list[Bar] = []
    for plan in plans:
        name = "mini" if plan.encoder == "mini" else "real size"
        with service(plan.encoder) as stack:
            stack.start()
            write_pictures(stack, PICTURES)
            engine, measured = asyncio.run(_measure(stack, plan))
        tables.append(_table(f"{name}, {engine}", measured))
        bars += _bars(name, measured)
    notes = (
        f"{PICTURES} pictures; questions in eight languages, all different; raw and queued rounds"
        " take turns, figures are medians of the rounds. “Queue” is the bot's client, Celery over"
        " Redis and the worker; “core” is all a front-end waits for, Postgres included.",
    )
    return Report("Batching: the queue beside the forward pass", tables, bars, notes=notes)


async def _measure(stack: Stack, plan: Plan) -> tuple[str, Measured]:
    urls = stack.urls
    settings = WorkerSettings(
        _env_file=None, database_url=urls.database, redis_url=urls.redis, blob_url=urls.blobs
    )
    encoder = await asyncio.to_thread(
        load, plan.encoder, images=False, options=settings.engine_options
    )
    texts = questions()
    measured = Measured([], [], [], [], [], [])
    async with opened(bot_of(stack)) as app:
        assert await app.wait_until_ready(120)
        await _round(app, encoder, texts, Plan(plan.encoder, 1, 5, 2 * PEOPLE), None)
        for _ in range(plan.rounds):
            await _round(app, encoder, texts, plan, measured)
    return encoder.engine, measured


async def _round(
    app: App, encoder: Encoder, texts: Iterator[str], plan: Plan, into: Measured | None
) -> None:
    """Measure everything once; what else the machine does then meets all alike."""
    space = (await app.index.state(LOCAL_COLLECTION)).space
    assert space is not None

    async def queue(text: str) -> None:
        try:
            await app.client.encode_text(text, space.text_revision)
        except ClientError as error:
            raise UnansweredError(error.code) from error

    async def core(text: str) -> None:
        await ask(app, text)

    def take(count: int) -> list[str]:
        return [next(texts) for _ in range(count)]

    def alone(text: str) -> None:
        encoder.encode_texts([text])

    raw_ms, queue_ms, core_ms = [], [], []
    for _ in range(plan.alone):
        first, second, third = take(3)
        raw_ms.append(_ms(lambda text=first: alone(text)))
        queue_ms.extend((await ask_all([second], 1, queue)).latencies_ms)
        core_ms.extend((await ask_all([third], 1, core)).latencies_ms)
    batches = plan.crowd // contract.MAX_BATCH
    # In a thread: the loop has its connections to look after.
    raw_s = await asyncio.to_thread(
        lambda: _ms(lambda: [encoder.encode_texts(take(32)) for _ in range(batches)]) / 1000
    )
    tasks = app.client.stats.text_tasks
    queue_round = await ask_all(take(plan.crowd), PEOPLE, queue)
    tasks = app.client.stats.text_tasks - tasks
    core_round = await ask_all(take(plan.crowd), PEOPLE, core)
    if into is not None:
        into.raw_ms += raw_ms
        into.queue_ms += queue_ms
        into.core_ms += core_ms
        into.raw_rates.append(batches * contract.MAX_BATCH / raw_s)
        into.queue.append(queue_round)
        into.tasks += tasks
        into.core.append(core_round)


def _table(title: str, measured: Measured) -> Table:
    def row(what: str, alone_ms: list[float], rates: list[float], p95_ms: float | None) -> Row:
        p95 = "" if p95_ms is None else f"{p95_ms:.0f} ms"
        return what, f"{_mid(alone_ms):.2f} ms", f"{_mid(rates):.0f}/s", p95

    def rates(rounds: list[Round]) -> list[float]:
        return [one.rate for one in rounds]

    def p95(rounds: list[Round]) -> float:
        return _mid([one.percentile_ms(95) for one in rounds])

    unanswered = [
        sum(one.unanswered for one in rounds) for rounds in (measured.queue, measured.core)
    ]
    return Table(
        title,
        ("what", "one alone", f"{PEOPLE} at once", "their p95"),
        (
            row("forward pass, batches of 32", measured.raw_ms, measured.raw_rates, None),
            row("over the queue", measured.queue_ms, rates(measured.queue), p95(measured.queue)),
            row("through the core", measured.core_ms, rates(measured.core), p95(measured.core)),
            ("questions a task, over the queue", "", f"{measured.questions_a_task:.1f}", ""),
            ("not answered in time, queue and core", "", "{} and {}".format(*unanswered), ""),
        ),
    )


Row = tuple[str, str, str, str]


def _bars(name: str, measured: Measured) -> list[Bar]:
    shares = [
        queued.rate / raw for queued, raw in zip(measured.queue, measured.raw_rates, strict=True)
    ]
    over_ms = _mid(measured.core_ms) - _mid(measured.raw_ms)
    return [
        Bar(
            f"{name}: {PEOPLE} people, the worker's throughput over that of the raw forward pass",
            f">= {SHARE}",
            f"{_mid(shares):.2f}",
            _mid(shares) >= SHARE,
        ),
        Bar(
            f"{name}: one question through the core, over the raw forward pass",
            f"<= {OVERHEAD_MS:.0f} ms",
            f"{over_ms:.1f} ms",
            over_ms <= OVERHEAD_MS,
        ),
    ]


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


_mid = statistics.median


if __name__ == "__main__":
    main(Path(__file__).stem, run)
