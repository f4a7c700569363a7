"""The real thing for tests: ``python -m bot run`` as a person would start it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil
from filelock import FileLock
from redis import Redis

from bot.services import ServiceUrls, service_urls
from bot.settings import BotSettings
from db.embedded import ends_with_parent
from workers.choice import choose_encoder

START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 60.0
COMMAND_TIMEOUT_S = 180.0


class Stack:
    """One running service with its own data folder and port."""

    def __init__(self, data_dir: Path, *, samples: bool, encoder: Path | None = None) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.web_url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "DATA_DIR": str(data_dir),
            "WEB_PORT": str(self.port),
            "SAMPLES": "true" if samples else "false",
            "PYTHONUNBUFFERED": "1",
            # The smallest of the bundled ones: what is tested with it is not the model.
            "ENCODER": str(encoder or "mini"),
        }
        self.program = "run"
        """What is run by ``python -m bot``: everything, or one front-end."""
        self.output = data_dir / "output.txt"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> BotSettings:
        """The settings under which it runs, whatever ``.env`` says."""
        return BotSettings(_env_file=None, data_dir=self.data_dir, web_port=self.port)

    @property
    def urls(self) -> ServiceUrls:
        """Where its services are."""
        return service_urls(self.settings)

    def command(self, *arguments: str) -> contextlib.AbstractContextManager[Command]:
        """Run ``python -m bot …`` on the same data folder; the block ends it."""
        # A shell may have Ctrl-C ignored for what it runs in the background, tests included.
        command = ["env", "--default-signal=INT", sys.executable, "-m", "bot", *arguments]
        return running_command(command, {**os.environ, **self.environment})

    def finish(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command to its end; returns (exit code, standard output, standard error)."""
        with self.command(*arguments) as command:
            return finished(command, self.logs)

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self.output.unlink(missing_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                # Should the tests be killed, nothing stays behind.
                [*ends_with_parent("TERM"), sys.executable, "-m", "bot", self.program],
                env={**os.environ, **self.environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def ready() -> bool:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"it ended while starting:\n{self.said()}")
            return "Ready." in self.said()

        wait_for(ready, START_TIMEOUT_S, lambda: f"not ready:\n{self.said()}\n{self.logs()}")

    def stop(self) -> float:
        """Stop it by Ctrl-C; returns how long that took, in seconds."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(STOP_TIMEOUT_S)
        return time.monotonic() - began

    def kill_everything(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self.process is None:
            return
        kill_family(self.process)

    def descendants(self) -> list[psutil.Process]:
        """Return every process it has started, directly or not."""
        assert self.process is not None
        return _descendants(self.process)

    def child(self, word: str) -> psutil.Process:
        """Return the direct child whose command holds a word: worker-text, redis-server."""
        assert self.process is not None
        for process in psutil.Process(self.process.pid).children():
            if any(word in part for part in process.cmdline()):
                return process
        raise LookupError(word)

    def redis(self) -> Redis:
        """Return a client for looking into its Redis."""
        return Redis.from_url(self.urls.redis)

    def said(self) -> str:
        """Return what it has printed."""
        return self.output.read_text("utf-8", "replace") if self.output.exists() else ""

    def logs(self) -> str:
        """Return the ends of its logs, for failed tests."""
        logs = sorted((self.data_dir / "logs").glob("*.log"))
        return "\n".join(
            f"--- {log.name}\n{log.read_text('utf-8', 'replace')[-3000:]}" for log in logs
        )


Command = subprocess.Popen[bytes]


@contextlib.contextmanager
def running_command(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Command]:
    """Run a command for as long as the block; leaves no process and no open pipe behind."""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            kill_family(process)


def finished(command: Command, logs: Callable[[], str] = str) -> tuple[int, str, str]:
    """Wait for the end of a command; returns (exit code, standard output, standard error)."""
    try:
        output, errors = command.communicate(timeout=COMMAND_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        left = [str(process) for process in _descendants(command)]
        kill_family(command)
        output, errors = command.communicate()
        said = [output.decode(), errors.decode(), *left, logs()]
        raise AssertionError(
            "\n".join([f"not finished in {COMMAND_TIMEOUT_S} s:", *said])
        ) from None
    return command.returncode, output.decode(), errors.decode()


def kill_family(process: Command) -> None:
    """Kill a process and all that it has started, and wait until it has ended."""
    for descendant in _descendants(process):
        with contextlib.suppress(psutil.NoSuchProcess):
            descendant.kill()
    process.kill()
    process.wait(STOP_TIMEOUT_S)


def _descendants(process: Command) -> list[psutil.Process]:
    # The number of one that has been waited for may be somebody else's by now.
    if process.returncode is not None:
        return []
    try:
        return list(psutil.Process(process.pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


@contextlib.contextmanager
def running_stack(
    *,
    samples: bool,
    begin_with: Path | None = None,
    encoder: Path | None = None,
    chosen: str | None = None,
) -> Iterator[Stack]:
    """Run a service on a data folder of its own for as long as the block; leave nothing behind.

    The folder begins empty, or as a copy of another one. An encoder that is ``chosen`` can be
    changed by a command: ENCODER, which would win, is not set then.
    """
    running = Stack(new_data_dir(), samples=samples, encoder=encoder)
    try:
        if chosen is not None:
            del running.environment["ENCODER"]
            choose_encoder(running.data_dir, chosen)
        if begin_with is not None:
            shutil.copytree(begin_with, running.data_dir, dirs_exist_ok=True)
        running.start()
        yield running
    finally:
        running.kill_everything()
        shutil.rmtree(running.data_dir, ignore_errors=True)


def data_with_samples(folder: Path) -> Path:
    """Return a data folder with the sample collection, made by the first who asks."""
    data = folder / "data-with-samples"
    with FileLock(folder / "data-with-samples.lock"):
        if not data.exists():
            with running_stack(samples=True) as first:
                first.stop()
                shutil.copytree(first.data_dir, data)
    return data


def new_data_dir() -> Path:
    """Make a folder with a short path: sockets live under it."""
    return Path(tempfile.mkdtemp(prefix="bpx-"))


def free_port() -> int:
    """Return a port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(
    condition: Callable[[], object], timeout_s: float, complaint: Callable[[], str] | None = None
) -> None:
    """Wait for the thing itself; fails with the complaint when it does not come."""
    give_up = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError(complaint() if complaint else f"waited {timeout_s} s in vain")
        time.sleep(0.02)
