"""Curves that a model's folder brings: what its cosines mean, fitted by whoever made it.

``calibration.json`` holds ``{"questions": [slope, offset], "similar": [slope, offset]}``, either or
both: the probability that a person says "yes, that" is 1 / (1 + exp(-(slope * cosine + offset))),
between a question and a picture, and between two pictures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.encoders.description import damage_explained, read_json

FILE = "calibration.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A curve for all questions, and one for pictures; None: not known."""

    questions: tuple[float, float] | None = None
    similar: tuple[float, float] | None = None


def read_calibration(folder: Path) -> Calibration:
    """Read what a model's folder brings, nothing without the file; raises EncoderError."""
    path = folder / FILE
    if not path.is_file():
        return Calibration()
    with damage_explained(f"{FILE} in {folder}"):
        written = read_json(path)
        return Calibration(_curve(written, "questions"), _curve(written, "similar"))


def _curve(written: Mapping[str, Any], name: str) -> tuple[float, float] | None:
    if name not in written:
        return None
    slope, offset = map(float, written[name])
    if not (math.isfinite(slope) and math.isfinite(offset)) or slope <= 0:
        raise ValueError(f"{name} is no curve that rises")
    return slope, offset
