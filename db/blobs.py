"""The blob store: originals and renditions by sha256, in a folder or an S3-compatible bucket."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from db.errors import DatabaseError, DatabaseUnavailableError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_TIMEOUT = timedelta(seconds=20)


class Blobs:
    """Bytes by name; names are ``originals/<sha256>`` and ``renditions/<sha256>``.

    Writes appear whole or not at all. Errors are DatabaseError and DatabaseUnavailableError; a
    blob that is not there is None.
    """

    def __init__(self, url: str) -> None:
        self._store, self._folder = _open(url)

    async def put(self, name: str, content: bytes) -> None:
        """Write a blob, over an older one."""
        with _translated():
            await obstore.put_async(self._store, name, content)

    async def get(self, name: str) -> bytes | None:
        """Read a blob."""
        try:
            with _translated():
                answer = await obstore.get_async(self._store, name)
                return bytes(await answer.bytes_async())
        except FileNotFoundError:
            return None

    async def delete(self, name: str) -> None:
        """Remove a blob; one that is not there is no error."""
        try:
            with _translated():
                await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return

    def put_sync(self, name: str, content: bytes) -> None:
        """Write a blob, for the workers."""
        with _translated():
            obstore.put(self._store, name, content)

    def get_sync(self, name: str) -> bytes | None:
        """Read a blob, for the workers."""
        try:
            with _translated():
                return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            return None

    def path(self, name: str) -> Path | None:
        """Return where a blob lies on this machine's disk; None for a remote store."""
        return None if self._folder is None else self._folder / name


def original(sha256: str) -> str:
    """Name the blob of an uploaded file."""
    return f"originals/{sha256[:2]}/{sha256}"


def rendition(sha256: str) -> str:
    """Name the blob of a picture's WebP rendition."""
    return f"renditions/{sha256[:2]}/{sha256}"


def _open(url: str) -> tuple[ObjectStore, Path | None]:
    parts = urlsplit(url)
    if parts.scheme in {"", "file"}:
        folder = Path(unquote(parts.path)).expanduser().absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(folder), folder
    return from_url(url, client_options={"timeout": _TIMEOUT}), None


class _translated:  # noqa: N801 - reads as the statement it is
    """Turn obstore's errors into this package's; FileNotFoundError passes."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, FileNotFoundError):
            return
        if isinstance(error, BaseError):
            raise DatabaseUnavailableError("the blob store is not reachable") from error
        if isinstance(error, OSError | ValueError):
            raise DatabaseError(f"the blob store failed: {type(error).__name__}") from error
