"""Retrieval figures from vectors: rank of the first right answer, recall@k, MRR, median rank."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch


@dataclass(frozen=True, slots=True)
class Figures:
    """What a set of questions came to; recalls and MRR in 0…1, ranks from 1."""

    count: int
    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    mrr: float
    median_rank: float

    def as_dict(self) -> dict[str, float]:
        """Return the figures rounded for a file."""
        return {key: round(value, 4) for key, value in asdict(self).items()}


def ranks(
    questions: torch.Tensor, gallery: torch.Tensor, answers: Sequence[frozenset[int]]
) -> torch.Tensor:
    """Return for each question the rank (from 1) of its best right answer, int64 [n].

    ``questions`` float32 [n, d] and ``gallery`` float32 [m, d] are unit vectors; ``answers`` holds
    rows of the gallery. Of equal scores the right answer comes last, so a constant model earns
    nothing, and neither does one whose vectors are not numbers.
    """
    found = torch.empty(len(questions), dtype=torch.int64)
    for start in range(0, len(questions), 1024):
        scores = questions[start : start + 1024] @ gallery.T
        wanted = answers[start : start + 1024]
        owner = torch.tensor([row for row, right in enumerate(wanted) for _ in right])
        right = torch.tensor([answer for answers in wanted for answer in sorted(answers)])
        best = torch.full((len(scores),), -torch.inf)
        best.scatter_reduce_(0, owner, scores[owner, right], reduce="amax")
        wrong = torch.ones_like(scores, dtype=torch.bool)
        wrong[owner, right] = False
        found[start : start + 1024] = 1 + (~(scores < best[:, None]) & wrong).sum(1)
    return found


def figures(found: torch.Tensor) -> Figures:
    """Sum ranks int64 [n] up; n must not be 0."""
    if len(found) == 0:
        raise ValueError("no questions, no figures")
    values = found.double()

    def within(k: int) -> float:
        return float((values <= k).double().mean())

    return Figures(
        count=len(found),
        recall_at_1=within(1),
        recall_at_5=within(5),
        recall_at_10=within(10),
        mrr=float((1 / values).mean()),
        median_rank=float(values.quantile(0.5)),
    )
