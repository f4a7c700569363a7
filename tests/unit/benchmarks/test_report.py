"""How benchmarks' results are shown and kept."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from benchmarks import _report
from benchmarks._machine import Machine
from benchmarks._page import write_page
from benchmarks._plots import draw
from benchmarks._report import RECORD, Bar, Plot, Record, Report, Table, keep, main, show

REPORT = Report(
    title="Apples",
    tables=[Table("Weights", ("kind", "g | each"), (("red [bold]", "80"), ("green", "95 | 96")))],
    bars=[Bar("heaviest", ">= 90 g", "95 g", met=True), Bar("lightest", ">= 90 g", "80 g", False)],
    plots=[Plot("Growth", "days", "g", {"red": [(1, 10), (2, 30.5)], "green": [(2, 20)]})],
    notes=["Weighed wet."],
)
RECORD_OF_APPLES = Record(
    benchmark="apples",
    report=REPORT,
    command="python -m benchmarks.apples",
    is_short=False,
    started=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    took_s=180.0,
    load_average=0.25,
    machine=Machine("Abacus 9", 2, 23.5, "Linux 6", ("avx2",), {"python": "3.11.2"}),
)


def test_what_is_kept_is_read_back_the_same(tmp_path: Path) -> None:
    keep(RECORD_OF_APPLES, tmp_path)
    read = RECORD.validate_json((tmp_path / "benchmarks" / "apples.json").read_bytes())
    assert RECORD.dump_python(read) == RECORD.dump_python(RECORD_OF_APPLES)


def test_the_page_says_what_was_wanted_measured_and_met(tmp_path: Path) -> None:
    keep(RECORD_OF_APPLES, tmp_path)
    page = (tmp_path / "benchmarks.md").read_text("utf-8")
    lines = page.splitlines()
    assert "| heaviest | >= 90 g | 95 g | met |" in lines
    assert "| lightest | >= 90 g | 80 g | **NOT met** |" in lines
    assert "| green | 95 \\| 96 |" in lines
    assert "| [Apples](#apples) | 1 of 2 | full |" in lines
    assert "Weighed wet." in lines
    for fact in ("2026-01-02 03:04 UTC", "2 cores of Abacus 9 (avx2)", "24 GiB", "0.25", "3 min"):
        assert fact in page
    can_draw = find_spec("matplotlib") is not None
    assert ("![Growth](benchmarks/apples-0.svg)" if can_draw else "Plots need matplotlib") in page


def test_the_page_holds_every_benchmark_kept_and_no_plot_of_former_ones(tmp_path: Path) -> None:
    pears = replace(RECORD_OF_APPLES, benchmark="pears", report=Report("Pears", []), is_short=True)
    keep(RECORD_OF_APPLES, tmp_path)
    keep(pears, tmp_path)
    page = (tmp_path / "benchmarks.md").read_text("utf-8")
    assert page.index("## Apples") < page.index("## Pears")
    assert "| [Pears](#pears) | – | short |" in page
    keep(replace(RECORD_OF_APPLES, report=replace(REPORT, plots=[])), tmp_path)
    assert not list((tmp_path / "benchmarks").glob("*.svg"))


def test_a_plot_is_a_small_file_that_stays_the_same(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (plot,) = REPORT.plots
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    assert draw(plot, first)
    assert draw(plot, second)
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size < 30_000
    texts = {"".join(found.itertext()).strip() for found in ET.parse(first).iter()}  # noqa: S314
    assert {"Growth", "days", "red", "green"} <= texts


def test_without_matplotlib_plots_are_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install" in keep(RECORD_OF_APPLES, tmp_path)
    lines = (tmp_path / "benchmarks.md").read_text("utf-8").splitlines()
    assert "| days → g | red | green |" in lines
    assert "| 1 | 10 |  |" in lines
    assert "| 2 | 30.5 | 20 |" in lines
    assert any("pip install" in line for line in lines)
    assert not any(line.startswith("![") for line in lines)


def test_the_terminal_shows_bars_and_tables_as_they_are() -> None:
    out = StringIO()
    show(REPORT, Console(file=out, width=100))
    for text in ("Apples", "NOT met", "red [bold]", "95 | 96", "Weighed wet."):
        assert text in out.getvalue()


@pytest.mark.parametrize("short", [True, False])
def test_a_benchmark_is_told_its_form_and_kept_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: bool
) -> None:
    told: list[bool] = []

    def run(is_short: bool) -> Report:
        told.append(is_short)
        return REPORT

    monkeypatch.setattr(_report, "DOCS", tmp_path)
    form = ["--short"] if short else []
    monkeypatch.setattr(sys, "argv", ["apples", *form])
    main("apples", run)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(sys, "argv", ["apples", *form, "--write"])
    main("apples", run)
    assert told == [short, short]
    kept = RECORD.validate_json((tmp_path / "benchmarks" / "apples.json").read_bytes())
    assert kept.is_short is short
    assert kept.command == " ".join(["python -m benchmarks.apples", *form, "--write"])


def test_a_page_without_records_has_its_head_only(tmp_path: Path) -> None:
    assert write_page(tmp_path) == ""
    assert (tmp_path / "benchmarks.md").read_text("utf-8").startswith("# Benchmarks\n")
