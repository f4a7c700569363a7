"""Memory: the real service with both chat front-ends, over many questions.

``python -m bot run`` with Discord, Telegram and the web chat, talking to the fake platforms of the
tests: Discord behind TLS, a proxy between. People ask on both at once, half of them each; every
other question was asked before. All processes are measured before the first question and fifty
times on the way. That is with the default encoder. The processes are measured with ``mini`` and
with an encoder of real size too, whose weights are random; those are asked by a bot without
front-ends, as what the latter does takes its time.

    python -m benchmarks.memory [--short] [--questions 100000] [--write]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np
from safetensors import safe_open

from benchmarks import _questions
from benchmarks._asking import ask_all
from benchmarks._crowd import ASKERS, OFTEN_ASKED, PICTURES, service
from benchmarks._processes import BOT, Usage, memory_of, text_worker, workers
from benchmarks._real_size import real_size_model
from benchmarks._report import Bar, Plot, Report, Table, main
from benchmarks._service import ask, bot_of, write_pictures
from benchmarks._service import service as plain_service
from bot.app import opened
from workers.choice import DEFAULT_ENCODER
from workers.contract import MAX_BATCH
from workers.encoders.models import (
    BUNDLED,
    describe_model,
    extended_by_packs,
    is_made_of_parts,
)

SAMPLES = 50
BOT_MIB = 150
TOWER_TIMES, WORKER_MIB = 1.3, 200
"""A text worker may take its tower's size so many times, and so much more."""
_ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
GROWTH_MIB = 3
"""Over the second half of all questions; a line through noise is not level."""


@dataclass
class Course:
    """What was measured on the way, by the number of questions answered so far."""

    at: list[int] = field(default_factory=list)
    usage: list[dict[str, Usage]] = field(default_factory=list)

    def add(self, answered: int, usage: dict[str, Usage]) -> None:
        """Note a measurement."""
        self.at.append(answered)
        self.usage.append(usage)

    def rss(self, name: str) -> list[float]:
        """Return a process's resident memory over time, in MiB."""
        return [usage[name].rss for usage in self.usage]

    def growth(self, name: str) -> float:
        """Return by how much a process has grown over the second half, in MiB, by a line."""
        half = next(n for n, at in enumerate(self.at) if at >= self.at[-1] / 2)
        at, rss = self.at[half:], self.rss(name)[half:]
        slope, _ = np.polyfit(at, rss, 1)
        return float(slope) * (at[-1] - at[0])


async def measure(total: int) -> Course:
    """Measure the service while so many questions are asked."""
    course = Course()
    with tempfile.TemporaryDirectory() as folder:
        async with service(Path(folder), DEFAULT_ENCODER) as (stack, crowd):
            course.add(0, memory_of(stack))
            await crowd.ask(1000)
            course.add(crowd.answered, memory_of(stack))
            step = (total - 1000) // SAMPLES
            for _ in range(SAMPLES):
                await crowd.ask(step)
                course.add(crowd.answered, memory_of(stack))
    return course


async def measure_plain(encoder: Path, questions: int) -> dict[str, Usage]:
    """Measure the service without front-ends, with another encoder, after so many questions."""
    with plain_service(str(encoder)) as stack:
        await asyncio.to_thread(stack.start)
        write_pictures(stack, 1000)
        async with opened(bot_of(stack)) as app:
            await ask_all(_questions.some(questions), MAX_BATCH, lambda text: ask(app, text))
            return memory_of(stack)


def tower_mib(folder: Path) -> float:
    """Return the size of a model's text tower, as it lies on disk.

    For one made of parts: of all that questions need, the tower of drawings included.
    """
    if is_made_of_parts(folder):
        drawings = extended_by_packs(folder)
        own = {*describe_model(folder).text_files} - {*describe_model(drawings).text_files}
        sizes = [path.stat().st_size for path in own if path.is_file()]
        return tower_mib(drawings) + sum(sizes) / 2**20
    with safe_open(folder / "model.safetensors", "numpy") as file:
        slices = [file.get_slice(name) for name in file.keys() if name.startswith("text_")]  # noqa: SIM118
        size_bytes = sum(_ITEM_BYTES[one.get_dtype()] * prod(one.get_shape()) for one in slices)
    return float(size_bytes) / 2**20


