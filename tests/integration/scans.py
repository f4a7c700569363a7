"""Which way searches go in a test. What is replaced are constants, not behaviour."""

from __future__ import annotations

import pytest

from db import nearest

_NEVER = 10**9


def choose_scan(
    monkeypatch: pytest.MonkeyPatch, *, exactly: bool = False, meets: int | None = None
) -> None:
    """Search exactly however many pictures there are, or by index however few.

    An index finds as little at first as ``meets`` is small.
    """
    monkeypatch.setattr(nearest, "INDEX_FROM", _NEVER if exactly else 0)
    monkeypatch.setattr(nearest, "FOUND_BY_ID", _NEVER)
    if meets is not None:
        monkeypatch.setattr(nearest, "PROBES", 1)
        monkeypatch.setattr(nearest, "SCANNED", meets)
        monkeypatch.setattr(nearest, "MEETS", meets)
