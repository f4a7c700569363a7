"""Where fetched models lie: ``DATA_DIR/models/<name>``, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from workers.hub.errors import HubError

RECORD = "fetched.json"


@dataclass(frozen=True, slots=True)
class Record:
    """What was fetched, kept beside it."""

    revisions: Mapping[str, str]
    """The commit of each repository."""
    sha256: Mapping[str, str]
    """Of each file, by its path."""

    def write(self, folder: Path) -> None:
        """Write it into a folder."""
        (folder / RECORD).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")


class ModelStore:
    """The folder of fetched models, and beside them what is being fetched."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, name: str) -> Path:
        """Return where a model lies once it has been fetched."""
        return self.root / name

    def scratch(self, name: str) -> Path:
        """Return where a model lies until it is whole; a fetch cut short goes on there."""
        return self.root / f".{name}.partial"

    def record(self, name: str) -> Record | None:
        """Return what is known of a fetched model, None of any other; raises HubError."""
        path = self.folder(name) / RECORD
        if not path.is_file():
            return None
        try:
            found = json.loads(path.read_text("utf-8"))
            return Record(dict(found["revisions"]), dict(found["sha256"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise HubError(f"{path} is damaged: {error}") from error

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Keep other processes from fetching the same model; raises HubError where one does."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / f".{name}.lock", blocking=False):
                yield
        except Timeout:
            raise HubError(f"{name} is being fetched by another process already") from None
