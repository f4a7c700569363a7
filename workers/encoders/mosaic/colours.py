"""The colours of a picture, and the words that ask for them.

A picture's colours are shares of its pixels, the middle counted more; a question asks for those
whose words it has. Both are numbers of the one vector beside everything else.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.encoders.languages import words_of

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
_ENDING = 3
"""Letters that a word and a known one may have behind what they share."""
_STEM = 4
"""Letters that they share at least."""

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


class ColourWords:
    """Which words ask for which colours, in all languages at once."""

    def __init__(self, words: Mapping[str, int], unspaced: Mapping[str, int]) -> None:
        """``unspaced`` are those of scripts without spaces, looked for anywhere in a text."""
        self._words = dict(words)
        self._unspaced = dict(unspaced)
        self._stems: dict[str, set[int]] = defaultdict(set)
        for word, place in words.items():
            for length in range(max(_STEM, len(word) - _ENDING), len(word) + 1):
                self._stems[word[:length]].add(place)

    @classmethod
    def read(cls, folder: Path) -> ColourWords:
        """Read a model's table; raises OSError, ValueError, LookupError."""
        table = json.loads((folder / FILE).read_text("utf-8"))
        return cls(table["words"], table["unspaced"])

    def asked(self, texts: Sequence[str]) -> Shares:
        """Return float32 [n, 12]: 1 for every colour that a text asks for."""
        found = np.zeros((len(texts), DIMENSION), np.float32)
        for row, text in enumerate(texts):
            for word in words_of(text):
                place = self._place(word)
                if place is not None:
                    found[row, place] = 1
            for word, place in self._unspaced.items():
                if word in text:
                    found[row, place] = 1
        return found

    def _place(self, word: str) -> int | None:
        if word in self._words:
            return self._words[word]
        # "czarnego" beside "czarny": the longest beginning that they share.
        for length in range(len(word), max(_STEM, len(word) - _ENDING) - 1, -1):
            places = self._stems.get(word[:length], ())
            if places:
                return next(iter(places)) if len(places) == 1 else None
        return None
