"""One version, from one place."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize(
    "module",
    ["bot", "db", "workers", "workers.celery_worker", "workers.training", "benchmarks"],
)
def test_every_command_tells_the_version_of_the_project(module: str) -> None:
    version = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"]
    done = subprocess.run(
        [sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"Babelpix {version}"
