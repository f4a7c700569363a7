"""What a benchmark reports, and how it is started, printed and kept.

A benchmark is a module of this package with a function that measures and returns a
:class:`Report`, given to :func:`main`.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid
from rich.text import Text

from benchmarks._machine import Machine

DOCS = Path(__file__).parent.parent / "docs"


@dataclass(frozen=True, slots=True)
class Table:
    """Figures in rows, each as long as ``columns``; units stand in the text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One acceptance bar: what was wanted, what was measured, and whether that meets it."""

    what: str
    wanted: str
    measured: str
    met: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over one x-axis; a series is its name and its points (x, y)."""

    title: str
    x_label: str
    y_label: str
    series: Mapping[str, Sequence[tuple[float, float]]]
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """All that a benchmark has measured."""

    title: str
    tables: Sequence[Table]
    bars: Sequence[Bar] = ()
    plots: Sequence[Plot] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A report with where it comes from, as it is kept in ``docs/benchmarks``."""

    benchmark: str
    report: Report
    command: str
    is_short: bool
    started: datetime
    took_s: float
    load_average: float
    """Of the last minute before the start: what else the machine was doing."""
    machine: Machine


RECORD = TypeAdapter(Record)


def main(name: str, run: Callable[[bool], Report], arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark ``name``, print its report and, with ``--write``, keep it.

    ``run`` is given whether the short form is wanted. ``arguments`` are those of the command
    line, for a benchmark that has taken options of its own out of them.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--short", action="store_true", help="fewer and smaller measurements")
    parser.add_argument("--write", action="store_true", help="keep the result in docs/benchmarks")
    options = parser.parse_args(arguments)
    console = Console()
    started, began = datetime.now(UTC), time.perf_counter()
    machine, load_average = Machine.this(), Machine.load_average()
    report = run(options.short)
    show(report, console)
    if not options.write:
        return
    record = Record(
        benchmark=name,
        report=report,
        command=shlex.join(["python", "-m", f"benchmarks.{name}", *sys.argv[1:]]),
        is_short=options.short,
        started=started.replace(microsecond=0),
        took_s=round(time.perf_counter() - began, 1),
        load_average=round(load_average, 2),
        machine=machine,
    )
    console.print(keep(record, DOCS))


def keep(record: Record, docs: Path) -> str:
    """Save a record below ``docs`` and write the page anew; returns a sentence on it."""
    from benchmarks._page import write_page

    folder = docs / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record.benchmark}.json"
    path.write_bytes(RECORD.dump_json(record, indent=1) + b"\n")
    return f"Written to {path}. {write_page(docs)}"


def show(report: Report, console: Console) -> None:
    """Print a report; plots are left to the page."""
    console.print(Text(report.title, "bold"))
    if report.bars:
        grid = Grid("what", "wanted", "measured", "", box=box.SIMPLE)
        for bar in report.bars:
            met = Text("met", "green") if bar.met else Text("NOT met", "bold red")
            grid.add_row(*map(escape, (bar.what, bar.wanted, bar.measured)), met)
        console.print(grid)
    for table in report.tables:
        grid = Grid(*map(escape, table.columns), title=escape(table.title), box=box.SIMPLE)
        for row in table.rows:
            grid.add_row(*map(escape, row))
        console.print(grid)
    for note in report.notes:
        console.print(Text(note))
