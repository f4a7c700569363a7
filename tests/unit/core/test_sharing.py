"""Identical work is done once; a shared read is never older than the question."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.sharing import Shared, SharedFresh


async def test_identical_work_under_way_is_done_once() -> None:
    gate = asyncio.Event()
    done = 0

    async def work() -> int:
        nonlocal done
        await gate.wait()
        done += 1
        return done

    shared: Shared[int] = Shared()
    askers = [asyncio.create_task(shared.run("key", work)) for _ in range(5)]
    other = asyncio.create_task(shared.run("other", work))
    await asyncio.wait(askers, timeout=0)
    gate.set()
    assert len({*await asyncio.gather(*askers)}) == 1
    await other
    assert done == 2
    await shared.run("key", work)
    assert done == 3


async def test_an_asker_who_gives_up_leaves_the_work_to_the_others() -> None:
    gate = asyncio.Event()

    async def work() -> str:
        await gate.wait()
        return "answer"

    shared: Shared[str] = Shared()
    first = asyncio.create_task(shared.run("key", work))
    second = asyncio.create_task(shared.run("key", work))
    await asyncio.wait({first, second}, timeout=0)
    first.cancel()
    await asyncio.wait({first})
    gate.set()
    assert await second == "answer"


async def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    async def fail() -> int:
        raise ValueError("no")

    async def succeed() -> int:
        return 1

    shared: Shared[int] = Shared()
    results = await asyncio.gather(
        shared.run("key", fail), shared.run("key", fail), return_exceptions=True
    )
    assert [type(result) for result in results] == [ValueError, ValueError]
    assert await shared.run("key", succeed) == 1


async def test_nobody_gets_what_was_read_before_he_asked() -> None:
    truth = 1
    gates = [asyncio.Event(), asyncio.Event()]
    begun = asyncio.Event()
    reads = 0

    async def read() -> int:
        nonlocal reads
        seen, gate = truth, gates[reads]
        reads += 1
        begun.set()
        await gate.wait()
        return seen

    fresh: SharedFresh[int] = SharedFresh()
    early = asyncio.create_task(fresh.run("key", read))
    await begun.wait()
    truth = 2
    late = [asyncio.create_task(fresh.run("key", read)) for _ in range(10)]
    await asyncio.wait(late, timeout=0)
    gates[0].set()
    gates[1].set()
    assert await early == 1
    assert {*await asyncio.gather(*late)} == {2}
    assert reads == 2


async def test_a_failed_read_does_not_stop_the_next() -> None:
    outcomes = iter([ValueError("no"), 7])

    async def read() -> int:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    fresh: SharedFresh[int] = SharedFresh()
    with pytest.raises(ValueError, match="no"):
        await fresh.run("key", read)
    assert await fresh.run("key", read) == 7
