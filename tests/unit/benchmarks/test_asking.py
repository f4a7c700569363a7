"""Asking at a given concurrency."""

from __future__ import annotations

import asyncio

from benchmarks import _questions
from benchmarks._asking import Round, UnansweredError, ask_all, combined


async def test_so_many_ask_at_once_and_every_question_is_asked_once() -> None:
    asked: list[str] = []
    under_way = most = 0

    async def ask(text: str) -> None:
        nonlocal under_way, most
        asked.append(text)
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    texts = _questions.some(50)
    took = await ask_all(texts, 8, ask)
    assert asked == texts
    assert most == 8
    assert len(took.latencies_ms) == 50
    assert took.unanswered == 0


async def test_what_is_not_answered_is_no_answer() -> None:
    async def ask(text: str) -> None:
        if text == "odd":
            raise UnansweredError("not now")

    took = await ask_all(["odd", "even", "odd"], 2, ask)
    assert len(took.latencies_ms) == 1
    assert took.unanswered == 2


def test_of_some_rounds_the_rate_is_the_median_ones() -> None:
    rounds = [Round([10.0] * 4, took_s) for took_s in (1.0, 2.0, 40.0)]
    assert combined(rounds).rate == 2.0
    assert combined(rounds).percentile_ms(50) == 10.0


def test_questions_differ_whichever_are_taken() -> None:
    everything = list(_questions.questions())
    assert len(set(everything)) == len(everything) == _questions.COUNT
    assert _questions.some(3, 70_000) == everything[70_000:70_003]
