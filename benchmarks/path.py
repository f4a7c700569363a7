"""Questions through the whole path: core, Redis, Celery, worker, Postgres.

Beside it, in the same run and turn by turn, what people write first: one process with
sentence-transformers on torch, a NumPy scan and a thread a question, with the same weights and the
same picture vectors. Once with an encoder of real size, whose weights are random, once with
``mosaic``, and once with ``mini``. Every question is asked once only, but for those that measure
the cache.

    python -m benchmarks.path [--short]
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import _questions
from benchmarks._asking import Round, ask_all, combined
from benchmarks._homemade_process import HomemadeProcess, homemade
from benchmarks._real_size import real_size_model
from benchmarks._report import Bar, Plot, Report, Table, main
from benchmarks._service import Pictures, ask, bot_of, save, service, write_pictures
from bot.app import App, opened
from tests.stack import Stack
from workers.encoders.models import BUNDLED, is_made_of_parts

PICTURES = 5000
ASKERS = (1, 16, 64)
CROWD = ASKERS[-1]
READY_WITHIN_S = 60
FASTER, AS_FAST, CACHED_MS, FIRST = 3.0, 1.0, 3.0, 2.0
"""The bars."""


@dataclass(frozen=True)
class Sizes:
    """How much is asked."""

    rounds: int
    starts: int
    questions: dict[int, int]
    """In a round, by how many ask at once."""
    cached: int = 200


@dataclass
class Figures:
    """What was measured with one encoder."""

    name: str
    ours: dict[int, Round] = field(default_factory=dict)
    """By how many ask at once."""
    theirs: dict[int, Round] = field(default_factory=dict)
    first_ms: list[float] = field(default_factory=list)
    """First question after each start."""
    after_first_ms: list[float] = field(default_factory=list)
    """Median of those that came next."""
    their_first_ms: float = 0.0
    cached_ms: float = 0.0
    questions_a_task: float = 0.0
    start_s: list[float] = field(default_factory=list)
    agreement: float | None = None
    """Share of the ten best pictures that both found, over the questions that both were asked.

    None where the home-made bot does not join its towers' vectors as the model does.
    """


class Measurement:
    """One encoder's service and the home-made bot beside it."""

    def __init__(self, name: str, folder: Path, sizes: Sizes) -> None:
        self.figures = Figures(name)
        self._folder = folder
        self._sizes = sizes
        self._asked = 0

    async def run(self) -> Figures:
        """Measure everything."""
        with (
            service(str(self._folder)) as stack,
            tempfile.TemporaryDirectory() as scratch,
        ):
            await asyncio.to_thread(stack.start)
            pictures = write_pictures(stack, PICTURES)
            for _ in range(self._sizes.starts):
                await self._start(stack)
            async with homemade(self._folder, save(pictures, Path(scratch))) as other:
                (self.figures.their_first_ms,) = (await other.round(self._texts(1), 1)).latencies_ms
                await self._turns(stack, other, pictures)
        return self.figures

    def _texts(self, count: int) -> list[str]:
        """Return questions that nobody has asked yet."""
        self._asked += count
        return _questions.some(count, self._asked - count)

    async def _start(self, stack: Stack) -> None:
        """Start anew, and ask the first questions."""
        await asyncio.to_thread(stack.stop)
        began = time.perf_counter()
        await asyncio.to_thread(stack.start)
        self.figures.start_s.append(time.perf_counter() - began)
        async with opened(bot_of(stack)) as app:
            assert await app.wait_until_ready(READY_WITHIN_S)
            asked = await ask_all(self._texts(11), 1, lambda text: ask(app, text))
        first, *next_ms = asked.latencies_ms
        self.figures.first_ms.append(first)
        self.figures.after_first_ms.append(statistics.median(next_ms))

    async def _turns(self, stack: Stack, other: HomemadeProcess, pictures: Pictures) -> None:
        """Ask both in turns, so that whatever else the machine does meets both."""
        ours: dict[int, list[Round]] = {askers: [] for askers in ASKERS}
        theirs: dict[int, list[Round]] = {askers: [] for askers in ASKERS}
        figures, sizes = self.figures, self._sizes
        async with opened(bot_of(stack)) as app:
            assert await app.wait_until_ready(READY_WITHIN_S)
            await ask_all(self._texts(CROWD), CROWD, lambda text: ask(app, text))
            await other.round(self._texts(8), 8)
            tasks = questions = 0
            for _ in range(sizes.rounds):
                for askers in ASKERS:
                    count = sizes.questions[askers]
                    before = app.client.stats.text_tasks
                    texts = self._texts(count)
                    ours[askers].append(await ask_all(texts, askers, lambda text: ask(app, text)))
                    if askers == CROWD:
                        tasks += app.client.stats.text_tasks - before
                        questions += count
                    theirs[askers].append(await other.round(self._texts(count), askers))
            (text,) = self._texts(1)
            await ask(app, text)
            repeated = [text] * sizes.cached
            figures.cached_ms = (
                await ask_all(repeated, 1, lambda text: ask(app, text))
            ).percentile_ms(50)
            if not is_made_of_parts(self._folder):
                figures.agreement = await _agreement(app, other, pictures)
        figures.questions_a_task = questions / tasks
        figures.ours = {askers: combined(rounds) for askers, rounds in ours.items()}
        figures.theirs = {askers: combined(rounds) for askers, rounds in theirs.items()}


