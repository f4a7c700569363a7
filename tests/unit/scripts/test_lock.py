"""The lock: what it holds, and that what does not fit pyproject.toml is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(lock: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of pyproject.toml and its lock, to be spoilt."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    monkeypatch.setattr(lock, "FOLDER", tmp_path / "requirements")
    return tmp_path


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_the_lock_fits_the_project(lock: ModuleType) -> None:
    assert list(lock.problems()) == []


def test_each_package_has_one_version_in_all_files(lock: ModuleType) -> None:
    found = {pin for text in lock.lock_files().values() for pin in lock.PIN.findall(text)}
    assert len(found) == len({name for name, _ in found}) > 150


def test_every_locked_file_has_its_hashes(lock: ModuleType) -> None:
    for name, text in lock.lock_files().items():
        starts = [found.start() for found in lock.PIN.finditer(text)]
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            assert "--hash=sha256:" in text[start:end], (name, text[start : start + 40])


def test_what_only_an_nvidia_gpu_needs_comes_with_torch_alone(lock: ModuleType) -> None:
    files = lock.lock_files()
    assert "nvidia-cublas" in lock.pins(files.pop("torch"))
    for text in files.values():
        assert not [name for name in lock.pins(text) if lock.WITH_CUDA.fullmatch(name)]


def test_no_machine_shows_in_the_lock(lock: ModuleType) -> None:
    for text in lock.lock_files().values():
        assert "://" not in text
        assert "/tmp/" not in text  # noqa: S108
        assert "index-url" not in text


def test_these_pythons_are_locked(lock: ModuleType) -> None:
    assert lock.locked_pythons(lock.project()) == ["3.11", "3.12", "3.13", "3.14"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"aiohttp>=', '"leftpad>=1",\n  "aiohttp>=', "asks for leftpad>=1, the lock has none"),
        ('"rich>=13.9,<16"', '"rich>=99"', "asks for rich>=99, the lock has "),
        ('"psutil>=6,<8"', '"psutil>=6,<7"', "asks for psutil<7,>=6, the lock has 7"),
        ('"uv>=0.9,<1"', '"uv<0.1"', "asks for uv<0.1, the lock has 0"),
        ('  "trustme>=1.2,<2",\n', "", "asks for something else than when the lock was made"),
        ('"redis[hiredis]>=', '"redis[jwt]>=', "asks for something else than when"),
        (",<3.15", ",<3.16", "asks for something else than when the lock was made"),
    ],
)
def test_what_does_not_fit_is_named_with_the_command_that_mends_it(
    lock: ModuleType,
    project: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    old: str,
    new: str,
    problem: str,
) -> None:
    assert lock.check() == 0
    replace(project / "pyproject.toml", old, new)
    assert lock.check() == 1
    said = capsys.readouterr().err
    assert problem in said
    assert "run `make lock`" in said


def test_a_file_of_the_lock_that_is_missing_is_named(
    lock: ModuleType, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "requirements" / "bench.txt").unlink()
    assert lock.check() == 1
    assert "requirements/bench.txt is missing" in capsys.readouterr().err


def test_what_moved_is_told(lock: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    lock.tell_moves({"a": "1", "b": "1", "gone": "2"}, {"a": "1", "b": "2", "new": "3"})
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert said == ["b 1 → 2", "gone 2 → –", "new – → 3", "3 of 3 packages moved."]
