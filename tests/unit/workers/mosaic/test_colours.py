"""The colours of pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.encoders.mosaic.colours import COLOURS, DIMENSION, MONOCHROME, shares

PAINTS = {
    "red": (210, 30, 35),
    "orange": (240, 130, 20),
    "yellow": (245, 220, 40),
    "green": (40, 140, 60),
    "blue": (40, 80, 200),
    "purple": (130, 50, 180),
    "pink": (250, 160, 190),
    "brown": (110, 70, 35),
    "black": (12, 12, 12),
    "white": (250, 250, 250),
    "grey": (128, 128, 128),
}


@pytest.mark.parametrize("name", COLOURS)
def test_a_painted_middle_is_of_its_colour(name: str) -> None:
    picture = np.full((48, 48, 3), 250 if name != "white" else 20, np.uint8)
    picture[12:36, 12:36] = PAINTS[name]
    found = shares(picture)[: len(COLOURS)]
    ground = COLOURS.index("white" if name != "white" else "black")
    assert {int(place) for place in np.argsort(-found)[:2]} == {COLOURS.index(name), ground}


@given(st.integers(0, 255), st.integers(1, 40))
def test_greys_alone_are_monochrome(level: int, side: int) -> None:
    picture = np.full((side, side, 3), level, np.uint8)
    assert shares(picture)[MONOCHROME] == 1


@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_shares_are_numbers_between_nothing_and_all(side: int, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    found = shares(noise)
    assert found.shape == (DIMENSION,)
    assert found.min() >= 0
    assert found.max() <= 1
