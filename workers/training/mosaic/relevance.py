"""Fits what a cosine means: the probability that a person would say "yes, that".

Logistic regression over pairs of a question and one of the pictures that it finds first, on the
cosine and the question's facts; the slope is one for all questions, so that relevance is monotone
in the cosine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

FIRST = 15
"""Pictures of a question that are looked at."""
STEPS = 2000
DECAY = 2e-3

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judged:
    """Questions with a gallery's judgements.

    ``scores`` float32 [n, pictures] are cosines, ``right`` bool [n, pictures], ``facts``
    float32 [n, c] what is known of the questions.
    """

    scores: Matrix
    right: npt.NDArray[np.bool_]
    facts: Matrix

    def pairs(self) -> tuple[Matrix, Matrix, Matrix, npt.NDArray[np.int64]]:
        """Return cosines [k], facts [k, c], right or not [k] of the first, whose question [k]."""
        first = np.argsort(-self.scores, axis=1)[:, :FIRST]
        owner = np.repeat(np.arange(len(first)), first.shape[1])
        cosines = np.take_along_axis(self.scores, first, axis=1).reshape(-1)
        right = np.take_along_axis(self.right, first, axis=1).reshape(-1)
        return cosines, self.facts[owner], right.astype(np.float32), owner


def fit(parts: Sequence[Judged]) -> tuple[float, Matrix]:
    """Return the slope and what the facts add to the offset, float32 [c]; each part weighs 1."""
    torch.manual_seed(20)
    found = [part.pairs() for part in parts]
    cosines = torch.from_numpy(np.concatenate([one[0] for one in found]))
    facts = torch.from_numpy(np.concatenate([one[1] for one in found]))
    right = torch.from_numpy(np.concatenate([one[2] for one in found]))
    weight = torch.cat([torch.full((len(one[0]),), 1 / len(one[0])) for one in found])
    slope = torch.tensor([2.0], requires_grad=True)  # its logarithm
    curve = torch.zeros(facts.shape[1], requires_grad=True)
    optimizer = torch.optim.Adam([slope, curve], lr=0.03)
    for _ in range(STEPS):
        told = slope.exp() * cosines + facts @ curve
        loss = binary_cross_entropy_with_logits(told, right, weight, reduction="sum")
        loss = loss + DECAY * curve.square().sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return float(slope.detach().exp()), curve.detach().numpy()


def relevance(part: Judged, slope: float, curve: Matrix) -> Matrix:
    """Return float32 [n, pictures]: the fitted probabilities."""
    told = slope * part.scores + (part.facts @ curve)[:, None]
    odds: Matrix = (1 / (1 + np.exp(-told))).astype(np.float32)
    return odds


def threshold(best: Matrix, kept: float = 0.95) -> float:
    """Return the relevance that the share ``kept`` of answerable questions' best ones reaches."""
    return float(np.quantile(best, 1 - kept))


def reliability(
    odds: Matrix, right: Matrix, bins: int = 10
) -> list[tuple[float, float, float, int]]:
    """Return for each tenth of relevance: from where, mean said, share right, how many."""
    place = np.minimum((odds * bins).astype(int), bins - 1)
    return [
        (
            number / bins,
            float(odds[place == number].mean()),
            float(right[place == number].mean()),
            int((place == number).sum()),
        )
        for number in range(bins)
        if (place == number).any()
    ]
