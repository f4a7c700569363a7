"""One bot per data folder: the lock, and what the others may know of its holder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class InstanceInfo:
    """What the running bot says of itself."""

    pid: int
    role: str
    """``run`` for the service itself, else the command that runs the services for a moment."""
    address: str = ""
    """Where its web chat listens."""


class InstanceLock:
    """A lock on a data folder; the kernel frees it when its holder dies, however it dies."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "instance.lock"
        self._info_path = data_dir / "instance.json"
        self._file: IO[str] | None = None

    def acquire(self, role: str) -> bool:
        """Take the lock if it is free."""
        file = self._path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        self.publish(InstanceInfo(os.getpid(), role))
        return True

    def publish(self, info: InstanceInfo) -> None:
        """Let others read what the holder says of itself."""
        scratch = self._info_path.with_suffix(".new")
        scratch.write_text(json.dumps(asdict(info)), "utf-8")
        scratch.replace(self._info_path)

    def holder(self) -> InstanceInfo | None:
        """Return what the holder last said; None when it is not readable."""
        try:
            return InstanceInfo(**json.loads(self._info_path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def release(self) -> None:
        """Free the lock."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            self._info_path.unlink()
        self._file.close()
        self._file = None
