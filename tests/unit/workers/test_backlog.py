"""Bulk work leaves threads free and loses nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from workers.backlog import Backlog


def test_no_more_threads_than_allowed_work_and_every_chunk_is_done_once() -> None:
    lock = threading.Lock()
    busy = threading.Semaphore(2)
    done: list[int] = []

    def work(chunk: Sequence[int]) -> None:
        assert busy.acquire(blocking=False), "a third thread works"
        with lock:
            done.extend(chunk)
        busy.release()

    backlog = Backlog(work, max_active=2)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: backlog.put([3 * n, 3 * n + 1, 3 * n + 2]), range(200)))
    assert sorted(done) == list(range(600))


def test_with_all_places_taken_a_chunk_waits_and_its_task_ends_at_once() -> None:
    started, go_on = threading.Event(), threading.Event()
    done: list[list[int]] = []

    def work(chunk: Sequence[int]) -> None:
        done.append(list(chunk))
        started.set()
        assert go_on.wait(10)

    backlog = Backlog(work, max_active=1)
    worker = threading.Thread(target=backlog.put, args=([1, 2],))
    worker.start()
    assert started.wait(10)
    backlog.put([3, 4])
    backlog.put([4, 5])
    assert done == [[1, 2]]
    go_on.set()
    worker.join(10)
    assert done == [[1, 2], [3, 4], [5]]


def test_a_failure_frees_the_place() -> None:
    def work(chunk: Sequence[int]) -> None:
        if chunk == [1]:
            raise ValueError("no")
        done.append(list(chunk))

    done: list[list[int]] = []
    backlog = Backlog(work, max_active=1)
    with pytest.raises(ValueError, match="no"):
        backlog.put([1])
    backlog.put([2])
    assert done == [[2]]
