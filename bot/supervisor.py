"""Child processes: started, watched, started again when they die, ended in time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MAX_LOG_BYTES = 5 * 2**20
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_STABLE_AFTER_S = 20.0
"""A child that lived this long starts over with a short pause when it dies."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """A program to keep running."""

    name: str
    arguments: Sequence[str]
    log_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 2.5
    """How long it may take to end before it is killed."""


class Child:
    """One program that is kept running until it is stopped."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.restarts = 0
        self.last_code: int | None = None
        """Exit status of its last death."""
        self.gave_up = False
        """Whether it has ever ended saying that starting it again is of no use."""
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start the program and keep it running."""
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep-{self.command.name}")

    async def stop(self) -> None:
        """Ask the program to end, insist after its timeout."""
        self._stopping.set()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.command.stop_signal)
        try:
            async with asyncio.timeout(self.command.stop_timeout_s):
                await process.wait()
        except TimeoutError:
            logger.warning("child_killed", extra={"child": self.command.name})
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    def last_words(self, preferred: str = "") -> str:
        """Return the last line the program has written, of those with ``preferred`` if any."""
        try:
            with self.command.log_file.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
                lines = log.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        said = [line for line in reversed(lines) if line.strip()]
        return next((line for line in said if preferred in line), said[0] if said else "")

    async def _spawn(self) -> None:
        log_file = self.command.log_file
        too_long = log_file.exists() and log_file.stat().st_size > MAX_LOG_BYTES
        with log_file.open("wb" if too_long else "ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.command.environment},
                # A Ctrl-C in the terminal is for the bot, which ends its children in order.
                start_new_session=True,
            )

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE_S
        while self._process is not None:
            started = loop.time()
            code = self.last_code = await self._process.wait()
            if self._stopping.is_set():
                return
            self.gave_up = self.gave_up or code == os.EX_CONFIG
            if loop.time() - started > _STABLE_AFTER_S:
                pause = _FIRST_PAUSE_S
            logger.warning(
                "child_died",
                extra={"child": self.command.name, "code": code, "pause_s": pause},
            )
            pause = await self._spawn_again(pause)

    async def _spawn_again(self, pause: float) -> float:
        """Start the program once it can be started; returns the next pause."""
        while True:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            try:
                await self._spawn()
            except OSError as error:  # no memory, no process to spare, a program being replaced
                reason = error.strerror or type(error).__name__
                logger.warning(
                    "child_not_started", extra={"child": self.command.name, "reason": reason}
                )
            else:
                self.restarts += 1
                return pause
