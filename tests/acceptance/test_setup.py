"""``make setup`` where it cannot go on: the person is told why, and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What setup reads of a fresh clone."""
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run_setup(clone: Path, **environment: str) -> str:
    """Run it to its end, which has to be a failure; returns what it said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(
        ["sh", "scripts/setup.sh"],
        cwd=clone,
        env={**kept, "SYSTEM_PACKAGES": "no", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    return done.stdout


def test_a_python_outside_the_locked_ones_is_told_which_they_are(clone: Path) -> None:
    newer = clone / "python3.15"
    newer.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] || exit 1\n'
        f"exec {sys.executable} -c \"import sys; sys.version_info = (3, 15, 0, 'final', 0)\n$2\"\n",
        "utf-8",
    )
    newer.chmod(0o755)
    said = run_setup(clone, PYTHON=str(newer))
    assert "none of the versions that Babelpix is locked for: Python 3.11 to 3.14" in said


def test_without_the_registry_the_package_is_named(clone: Path) -> None:
    said = run_setup(
        clone,
        PYTHON=sys.executable,
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_RETRIES="0",
        PIP_NO_CACHE_DIR="1",
    )
    assert "could not be had: aiohappyeyeballs==" in said
    assert "is the package registry that pip uses reachable?" in said
    assert "'make setup' goes on from here" in said


def test_a_file_that_is_not_the_locked_one_is_not_installed(clone: Path) -> None:
    wheels = clone / "wheels"
    wheels.mkdir()
    lock = clone / "requirements" / "runtime.txt"
    name, version = lock.read_text("utf-8").splitlines()[1].split()[0].split("==")
    (wheels / f"{name}-{version}-py3-none-any.whl").write_bytes(b"somebody else's")
    said = run_setup(
        clone,
        PYTHON=sys.executable,
        PIP_CONFIG_FILE=os.devnull,
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(wheels),
    )
    assert "DO NOT MATCH THE HASHES" in said
    assert not list((clone / ".venv").glob(f"lib/*/site-packages/{name}"))
