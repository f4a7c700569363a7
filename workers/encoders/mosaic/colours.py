"""The colours of a picture: shares of its pixels, the middle counted more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COLOURS = (
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "white",
    "grey",
)
"""Berlin and Kay's basic colours, in the order of a vector."""
MONOCHROME = len(COLOURS)
"""The place after them: whether a picture has no colour at all."""
DIMENSION = len(COLOURS) + 1
SIDE_PX = 48
FILE = "colours.json"
_HUES = ((0.04, 0), (0.11, 1), (0.18, 2), (0.45, 3), (0.70, 4), (0.82, 5), (0.95, 6), (1.01, 0))
"""Where hues end (0..1), and the colour up to there."""

Shares = NDArray[np.float32]


def shares(rgb: NDArray[np.uint8]) -> Shares:
    """Return float32 [12] of pixels uint8 [side, side, 3]: shares of colours, and monochrome."""
    colour: NDArray[np.float32] = rgb.reshape(-1, 3).astype(np.float32) / np.float32(255)
    high, low = colour.max(1), colour.min(1)
    chroma = high - low
    saturation = chroma / np.maximum(high, 1e-6)
    light = (high + low) / 2
    hue = _hue(colour, high, chroma)
    kind = np.zeros(len(colour), np.int64)
    start = np.float32(-1)
    for end, number in _HUES:
        kind[(hue > start) & (hue <= end)] = number
        start = np.float32(end)
    # Dark orange and dull yellow are what people call brown, light red is pink.
    kind[(kind <= 2) & (high < 0.6) & (hue < 0.16) & (saturation > 0.25)] = COLOURS.index("brown")
    kind[(kind == 0) & (light > 0.7) & (saturation < 0.65)] = COLOURS.index("pink")
    dull = (saturation < 0.22) | (chroma < 0.08)
    kind[dull] = COLOURS.index("grey")
    kind[dull & (high > 0.8)] = COLOURS.index("white")
    kind[high < 0.2] = COLOURS.index("black")
    side = rgb.shape[0]
    away = np.abs(np.arange(side) - (side - 1) / 2) / (side / 2)
    weight = np.exp(-1.5 * (away[:, None] ** 2 + away[None, :] ** 2)).reshape(-1)
    found = np.bincount(kind, weight, len(COLOURS)) / weight.sum()
    # A quarter of the middle in one colour is as much as most things have.
    soft = np.minimum(1.0, found / 0.25)
    grey = float((chroma * weight).sum() / weight.sum()) < 0.02
    return np.asarray([*soft, float(grey)], np.float32)


def _hue(
    colour: NDArray[np.float32], high: NDArray[np.float32], chroma: NDArray[np.float32]
) -> NDArray[np.float32]:
    red, green, blue = colour.T
    safe = np.maximum(chroma, 1e-6)
    hue = np.where(
        high == red,
        ((green - blue) / safe) % 6,
        np.where(high == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    scaled: NDArray[np.float32] = (hue / 6).astype(np.float32)
    return scaled
