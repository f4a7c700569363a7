"""Words are encoded once, and the oldest are forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workers.encoders.base import Vectors
from workers.encoders.recent import RecentVectors


class Tower:
    """Counts what it is asked; a text's vector is its letters."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.array([[ord(text[0]), len(text)] for text in texts], np.float32)


def _asked(recent: RecentVectors, tower: Tower, *texts: str) -> list[str]:
    tower.asked.clear()
    made = recent.encode(texts)
    assert np.array_equal(made, Tower().encode(texts))
    return list(tower.asked)


def test_what_was_encoded_lately_is_not_encoded_again() -> None:
    tower = Tower()
    recent = RecentVectors(tower.encode, most=3)
    assert _asked(recent, tower, "a", "b") == ["a", "b"]
    assert _asked(recent, tower, "b", "c", "a") == ["c"]
    assert _asked(recent, tower, "b", "d") == ["d"]  # now there are four, and a is the oldest
    assert _asked(recent, tower, "d", "b", "c") == []
    assert _asked(recent, tower, "a") == ["a"]


@given(st.lists(st.sets(st.sampled_from("abcdefgh"), min_size=1)), st.integers(1, 5))
def test_vectors_are_those_of_the_tower(batches: list[set[str]], most: int) -> None:
    tower = Tower()
    recent = RecentVectors(tower.encode, most)
    for batch in batches:
        _asked(recent, tower, *batch)
        assert len(recent._known) <= most


def test_threads_may_ask_at_once() -> None:
    recent = RecentVectors(Tower().encode, most=4)
    texts = [["abcdef"[(start + place) % 6] for place in range(3)] for start in range(6)] * 50

    def ask(batch: list[str]) -> Vectors:
        return recent.encode(batch)

    with ThreadPoolExecutor(4) as threads:
        for batch, made in zip(texts, threads.map(ask, texts), strict=True):
            assert np.array_equal(made, Tower().encode(batch))
