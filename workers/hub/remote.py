"""The hub over plain HTTP: what a repository has, and its files, checked.

``huggingface_hub`` speaks to it: it reads HF_TOKEN and HF_ENDPOINT, draws the progress bar and goes
on where a connection broke. Its ``hf_hub_download`` throws a partial file away when the process
ends, so which file goes on where is decided here, with its ``http_get``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from httpx2 import HTTPError
from huggingface_hub import HfApi, constants, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from workers.hub.errors import HubError, HubUnreachableError

_ANSWER_TIMEOUT_S = 10.0
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at a commit."""

    path: str
    size: int
    sha256: str | None
    """Of its content, for large files."""
    blob_id: str
    """Git's SHA-1, for the others."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository at a commit."""

    repository: str
    commit: str
    files: Mapping[str, RemoteFile]


def endpoint() -> str:
    """Return the hub's address."""
    return constants.ENDPOINT


def list_files(repository: str, revision: str | None) -> Listing:
    """Ask the hub what a repository has; ``main`` where no revision is given. Raises HubError."""
    with _explained(repository, revision):
        info = HfApi().model_info(
            repository, revision=revision, files_metadata=True, timeout=_ANSWER_TIMEOUT_S
        )
    if not info.sha:
        raise HubError(f"the hub does not say at which commit {repository} is")
    files = {
        sibling.rfilename: RemoteFile(
            sibling.rfilename,
            sibling.size or 0,
            sibling.lfs.sha256 if sibling.lfs else None,
            sibling.blob_id or "",
        )
        for sibling in info.siblings or ()
    }
    return Listing(repository, info.sha, files)


def download(listing: Listing, file: RemoteFile, target: Path) -> str:
    """Bring a file, or what is missing of it, and check it; returns its sha256.

    ``target`` appears once it is whole and right. Raises HubError.
    """
    if target.is_file() and (digest := _right(target, file)):
        return digest
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    with partial.open("ab") as stream:
        there = stream.tell()
        if there > file.size:
            stream.truncate(0)
            there = 0
        with _explained(listing.repository, listing.commit):
            http_get(
                hf_hub_url(listing.repository, file.path, revision=listing.commit),
                stream,
                resume_size=there,
                headers=build_hf_headers(),
                expected_size=file.size,
                displayed_filename=file.path,
            )
        stream.flush()
        os.fsync(stream.fileno())
    digest = _right(partial, file)
    if not digest:
        partial.unlink()
        raise HubError(
            f"{file.path} of {listing.repository} has arrived damaged: it is not what the hub says"
            " it is. It has been thrown away; run the same command again"
        )
    partial.replace(target)
    return digest


def _right(path: Path, file: RemoteFile) -> str | None:
    """Return the sha256 of a file's content if it is the hub's, else None."""
    sha256 = hashlib.sha256()
    # Git's name for content, not a safeguard: small files have no other.
    blob = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            sha256.update(chunk)
            if file.sha256 is None:
                blob.update(chunk)
    digest = sha256.hexdigest()
    right = digest == file.sha256 if file.sha256 else blob.hexdigest() == file.blob_id
    return digest if right else None


@contextmanager
def _explained(repository: str, revision: str | None) -> Iterator[None]:
    """Turn what huggingface_hub raises into a sentence; never the request, it has the token."""
    where = f"{repository} at {endpoint()}"
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise HubUnreachableError("HF_HUB_OFFLINE keeps it from asking the hub") from error
    except GatedRepoError as error:
        raise HubError(
            f"{where} is given only to those who have accepted its terms: do so on"
            f" {endpoint()}/{repository} and set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise HubError(f"{where} has no revision {revision}") from error
    except RepositoryNotFoundError as error:
        raise HubError(f"{where} does not exist, or is not for everybody: set HF_TOKEN") from error
    except HfHubHTTPError as error:
        code = error.response.status_code
        problem = f"{where} answers with HTTP status {code}"
        raise (HubUnreachableError if code >= 500 else HubError)(problem) from error
    except HTTPError as error:
        reason = str(error) or type(error).__name__
        raise HubUnreachableError(f"{endpoint()} does not answer: {reason}") from error
    except (HFValidationError, LocalTokenNotFoundError, OSError, ValueError) as error:
        raise HubError(f"{where} cannot be read: {error}") from error
