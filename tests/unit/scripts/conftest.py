"""The project's own scripts, as modules."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.fixture(scope="module")
def lock() -> Iterator[ModuleType]:
    yield from _imported("lock")


@pytest.fixture(scope="module")
def canary() -> Iterator[ModuleType]:
    yield from _imported("canary")


def _imported(name: str) -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        module = importlib.import_module(name)
        yield module
        sys.modules.pop(name)
