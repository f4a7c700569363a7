"""The home-made bot as a process that is told what to ask."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks._asking import Round

_LINE_BYTES = 64 * 2**20


class HomemadeProcess:
    """See :mod:`benchmarks._homemade`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.found: dict[str, list[int]] = {}
        """Rows of the best pictures, by question."""

    async def round(self, texts: Sequence[str], concurrency: int) -> Round:
        """Have so many people ask there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([texts, concurrency]).encode() + b"\n")
        latencies, took_s, found = json.loads(await self._process.stdout.readline())
        self.found |= dict(zip(texts, found, strict=True))
        return Round(latencies, took_s)


@asynccontextmanager
async def homemade(folder: Path, vectors: Path) -> AsyncIterator[HomemadeProcess]:
    """Run it for as long as the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks._homemade", str(folder), str(vectors)),
        stdin=PIPE,
        stdout=PIPE,
        limit=_LINE_BYTES,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"ready\n"
        yield HomemadeProcess(process)
    finally:
        process.stdin.close()
        await process.wait()
