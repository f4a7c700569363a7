"""Relevance: how likely a person says "yes, that" of a picture, and where an answer ends.

A cosine means nothing by itself. A *curve* makes a probability of it, the same in every language
and with every encoder; it is fitted where the model is, so that the core knows none (ADR 17).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MIN_RELEVANCE = 0.06
"""An answer ends before the first picture that is less relevant than this."""
MIN_SHARE_OF_BEST = 0.3
"""And before the first that is less relevant than this share of the best one.

Where one picture is surely right, others that only have something of it are not what was asked for.
"""
FITS_COUNTED = 100
"""So many pictures that fit are counted; of more it is said that there are more."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic function of the cosine that never falls: the ranking stays what it is."""

    slope: float
    offset: float

    def relevance(self, cosine: float) -> float:
        """Return a number between 0 and 1."""
        position = self.slope * cosine + self.offset
        # The exponential of the negative one: it may vanish, but not overflow.
        tail = math.exp(-abs(position))
        return 1 / (1 + tail) if position >= 0 else tail / (1 + tail)


def curve_of(numbers: Sequence[float] | None) -> Curve | None:
    """Return the curve of a slope and an offset; None for what is none."""
    if numbers is None or len(numbers) != 2:
        return None
    slope, offset = numbers
    if not (math.isfinite(slope) and math.isfinite(offset)) or slope < 0:
        return None
    return Curve(float(slope), float(offset))


def least(best: float | None, min_relevance: float) -> float:
    """Return the relevance at which an answer ends whose best picture has ``best``."""
    return max(min_relevance, MIN_SHARE_OF_BEST * (best or 0))
