"""Comparing pictures by their pixels."""

from __future__ import annotations

import numpy as np
from PIL import Image

NEAR = 24
"""How far a colour may be off after JPEG and CMYK, of 255."""


def pixels(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.asarray(image).astype(np.int64)


def assert_near(actual: object, expected: tuple[int, ...], tolerance: int = NEAR) -> None:
    assert np.abs(np.asarray(actual, int) - np.asarray(expected, int)).max() <= tolerance, actual
