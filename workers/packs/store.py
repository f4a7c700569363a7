"""The folder of installed language packs: ``DATA_DIR/packs/<space>/<name>``."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from workers.encoders.base import EncoderError, fingerprint
from workers.encoders.engines.base import EngineOptions
from workers.encoders.models import load_text_tower
from workers.encoders.routed import Pack
from workers.encoders.space import Space, space_in
from workers.packs.archive import copy_pack
from workers.packs.errors import PackError
from workers.packs.manifest import FILES, WORDS, Manifest, base_language, read_manifest

_SCRATCH = ".scratch-"
_FORMER = ".former-"
"""Before the name of a pack that is being replaced."""


class PackStore:
    """The packs installed for one model. Those for other models lie beside them, untouched."""

    def __init__(self, root: Path, model: Path, options: EngineOptions | None = None) -> None:
        """``options`` are for the towers; those of the moment's process by default."""
        self._root = root
        self._model = model
        self._options = options

    @cached_property
    def space(self) -> Space:
        """The model's embedding space; reading it takes a moment. Raises EncoderError."""
        return space_in(self._model)

    @property
    def folder(self) -> Path:
        """Where the packs of this model's space lie."""
        return self._root / self.space.digest[:16]

    def folders(self) -> list[Path]:
        """Return the folder of every installed pack, whole or not, by name; raises EncoderError."""
        # Who has no packs need not have the space read.
        if not any(self._root.glob("*/[!.]*")):
            return []
        return sorted(path for path in self.folder.glob("[!.]*") if path.is_dir())

    def read(self, folder: Path) -> Manifest:
        """Return the manifest of an installed pack; raises PackError, EncoderError."""
        manifest = self._fitting(folder)
        if manifest.name != folder.name:
            raise PackError(f"the pack in {folder} calls itself {manifest.name!r}")
        return manifest

    def load(self, folder: Path) -> Pack:
        """Load an installed pack and try it; raises PackError, EncoderError."""
        return self._tried(folder, self.read(folder))

    def install(self, source: Path) -> Manifest:
        """Install a pack from a folder or a ZIP archive, in place of one of the same name.

        It is tried before anybody sees it. Raises PackError and EncoderError, and then nothing
        has changed.
        """
        with self._writing() as scratch:
            copy_pack(source, scratch)
            try:
                manifest = self._fitting(scratch)
                self._tried(scratch, manifest)
                self._check_languages(manifest)
            except (PackError, EncoderError) as error:
                # The scratch folder means nothing to anybody.
                raise PackError(str(error).replace(str(scratch), str(source))) from error
            place = self.folder / manifest.name
            try:
                if place.exists():
                    place.rename(self.folder / f"{_FORMER}{manifest.name}")
                scratch.rename(place)
            finally:
                self._settle()
        return manifest

    def remove(self, name: str) -> None:
        """Remove an installed pack, whole or not; raises PackError when there is none."""
        with self._writing() as scratch:
            found = {folder.name: folder for folder in self.folders()}
            if name not in found:
                there = ", ".join(found) or "none"
                raise PackError(f"there is no pack {name!r}; installed: {there}")
            # Gone at once for workers, whatever becomes of the deleting.
            found[name].rename(scratch / name)

    @contextmanager
    def _writing(self) -> Iterator[Path]:
        """Lend an empty folder beside the packs, for one writer at a time; raises PackError."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self.folder / ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                # What a killed installation left behind.
                self._settle()
                for leftover in self.folder.glob(f"{_SCRATCH}*"):
                    shutil.rmtree(leftover, ignore_errors=True)
                scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=self.folder))
                try:
                    yield scratch
                finally:
                    shutil.rmtree(scratch, ignore_errors=True)
        except OSError as error:
            where = error.filename or self.folder
            raise PackError(f"cannot write to {where}: {error.strerror}") from error

    def _settle(self) -> None:
        """Put packs back whose replacement has not come, let go of the others."""
        for former in self.folder.glob(f"{_FORMER}*"):
            place = self.folder / former.name.removeprefix(_FORMER)
            if place.exists():
                shutil.rmtree(former, ignore_errors=True)
            else:
                former.rename(place)

    def _fitting(self, folder: Path) -> Manifest:
        manifest = read_manifest(folder)
        if manifest.space != self.space.digest:
            raise PackError(
                f"the pack {manifest.name!r} was made for another embedding space than that of"
                f" {self._model}; it fits only the model it was made for"
            )
        return manifest

    def _check_languages(self, manifest: Manifest) -> None:
        """Refuse a language that another pack has: only one of them would be asked."""
        for folder in self.folders():
            try:
                other = self.read(folder)
            except PackError:
                continue
            if other.name == manifest.name:
                continue
            if shared := set(_languages(manifest)) & set(_languages(other)):
                raise PackError(
                    f"the pack {other.name!r} knows {', '.join(sorted(shared))} already;"
                    " remove it first"
                )

    def _tried(self, folder: Path, manifest: Manifest) -> Pack:
        tower = load_text_tower(folder, self.space.dim, self._options)
        return Pack(
            manifest.name,
            fingerprint([folder / name for name in FILES]),
            _languages(manifest),
            _words(folder / WORDS),
            tower,
        )


def signature(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Return what changes when any file of a pack does: name, inode, size, time of each."""
    found = []
    for name in FILES:
        try:
            status = (folder / name).stat()
        except OSError:
            continue
        found.append((name, status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


def _languages(manifest: Manifest) -> tuple[str, ...]:
    return tuple(sorted({base_language(tag) for tag in manifest.languages}))


def _words(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text("utf-8").splitlines())
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError) as error:
        raise PackError(f"{path} is damaged: {error}") from error
