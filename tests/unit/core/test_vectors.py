"""Vectors half way between two others."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.vectors import between
from tests.unit.core.memory_pictures import vector

UNITS = st.lists(st.floats(-1, 1, width=16), min_size=8, max_size=8).filter(any)


def _values(written: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(written) // 2}e", written)


def _unit(values: list[float]) -> bytes:
    length = math.hypot(*values)
    return vector(*(value / length for value in values))


def _cosine(one: bytes, other: bytes) -> float:
    return sum(a * b for a, b in zip(_values(one), _values(other), strict=True))


@given(UNITS, UNITS)
def test_half_way_is_as_near_to_the_one_as_to_the_other(
    some: list[float], others: list[float]
) -> None:
    one, other = _unit(some), _unit(others)
    assume(_cosine(one, other) > -0.99)
    middle = between(one, other)
    assert math.hypot(*_values(middle)) == pytest.approx(1, abs=0.01)
    assert _cosine(middle, one) == pytest.approx(_cosine(middle, other), abs=0.02)
    assert _cosine(middle, one) >= _cosine(one, other) - 0.01
    assert between(other, one) == middle


def test_half_way_between_two_axes() -> None:
    assert _values(between(vector(1, 0), vector(0, 1))) == pytest.approx((0.7071,) * 2, abs=1e-3)
    assert between(vector(1, 0), vector(1, 0)) == vector(1, 0)


def test_between_opposites_lies_nothing() -> None:
    assert between(vector(1, 0), vector(-1, 0)) == vector(1, 0)
