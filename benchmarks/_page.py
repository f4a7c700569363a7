"""``docs/benchmarks.md``, made of the records beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks._machine import Machine
from benchmarks._plots import NEEDS_MATPLOTLIB, draw
from benchmarks._report import RECORD, Plot, Record

_HEAD = """\
# Benchmarks

What was wanted, what was measured, and on which machine. `python -m benchmarks --write NAME` \
writes this page and the files beside it; do not edit them. Other work on the machine, which the \
load shows, makes figures worse.
"""


def write_page(docs: Path) -> str:
    """Write the page of all records below ``docs``; returns a sentence on what is missing."""
    folder = docs / "benchmarks"
    records = [RECORD.validate_json(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    for old in folder.glob("*.svg"):
        old.unlink()
    drawn = True
    parts = [_HEAD, _contents(records)]
    for record in records:
        pictures = [folder / f"{record.benchmark}-{n}.svg" for n in range(len(record.report.plots))]
        is_drawn = all(draw(*pair) for pair in zip(record.report.plots, pictures, strict=True))
        drawn = drawn and is_drawn
        names = [f"{folder.name}/{path.name}" for path in pictures] if is_drawn else []
        parts.append("\n\n".join(_section(record, names)) + "\n")
    (docs / "benchmarks.md").write_text("\n".join(parts), "utf-8")
    return "" if drawn else NEEDS_MATPLOTLIB


def _contents(records: Sequence[Record]) -> str:
    """Return a list of the benchmarks with how many of the bars each meets."""
    rows = []
    for record in records:
        bars = record.report.bars
        met = f"{sum(bar.met for bar in bars)} of {len(bars)}" if bars else "–"
        link = f"[{record.report.title}](#{record.benchmark})"
        rows.append((link, met, "short" if record.is_short else "full"))
    return "\n".join(_grid(("benchmark", "bars met", "form"), rows)) + "\n"


def _section(record: Record, pictures: Sequence[str]) -> Iterator[str]:
    """Yield the paragraphs of one benchmark."""
    report = record.report
    yield f'<a id="{record.benchmark}"></a>\n## {report.title}'
    yield _origin(record)
    if report.bars:
        rows = [
            (bar.what, bar.wanted, bar.measured, "met" if bar.met else "**NOT met**")
            for bar in report.bars
        ]
        yield "\n".join(_grid(("what", "wanted", "measured", ""), rows))
    for table in report.tables:
        yield f"**{table.title}**"
        yield "\n".join(_grid(table.columns, table.rows))
    for plot, picture in zip(report.plots, pictures, strict=bool(pictures)):
        yield f"![{plot.title}]({picture})"
    if report.plots and not pictures:
        for plot in report.plots:
            yield f"**{plot.title}**"
            yield "\n".join(_points(plot))
        yield NEEDS_MATPLOTLIB
    yield from report.notes


def _origin(record: Record) -> str:
    """Return when, how and on what a benchmark was run."""
    machine, when = record.machine, f"{record.started:%Y-%m-%d %H:%M} UTC"
    form = "short" if record.is_short else "full"
    return (
        f"{when}, {form}: `{record.command}`, {_duration(record.took_s)}, load"
        f" {record.load_average:.2f} at the start. {_hardware(machine)}."
        f" {', '.join(f'{name} {number}' for name, number in machine.versions.items())}."
    )


def _hardware(machine: Machine) -> str:
    can = f" ({', '.join(machine.instructions)})" if machine.instructions else ""
    cores = "1 core" if machine.cores == 1 else f"{machine.cores} cores"
    return f"{cores} of {machine.cpu}{can}, {machine.memory_gib:.0f} GiB, {machine.system}"


def _duration(took_s: float) -> str:
    return f"{took_s:.0f} s" if took_s < 120 else f"{took_s / 60:.0f} min"


def _points(plot: Plot) -> list[str]:
    """Return a plot as a table: a row for each x, a column for each series."""
    series = {name: dict(points) for name, points in plot.series.items()}
    every_x = sorted({x for points in series.values() for x in points})
    rows = [
        (f"{x:g}", *(f"{points[x]:g}" if x in points else "" for points in series.values()))
        for x in every_x
    ]
    return _grid((f"{plot.x_label} → {plot.y_label}", *series), rows)


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return [f"| {' | '.join(map(_cell, line))} |" for line in lines]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
