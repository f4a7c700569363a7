"""The memory of a running service's processes, as Linux counts it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.stack import Stack
from workers import contract

BOT = "bot"


@dataclass(frozen=True, slots=True)
class Usage:
    """Memory of one process, or of several together, in MiB."""

    rss: float
    """Resident: what it shares with others is counted for each of them."""
    pss: float
    """Resident, with what is shared divided among those who share it."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.rss + other.rss, self.pss + other.pss)


def text_worker(names: Mapping[str, object]) -> str:
    """Return the name of the worker that answers questions."""
    return next(name for name in names if contract.QUEUE_TEXT in name)


def workers(names: Mapping[str, object]) -> list[str]:
    """Return the names of all workers."""
    return [name for name in names if name.startswith("worker")]


def memory_of(stack: Stack) -> dict[str, Usage]:
    """Measure all processes of a service; those of a server are taken together."""
    found: dict[str, Usage] = defaultdict(lambda: Usage(0, 0))
    assert stack.process is not None
    for process in (psutil.Process(stack.process.pid), *stack.descendants()):
        with suppress(psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
            for name in _names(process):
                found[name] += _usage(process.pid)
    return dict(found)


def _names(process: psutil.Process) -> Iterator[str]:
    command = process.cmdline()
    line = " ".join(command)
    if "celery" in line:
        yield f"worker of {command[command.index('-Q') + 1].replace(',', ', ')}"
    elif "postgres" in line:
        yield "Postgres"
    elif "redis" in line or "valkey" in line:
        yield "Redis"
    elif "-m bot" in line:
        yield BOT


def _usage(pid: int) -> Usage:
    written = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    rss, pss = (re.search(rf"^{kind}:\s+(\d+) kB", written, re.M) for kind in ("Rss", "Pss"))
    assert rss is not None
    assert pss is not None
    return Usage(int(rss[1]) / 1024, int(pss[1]) / 1024)
