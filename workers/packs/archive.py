"""A pack's files out of a folder or a ZIP archive that anybody may have made."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from workers.packs.errors import PackError
from workers.packs.manifest import FILES, MANIFEST

MAX_BYTES = {"model.safetensors": 2 * 2**30}
"""Beyond a text tower of a thousand million parameters in half precision."""
MAX_OTHER_BYTES = 64 * 2**20
_MAX_ENTRIES = 1000
_CHUNK = 2**20


def copy_pack(source: Path, target: Path) -> None:
    """Copy a pack's files from a folder or a ZIP archive into an empty folder.

    Only the files a pack consists of are looked at, each up to its limit as it is read, whatever
    an archive says of itself. Raises PackError, with ``target`` in any state.
    """
    try:
        if source.is_dir():
            for name in FILES:
                if (source / name).is_file():
                    with (source / name).open("rb") as content:
                        _write(content, target / name)
        elif zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                for name, entry in _entries(archive, source).items():
                    with archive.open(entry) as content:
                        _write(content, target / name)
        elif source.exists():
            raise PackError(f"{source} is neither a folder nor a ZIP archive")
        else:
            raise PackError(f"{source}: there is no such file or folder")
    # An encrypted entry is a RuntimeError, an unknown method of compression another kind of it.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise PackError(f"{source} cannot be unpacked: {error}") from error
    except OSError as error:
        raise PackError(f"{source} cannot be copied: {error}") from error


def _entries(archive: zipfile.ZipFile, source: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the pack's files by name: at the archive's top, or in the one folder of the pack."""
    entries = archive.infolist()
    if len(entries) > _MAX_ENTRIES:
        raise PackError(f"{source} holds {len(entries)} files and is no language pack")
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
            raise PackError(f"{source} is refused: {entry.filename!r} points out of the archive")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise PackError(f"{source} is refused: {entry.filename!r} is a link")
    found = [PurePosixPath(entry.filename) for entry in entries]
    tops = {path.parent for path in found if path.name == MANIFEST and len(path.parts) <= 2}
    if len(tops) != 1:
        what = "no" if not tops else "more than one"
        raise PackError(f"{source} is not a language pack: it has {what} {MANIFEST}")
    (top,) = tops
    wanted: dict[str, zipfile.ZipInfo] = {}
    for path, entry in zip(found, entries, strict=True):
        if path.parent == top and path.name in FILES:
            if path.name in wanted:
                raise PackError(f"{source} is refused: it holds {path.name} twice")
            wanted[path.name] = entry
    return wanted


def _write(content: IO[bytes], target: Path) -> None:
    limit = MAX_BYTES.get(target.name, MAX_OTHER_BYTES)
    size = 0
    with target.open("wb") as file:
        while chunk := content.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise PackError(f"{target.name} is larger than {limit / 2**20:.0f} MiB")
            file.write(chunk)