async def _agreement(app: App, other: HomemadeProcess, pictures: Pictures) -> float:
    """Return the share of the ten best pictures that both find."""
    shares = []
    for text in list(other.found)[:20]:
        rows = {int(pictures.ids[row]) for row in other.found[text]}
        hits = {hit.image_id for hit in (await ask(app, text)).hits}
        shares.append(len(rows & hits) / len(rows))
    return float(np.mean(shares))


def run(is_short: bool) -> Report:
    """Measure all encoders, and compare with what was wanted."""
    rounds, starts = (1, 1) if is_short else (3, 3)
    few = {1: 20, 16: 48, 64: 128} if is_short else {1: 40, 16: 96, 64: 256}
    large = Sizes(rounds, starts, few)
    small = Sizes(rounds, starts, {1: 100, 16: 320, 64: 640})
    real = asyncio.run(Measurement("real size", real_size_model(), large).run())
    mosaic = asyncio.run(Measurement("mosaic", BUNDLED / "mosaic", small).run())
    mini = asyncio.run(Measurement("mini", BUNDLED / "mini", small).run())
    every = (real, mosaic, mini)
    return Report(
        title="Questions through the whole path",
        tables=[_speed(every), _rest(every)],
        bars=[*_beside(real), *_beside(mosaic), *_by_itself(real)],
        plots=[_plot(real)],
        notes=[
            f"{PICTURES} pictures, whose random vectors were written straight into Postgres. Such"
            " pictures fit few questions, so answers are measured without an end. Real size: the"
            " architecture of siglip-base-patch16-256-multilingual with random weights. Home-made:"
            " sentence-transformers on torch float32, the same weights and vectors, a NumPy scan, a"
            " thread a question. Different questions in eight languages. Ours answers mini's by"
            " their parts (ADR 15), the home-made bot by the tower alone, so that their pictures"
            " are others. For mosaic the home-made bot has all three text towers in its process,"
            " the sentence encoder as its package gives it, and puts their vectors side by side,"
            " cut to a picture's numbers: how they are joined is not what is measured.",
        ],
    )


def _beside(figures: Figures) -> Iterator[Bar]:
    ours, theirs = figures.ours, figures.theirs
    times = ours[CROWD].rate / theirs[CROWD].rate
    what = f"{figures.name}: answers a second, {CROWD} asking at once, beside the home-made bot"
    yield Bar(what, f">= {FASTER:.1f} x", f"{times:.2f} x", times >= FASTER)
    ratio = ours[1].percentile_ms(50) / theirs[1].percentile_ms(50)
    what = f"{figures.name}: one question alone, beside the home-made bot"
    yield Bar(what, f"<= {AS_FAST:.1f} x", f"{ratio:.2f} x", ratio <= AS_FAST)


def _by_itself(figures: Figures) -> Iterator[Bar]:
    cached = figures.cached_ms
    yield Bar(
        "a question asked before, median", f"<= {CACHED_MS} ms", f"{cached:.1f} ms", cached <= 3
    )
    firsts = zip(figures.first_ms, figures.after_first_ms, strict=True)
    first = statistics.median(first / warm for first, warm in firsts)
    what = "the first question after a start, beside those that follow"
    yield Bar(what, f"<= {FIRST:.1f} x", f"{first:.2f} x", first <= FIRST)


def _speed(every: Sequence[Figures]) -> Table:
    names = ("Babelpix", "home-made")
    rates = [f"{name}, /s" for name in names]
    latencies = [f"{name}, p50 (p95) ms" for name in names]
    rows: list[tuple[str, ...]] = []
    for figures in every:
        for askers in ASKERS:
            pair = (figures.ours[askers], figures.theirs[askers])
            rows.append(
                (
                    figures.name,
                    str(askers),
                    *(f"{one.rate:.1f}" for one in pair),
                    f"{pair[0].rate / pair[1].rate:.2f}",
                    *(f"{one.percentile_ms(50):.1f} ({one.percentile_ms(95):.1f})" for one in pair),
                )
            )
    columns = ("encoder", "at once", *rates, "ratio", *latencies)
    return Table("Different questions", columns, tuple(rows))


def _rest(every: Sequence[Figures]) -> Table:
    lines: dict[str, Callable[[Figures], str]] = {
        "first question after a start, ms": lambda one: f"{statistics.median(one.first_ms):.1f}",
        "the ten after it, ms": lambda one: f"{statistics.median(one.after_first_ms):.1f}",
        "home-made: first question, ms": lambda one: f"{one.their_first_ms:.1f}",
        "a question asked before, ms": lambda one: f"{one.cached_ms:.1f}",
        f"questions a task, {CROWD} at once": lambda one: f"{one.questions_a_task:.1f}",
        "start to ready, s": lambda one: f"{statistics.median(one.start_s):.1f}",
        "not answered in time": lambda one: f"{sum(each.unanswered for each in one.ours.values())}",
        "the same ten best pictures": lambda one: (
            "–" if one.agreement is None else f"{one.agreement:.1%}"
        ),
    }
    rows = tuple((what, *(tell(one) for one in every)) for what, tell in lines.items())
    return Table("Medians", ("what", *(one.name for one in every)), rows)


def _plot(figures: Figures) -> Plot:
    series = {
        name: [(float(askers), round(one.rate, 1)) for askers, one in rounds.items()]
        for name, rounds in (("Babelpix", figures.ours), ("home-made", figures.theirs))
    }
    title = f"Encoder of {figures.name}"
    return Plot(title, "people asking at once", "answers a second", series, log_x=True)


if __name__ == "__main__":
    main("path", run)
