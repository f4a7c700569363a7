"""One bot per data folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bot.instance import InstanceInfo, InstanceLock

_HOLD = """
import sys
from pathlib import Path
from bot.instance import InstanceLock
lock = InstanceLock(Path(sys.argv[1]))
print(lock.acquire("run"), flush=True)
sys.stdin.read()
"""


def test_a_second_lock_is_refused_until_the_first_is_released(tmp_path: Path) -> None:
    first, second = InstanceLock(tmp_path), InstanceLock(tmp_path)
    assert first.holder() is None
    assert first.acquire("run")
    assert not second.acquire("index")
    assert second.holder() == InstanceInfo(os.getpid(), "run")
    first.publish(InstanceInfo(os.getpid(), "run", "http://127.0.0.1:1"))
    assert second.holder() == InstanceInfo(os.getpid(), "run", "http://127.0.0.1:1")
    second.release()  # it holds nothing, so nothing happens
    assert not second.acquire("index")
    first.release()
    assert second.holder() is None
    assert second.acquire("index")
    second.release()


def test_a_lock_is_freed_when_its_holder_is_killed(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not lock.acquire("run")
        assert lock.holder() == InstanceInfo(holder.pid, "run")
        holder.kill()
    assert lock.acquire("run")
    assert lock.holder() == InstanceInfo(os.getpid(), "run")
    lock.release()


def test_what_is_not_readable_says_nothing(tmp_path: Path) -> None:
    for rubbish in ("", "{", "[]", "null", '{"pid": 1, "unknown": 2}'):
        (tmp_path / "instance.json").write_text(rubbish)
        assert InstanceLock(tmp_path).holder() is None
