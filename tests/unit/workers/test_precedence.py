"""Bulk work lets those who wait go first, and never two at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stack import wait_for
from workers.precedence import Precedence


def test_who_waits_urgently_goes_before_bulk_that_came_earlier() -> None:
    turns = Precedence()
    order: list[str] = []
    ready = threading.Barrier(4)

    def bulk() -> None:
        ready.wait(60)
        with turns.bulk():
            order.append("bulk")

    def urgent() -> None:
        with turns.urgent():
            order.append("urgent")

    with ThreadPoolExecutor(4) as pool:
        with turns.bulk():
            waiting = [pool.submit(bulk) for _ in range(3)]
            ready.wait(60)
            waiting.append(pool.submit(urgent))
            wait_for(lambda: turns.urgent_count == 1, 60)
        for one in waiting:
            one.result(60)
    assert order[0] == "urgent"
    assert sorted(order) == ["bulk", "bulk", "bulk", "urgent"]


def test_only_one_at_a_time() -> None:
    turns = Precedence()
    inside = threading.Semaphore(1)
    done: list[int] = []

    def work(number: int) -> None:
        with turns.urgent() if number % 3 else turns.bulk():
            assert inside.acquire(blocking=False), "two at once"
            done.append(number)
            inside.release()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(300)))
    assert sorted(done) == list(range(300))


def test_a_failure_gives_the_turn_back() -> None:
    turns = Precedence()
    for turn in (turns.urgent, turns.bulk):
        with pytest.raises(ValueError, match="no"), turn():
            raise ValueError("no")
    with turns.bulk(), pytest.raises(ZeroDivisionError):
        raise ZeroDivisionError
    with turns.urgent():
        pass


def test_spare_time_is_what_neither_questions_nor_bulk_want() -> None:
    turns = Precedence()
    order: list[str] = []

    def take(kind: str) -> None:
        with {"bulk": turns.bulk, "urgent": turns.urgent, "spare": turns.spare}[kind]():
            order.append(kind)

    with ThreadPoolExecutor(3) as pool:
        with turns.urgent():
            waiting = [pool.submit(take, "spare"), pool.submit(take, "bulk")]
            wait_for(lambda: turns.bulk_count == 1, 10)
            waiting.append(pool.submit(take, "urgent"))
            wait_for(lambda: turns.urgent_count == 1, 10)
        for one in waiting:
            one.result(10)
    assert order == ["urgent", "bulk", "spare"]
