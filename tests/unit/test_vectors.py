"""Vectors as they travel and as Postgres takes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgvector import HalfVector

from db.vectors import from_halfvec, to_halfvec

halves = st.lists(st.floats(width=16, allow_nan=False, allow_infinity=False), min_size=1)


@given(halves)
def test_every_number_arrives(values: list[float]) -> None:
    wire = np.array(values, dtype="<f2").tobytes()
    halfvec = to_halfvec(wire)
    assert halfvec == HalfVector(values)
    assert from_halfvec(halfvec) == wire


@given(halves, st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0))
def test_what_is_not_finite_is_refused(values: list[float], bad: float, at: int) -> None:
    wire = np.insert(np.array(values, dtype="<f2"), at % (len(values) + 1), bad).tobytes()
    with pytest.raises(ValueError, match="finite"):
        to_halfvec(wire)


def test_infinities_that_cancel_out_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        to_halfvec(np.array([np.inf, -np.inf], dtype="<f2").tobytes())


def test_half_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="middle"):
        to_halfvec(b"\0\0\0")
