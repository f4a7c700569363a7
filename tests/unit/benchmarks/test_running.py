"""``python -m benchmarks``: one after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import names, run_all


def test_every_benchmark_is_found_and_helpers_are_not(tmp_path: Path) -> None:
    for file in ("first.py", "second.py", "_helper.py", "__main__.py", "notes.txt"):
        (tmp_path / file).write_text("")
    assert names(tmp_path) == ["first", "second"]
    assert "interactions" in names()


def test_one_that_fails_does_not_keep_the_others_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "trial"
    package.mkdir()
    (package / "bad.py").write_text("raise SystemExit(3)")
    (package / "good.py").write_text(
        "import sys\nfrom pathlib import Path\nPath('ran.txt').write_text(' '.join(sys.argv[1:]))"
    )
    monkeypatch.chdir(tmp_path)
    assert run_all("trial", ["bad", "good"], ["--short"]) == ["bad"]
    assert (tmp_path / "ran.txt").read_text() == "--short"


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    command = [sys.executable, "-m", "benchmarks", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert "interactions" in done.stderr
