"""A task that comes twice is worked on once and answered twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from workers.answers import Answers


def test_an_answer_is_made_once_and_given_again() -> None:
    answers = Answers()
    made: list[str] = []

    def make() -> bytes:
        made.append("a")
        return b"vectors"

    assert [answers.get_or_make("a", make) for _ in range(3)] == [b"vectors"] * 3
    assert made == ["a"]
    assert answers.get_or_make("b", lambda: b"others") == b"others"


def test_who_asks_while_it_is_made_waits_for_it() -> None:
    answers = Answers()
    started, go_on = threading.Event(), threading.Event()

    def make() -> bytes:
        started.set()
        assert go_on.wait(10)
        return b"vectors"

    def never() -> bytes:
        raise AssertionError("made twice")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(answers.get_or_make, "a", make)
        assert started.wait(10)
        second = pool.submit(answers.get_or_make, "a", never)
        go_on.set()
        assert first.result(10) == second.result(10) == b"vectors"


def test_only_the_latest_are_kept() -> None:
    answers = Answers(kept=2)
    for name in "abc":
        answers.get_or_make(name, name.encode)
    assert answers.get_or_make("c", lambda: b"again") == b"c"
    assert answers.get_or_make("a", lambda: b"again") == b"again"


def test_a_failure_is_everybodys() -> None:
    answers = Answers()

    def fail() -> bytes:
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            answers.get_or_make("a", fail)
