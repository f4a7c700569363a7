"""Memory: the real service with both chat front-ends, over many questions.

``python -m bot run`` with Discord, Telegram and the web chat, talking to the fake platforms of the
tests: Discord behind TLS, a proxy between. People ask on both at once, half of them each; every
other question was asked before. All processes are measured before the first question and fifty
times on the way. The text worker is measured with an encoder of real size too, whose weights are
random; that one is asked by a bot without front-ends, as what it does takes its time.

    python -m benchmarks.memory [--short] [--questions 100000] [--write]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
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
from workers.contract import MAX_BATCH
from workers.encoders.models import BUNDLED

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
        async with service(Path(folder)) as (stack, crowd):
            course.add(0, memory_of(stack))
            await crowd.ask(1000)
            course.add(crowd.answered, memory_of(stack))
            step = (total - 1000) // SAMPLES
            for _ in range(SAMPLES):
                await crowd.ask(step)
                course.add(crowd.answered, memory_of(stack))
    return course


async def measure_real(questions: int) -> dict[str, Usage]:
    """Measure the service with an encoder of real size after so many questions."""
    with plain_service(str(real_size_model())) as stack:
        await asyncio.to_thread(stack.start)
        write_pictures(stack, 1000)
        async with opened(bot_of(stack)) as app:
            await ask_all(_questions.some(questions), MAX_BATCH, lambda text: ask(app, text))
            return memory_of(stack)


def tower_mib(folder: Path) -> float:
    """Return the size of a model's text tower, as it lies on disk."""
    with safe_open(folder / "model.safetensors", "numpy") as file:
        slices = [file.get_slice(name) for name in file.keys() if name.startswith("text_")]  # noqa: SIM118
        size_bytes = sum(_ITEM_BYTES[one.get_dtype()] * prod(one.get_shape()) for one in slices)
    return float(size_bytes) / 2**20


def run(is_short: bool, asked: int | None) -> Report:
    """Measure, and compare with what was wanted; ``asked`` is another number of questions."""
    course = asyncio.run(measure(asked or (5_000 if is_short else 100_000)))
    questions = 200 if is_short else 1000
    real = asyncio.run(measure_real(questions))
    name = text_worker(course.usage[-1])
    return Report(
        title="Memory",
        tables=[_table(course), _real_table(real, questions)],
        bars=[
            *_bars(course),
            _worker_bar("mini", [usage[name] for usage in course.usage], BUNDLED / "mini"),
            _worker_bar("real size", [real[text_worker(real)]], real_size_model()),
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


def _real_table(real: dict[str, Usage], questions: int) -> Table:
    rows = tuple((name, f"{one.rss:.0f} ({one.pss:.0f})") for name, one in real.items())
    title = f"RSS (PSS) in MiB with an encoder of real size, after {questions} questions"
    return Table(title, ("process", "MiB"), rows)


def _plain(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _table(course: Course) -> Table:
    chosen = (0, 1, -1)
    columns = [f"{_plain(course.at[n])} questions" for n in chosen]
    rows: list[tuple[str, ...]] = []
    for name in course.usage[-1]:
        usage = [course.usage[n][name] for n in chosen]
        rows.append((name, *(f"{one.rss:.0f} ({one.pss:.0f})" for one in usage)))
    return Table("RSS (PSS) in MiB after", ("process", *columns), tuple(rows))


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
