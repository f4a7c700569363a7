"""Warnings of torch about itself are no errors of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tiny import torch_quiet


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with torch_quiet():
        yield
