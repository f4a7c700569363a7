"""Ranks and recalls, against cases done by hand and by brute force."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.training.evaluation.metrics import figures, ranks


def test_ranks_by_hand() -> None:
    gallery = torch.eye(4)
    questions = torch.tensor([[0.9, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.9]])
    assert ranks(questions, gallery, [frozenset({2}), frozenset({0, 2})]).tolist() == [3, 2]


def test_a_constant_model_earns_nothing() -> None:
    gallery = torch.ones(5, 3)
    assert ranks(torch.ones(1, 3), gallery, [frozenset({1})]).tolist() == [5]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 30))
def test_ranks_against_sorting(seed: int, count: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    gallery = torch.randn(count, 6, generator=generator)
    questions = torch.randn(7, 6, generator=generator)
    answers = [frozenset({row % count, (3 * row) % count}) for row in range(7)]
    order = (questions @ gallery.T).argsort(1, descending=True).tolist()
    expected = [
        1 + min(place for place, row in enumerate(line) if row in right)
        for line, right in zip(order, answers, strict=True)
    ]
    assert ranks(questions, gallery, answers).tolist() == expected


def test_figures_by_hand() -> None:
    found = figures(torch.tensor([1, 2, 6, 20]))
    assert found.count == 4
    assert found.recall_at_1 == 0.25
    assert found.recall_at_5 == 0.5
    assert found.recall_at_10 == 0.75
    assert found.median_rank == 4
    assert found.mrr == pytest.approx((1 + 1 / 2 + 1 / 6 + 1 / 20) / 4)


def test_no_questions_no_figures() -> None:
    with pytest.raises(ValueError, match="no questions"):
        figures(torch.empty(0))


def test_vectors_that_are_no_numbers_earn_nothing() -> None:
    broken = torch.full((1, 2), torch.nan)
    assert ranks(broken, torch.eye(2), [frozenset({0})]).tolist() == [2]
