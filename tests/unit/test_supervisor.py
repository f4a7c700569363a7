"""Child processes: kept running, ended in time."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot import supervisor
from bot.supervisor import Child, Command

TALK = "import signal, sys; print('up', flush=True); "
STAY = "signal.pause()"
"""Until a signal comes."""


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - of another process nobody sends an event
            await asyncio.sleep(0.01)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "child.log"


@pytest.fixture
async def children() -> AsyncIterator[list[Child]]:
    started: list[Child] = []
    yield started
    await asyncio.gather(*(child.stop() for child in started))


def _child(children: list[Child], log: Path, code: str, timeout_s: float = 2.0) -> Child:
    command = Command("child", [sys.executable, "-c", code], log, stop_timeout_s=timeout_s)
    children.append(Child(command))
    return children[-1]


async def test_a_child_that_dies_is_started_again_with_longer_pauses(
    children: list[Child],
    log: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE_S", 0.01)
    child = _child(children, log, "print('my last words'); raise SystemExit(3)")
    await child.start()
    await _until(lambda: child.restarts >= 3)
    await child.stop()
    assert child.last_code == 3
    assert child.last_words() == "my last words"
    died = [record for record in caplog.records if record.message == "child_died"]
    assert [vars(record)["pause_s"] for record in died[:3]] == [0.01, 0.02, 0.04]
    restarts = child.restarts
    assert child.pid is None
    # Nobody is left who could start it again.
    assert "keep-child" not in {task.get_name() for task in asyncio.all_tasks()}
    assert child.restarts == restarts


async def test_a_killed_child_is_replaced(children: list[Child], log: Path) -> None:
    child = _child(children, log, TALK + STAY)
    await child.start()
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await _until(lambda: child.pid not in {None, first})
    assert child.last_code == -signal.SIGKILL
    await child.stop()
    assert child.pid is None


async def test_a_child_that_ignores_its_signal_is_killed_in_time(
    children: list[Child], log: Path
) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + TALK
    child = _child(children, log, code + STAY, timeout_s=0.2)
    await child.start()
    await _until(lambda: child.last_words() == "up")
    began = time.monotonic()
    await child.stop()
    assert time.monotonic() - began < 2
    assert child.pid is None


async def test_a_child_that_obeys_has_its_time(children: list[Child], log: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(0))); "
        + TALK
        + STAY
    )
    child = _child(children, log, code)
    await child.start()
    await _until(lambda: child.last_words() == "up")
    await child.stop()
    assert child.last_words() == "bye"
    assert child.restarts == 0


async def test_a_program_that_is_gone_for_a_moment_is_started_when_it_is_back(
    children: list[Child],
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE_S", 0.01)
    program = tmp_path / "program"
    program.symlink_to(sys.executable)
    child = Child(Command("child", [str(program), "-c", TALK + STAY], log))
    children.append(child)
    await child.start()
    first = child.pid
    assert first is not None
    program.unlink()
    os.kill(first, signal.SIGKILL)
    await _until(lambda: caplog.messages.count("child_not_started") > 1)
    assert child.pid is None
    program.symlink_to(sys.executable)
    await _until(lambda: child.pid is not None)


async def test_a_log_that_grew_too_long_begins_anew(
    children: list[Child], log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "MAX_LOG_BYTES", 10)
    log.write_text("of the run before\n")  # noqa: ASYNC240
    child = _child(children, log, TALK + STAY)
    await child.start()
    await _until(lambda: child.last_words() == "up")
    assert log.read_text() == "up\n"  # noqa: ASYNC240


def test_a_child_that_has_said_nothing_has_no_last_words(log: Path) -> None:
    child = Child(Command("child", [], log))
    assert child.last_words() == ""
    log.write_text("\n \n")
    assert child.last_words() == ""
