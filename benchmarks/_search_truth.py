"""What is really nearest: every question against every picture, over the stored half floats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks._search_data import Vectors

K = 10
_TIE = 1e-6
"""Cosines this close are equally near, whatever order float32 gives them."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Recall:
    """Recall@10 of answers: a picture counts if it is as near as the tenth nearest."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean of all questions."""
        return float(np.mean(self.values))

    @property
    def worst(self) -> float:
        """That of the worst question."""
        return min(self.values)

    def __str__(self) -> str:
        return f"{self.mean:.4f} / {self.worst:.1f}"


class Truth:
    """Cosines of all pairs, (questions, pictures) in float32."""

    def __init__(self, questions: Vectors, chunks: Iterable[Vectors], count: int) -> None:
        self.questions = unit(questions)
        self._cosines = np.empty((len(questions), count), np.float32)
        at = 0
        for chunk in chunks:
            self._cosines[:, at : at + len(chunk)] = self.questions @ unit(chunk).T
            at += len(chunk)

    def recall(
        self,
        question: int,
        found: Sequence[int] | NDArray[np.int64],
        among: NDArray[np.int64] | None = None,
    ) -> float:
        """Return the recall@10 of the rows found, best first, ``among`` these rows (None: all)."""
        row = self._cosines[question]
        candidates = row if among is None else row[among]
        wanted = min(K, len(candidates))
        if wanted == 0:
            return 1.0 if len(found) == 0 else 0.0
        least = np.partition(candidates, -wanted)[-wanted] - _TIE
        best = np.unique(np.asarray(found[:wanted], np.int64))
        return float((row[best] >= least).sum() / wanted)

    def nearest(self, question: int, count: int) -> NDArray[np.int64]:
        """Return the ``count`` nearest rows, in no order."""
        return np.argpartition(self._cosines[question], -count)[-count:]


def unit(vectors: Vectors) -> NDArray[np.float32]:
    """Return vectors in float32, normalised after the rounding to half floats."""
    wide = vectors.astype(np.float32)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    return wide
