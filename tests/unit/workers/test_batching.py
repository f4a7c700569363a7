"""What is asked at the same time goes together, and a lone question waits for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers import contract
from workers.batching import MAX_IN_FLIGHT, Batches

Call = tuple[str, list[str], asyncio.Future[Sequence[bytes]]]


class Door:
    """Takes batches and answers them when told to."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.batches = Batches(self._send)
        self.most_under_way = 0

    async def _send(self, revision: str, texts: list[str]) -> Sequence[bytes]:
        call: Call = (revision, texts, asyncio.get_running_loop().create_future())
        self.calls.append(call)
        self.most_under_way = max(self.most_under_way, len(self.open()))
        return await call[2]

    def open(self) -> list[Call]:
        return [call for call in self.calls if not call[2].done()]

    def ask(self, *texts: str, revision: str = "r") -> list[asyncio.Task[bytes]]:
        return [asyncio.ensure_future(self.batches.ask(text, revision)) for text in texts]

    def answer(self, call: Call) -> None:
        call[2].set_result([text.encode() for text in call[1]])


async def _turn() -> None:
    """Let everything happen that can."""
    for _ in range(8):
        await asyncio.sleep(0)


def _texts(count: int, prefix: str = "q") -> list[str]:
    return [f"{prefix}{n}" for n in range(count)]


async def test_a_lone_question_leaves_at_once_and_those_of_a_turn_leave_together() -> None:
    door = Door()
    (lone,) = door.ask("lone")
    await _turn()
    assert [texts for _, texts, _ in door.calls] == [["lone"]]
    door.answer(door.calls[0])
    assert await lone == b"lone"
    crowd = door.ask(*_texts(5))
    await _turn()
    assert door.calls[1][1] == _texts(5)
    door.answer(door.calls[1])
    assert await asyncio.gather(*crowd) == [text.encode() for text in _texts(5)]


async def test_a_second_task_waits_until_it_carries_as_much_as_the_first() -> None:
    door = Door()
    door.ask(*_texts(3, "first"))
    await _turn()
    door.ask("second0", "second1")
    await _turn()
    assert len(door.calls) == 1
    door.ask("second2")
    await _turn()
    assert [len(texts) for _, texts, _ in door.calls] == [3, 3]
    door.ask(*_texts(9, "third"))
    await _turn()
    assert len(door.calls) == MAX_IN_FLIGHT
    door.answer(door.calls[0])
    await _turn()
    assert door.calls[2][1] == _texts(9, "third")


async def test_few_leave_as_soon_as_nothing_is_under_way() -> None:
    door = Door()
    door.ask(*_texts(4, "first"))
    await _turn()
    (late,) = door.ask("late")
    await _turn()
    assert len(door.calls) == 1
    door.answer(door.calls[0])
    await _turn()
    door.answer(door.calls[1])
    assert await late == b"late"


async def test_two_text_towers_are_never_asked_in_one_task() -> None:
    door = Door()
    asked = door.ask("a", revision="old") + door.ask("b", "c", revision="new")
    for _ in range(2):
        await _turn()
        for call in door.open():
            door.answer(call)
    assert await asyncio.gather(*asked) == [b"a", b"b", b"c"]
    assert [(revision, texts) for revision, texts, _ in door.calls] == [
        ("old", ["a"]),
        ("new", ["b", "c"]),
    ]


async def test_a_failure_reaches_all_of_its_batch_and_nobody_else() -> None:
    door = Door()
    failing = door.ask("a", "b")
    await _turn()
    going_well = door.ask("c", "d")
    await _turn()
    door.calls[0][2].set_exception(LookupError("gone"))
    door.answer(door.calls[1])
    results = await asyncio.gather(*failing, *going_well, return_exceptions=True)
    assert [type(result) for result in results] == [LookupError, LookupError, bytes, bytes]


async def test_too_few_vectors_are_an_error_and_no_wrong_answer() -> None:
    door = Door()
    asked = door.ask("a", "b")
    await _turn()
    door.calls[0][2].set_result([b"one"])
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert results[0] == b"one"
    assert isinstance(results[1], ValueError)


async def test_who_has_given_up_is_not_encoded() -> None:
    door = Door()
    door.ask("first", "first")
    await _turn()
    (gone,) = door.ask("gone")
    await _turn()
    gone.cancel()
    await _turn()
    door.answer(door.calls[0])
    await _turn()
    assert len(door.calls) == 1


async def test_closing_fails_what_waits_and_hands_over_what_is_under_way() -> None:
    door = Door()
    under_way = door.ask("a")
    await _turn()
    waiting = door.ask("b") + door.ask("c")
    await _turn()
    tasks = door.batches.close()
    assert tasks
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*under_way, *waiting, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


@given(st.lists(st.one_of(st.integers(1, 70), st.just("answer")), max_size=30))
def test_every_question_is_answered_once_in_batches_of_legal_size(
    steps: Sequence[int | str],
) -> None:
    async def play() -> None:
        door = Door()
        asked: list[asyncio.Task[bytes]] = []
        texts: list[str] = []
        for number, step in enumerate(steps):
            if isinstance(step, int):
                new = _texts(step, f"{number}-")
                texts += new
                asked += door.ask(*new)
            elif door.open():
                door.answer(door.open()[0])
            await _turn()
        while not all(question.done() for question in asked):
            assert door.open(), "questions wait, and nothing is under way"
            door.answer(door.open()[0])
            await _turn()
        assert [await question for question in asked] == [text.encode() for text in texts]
        assert sorted(text for _, batch, _ in door.calls for text in batch) == sorted(texts)
        assert all(1 <= len(batch) <= contract.MAX_BATCH for _, batch, _ in door.calls)
        assert door.most_under_way <= MAX_IN_FLIGHT

    asyncio.run(play())


@pytest.mark.parametrize("askers", [1, 2, 16, 64])
async def test_a_steady_crowd_stays_in_large_batches(askers: int) -> None:
    door = Door()
    answered = 0

    async def keep_asking(who: int) -> None:
        nonlocal answered
        for n in range(20):
            assert await door.batches.ask(f"{who} {n}", "r") == f"{who} {n}".encode()
            answered += 1

    people = [asyncio.ensure_future(keep_asking(who)) for who in range(askers)]
    while not all(person.done() for person in people):
        await _turn()
        if door.open():
            door.answer(door.open()[0])
    assert answered == 20 * askers
    assert answered / len(door.calls) >= min(askers / 2, contract.MAX_BATCH * 0.9)