def run(is_short: bool, asked: int | None) -> Report:
    """Measure, and compare with what was wanted; ``asked`` is another number of questions."""
    course = asyncio.run(measure(asked or (5_000 if is_short else 100_000)))
    questions = 200 if is_short else 1000
    others = {"mini": BUNDLED / "mini", "real size": real_size_model()}
    plain = {name: asyncio.run(measure_plain(others[name], questions)) for name in others}
    worker = text_worker(course.usage[-1])
    default = [usage[worker] for usage in course.usage]
    return Report(
        title="Memory",
        tables=[_table(course), _others_table(plain, questions)],
        bars=[
            *_bars(course),
            _worker_bar(DEFAULT_ENCODER, default, BUNDLED / DEFAULT_ENCODER),
            *(_worker_bar(name, [usage[worker]], others[name]) for name, usage in plain.items()),
        ],
        plots=[_plot(course)],
        notes=[
            f"{ASKERS} people on Discord and {ASKERS} on Telegram ask half of the questions each,"
            f" every other of which is one of {OFTEN_ASKED} that are asked again and again."
            f" {PICTURES} pictures an answer. What Redis gains are cached answers, which expire.",
        ],
    )


def _worker_bar(encoder: str, usage: Sequence[Usage], folder: Path) -> Bar:
    tower = tower_mib(folder)
    limit = TOWER_TIMES * tower + WORKER_MIB
    most = max(usage, key=lambda one: one.rss)
    wanted = f"<= {TOWER_TIMES} x {tower:.0f} + {WORKER_MIB} = {limit:.0f} MiB"
    measured = f"{most.rss:.0f} MiB, of which its own {most.pss:.0f}"
    return Bar(f"text worker, {encoder}", wanted, measured, most.rss <= limit)


def _bars(course: Course) -> Iterator[Bar]:
    most = max(course.rss(BOT))
    what = "bot with Discord, Telegram and the web chat, at most"
    yield Bar(what, f"<= {BOT_MIB} MiB", f"{most:.0f} MiB", most <= BOT_MIB)
    for name in (BOT, *workers(course.usage[-1])):
        grown = course.growth(name)
        span = course.at[-1] - course.at[-1] // 2
        what = f"growth of the {name} over the last {_plain(span)} questions"
        yield Bar(what, f"<= {GROWTH_MIB} MiB", f"{grown:+.1f} MiB", grown <= GROWTH_MIB)


def _others_table(plain: Mapping[str, dict[str, Usage]], questions: int) -> Table:
    title = f"RSS (PSS) in MiB with other encoders, without front-ends, after {questions} questions"
    return Table(title, ("process", *plain), _rows([*plain.values()]))


def _rows(measured: Sequence[dict[str, Usage]]) -> tuple[tuple[str, ...], ...]:
    """Return a row for each process, a column for each measurement, and what all have together."""
    rows = [
        (name, *(f"{one[name].rss:.0f} ({one[name].pss:.0f})" for one in measured))
        for name in measured[-1]
    ]
    together = [sum(one.pss for one in usage.values()) for usage in measured]
    return (*rows, ("all together", *(f"({pss:.0f})" for pss in together)))


def _plain(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _table(course: Course) -> Table:
    chosen = (0, 1, -1)
    columns = [f"{_plain(course.at[n])} questions" for n in chosen]
    title = f"RSS (PSS) in MiB with {DEFAULT_ENCODER}, after"
    return Table(title, ("process", *columns), _rows([course.usage[n] for n in chosen]))


def _plot(course: Course) -> Plot:
    def line(name: str) -> Sequence[tuple[float, float]]:
        return [(at, round(rss, 1)) for at, rss in zip(course.at, course.rss(name), strict=True)]

    names = (BOT, *workers(course.usage[-1]))
    return Plot("Memory", "questions", "RSS, MiB", {name: line(name) for name in names})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--questions", type=int, help="so many, through both front-ends")
    options, rest = parser.parse_known_args(sys.argv[1:])
    main("memory", lambda short: run(short, options.questions), rest)
