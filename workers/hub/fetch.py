"""Fetching a model: all its files, checked, into a folder that appears when it is whole."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.encoders.base import EncoderError
from workers.encoders.composite import MANIFEST
from workers.encoders.models import describe_model
from workers.encoders.pickles import to_safetensors
from workers.hub import remote
from workers.hub.catalogue import KnownModel, Source
from workers.hub.errors import HubError, HubUnreachableError
from workers.hub.store import ModelStore, Record
from workers.hub.table import size

_REVISIONS = "revisions.json"
_SPARE_BYTES = 100 * 2**20

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to bring, and where it goes in the model's folder."""

    listing: remote.Listing
    file: remote.RemoteFile
    path: str
    converted: str | None = None
    """The safetensors file to make of it."""


def fetch(
    model: KnownModel, store: ModelStore, revisions: Mapping[str, str], say: Say
) -> Path | None:
    """Fetch a model unless it is there; returns its folder, None if it was there.

    ``revisions`` are commits by repository that are wanted instead of the catalogue's. Raises
    HubError. Killed at any moment, it leaves the model whole or not there, and goes on next time.
    """
    with store.locked(model.name):
        if _is_there(model, store, revisions):
            return None
        scratch = store.scratch(model.name)
        try:
            listings = _listings(model, scratch, revisions, say)
            wanted = [
                found
                for source, listing in zip(model.sources, listings, strict=True)
                for found in _wanted(source, listing)
            ]
            _check_space(wanted, scratch)
            digests = {}
            for each in wanted:
                say(f"{each.listing.repository}: {each.file.path} ({size(each.file.size)})")
                digests[each.path] = remote.download(each.listing, each.file, scratch / each.path)
        except HubUnreachableError as error:
            raise HubUnreachableError(f"{error}\n{by_hand(model, store)}") from error
        record = Record({listing.repository: listing.commit for listing in listings}, digests)
        return _finish(model, store, wanted, record)


def by_hand(model: KnownModel, store: ModelStore) -> str:
    """Say how to bring a model without this machine reaching the hub."""
    folder = store.folder(model.name)
    ways = [
        f"run the same command where there is a network, and copy its DATA_DIR/models/{model.name}"
        f" to {folder}",
        "or set HF_ENDPOINT to a mirror of the hub",
    ]
    for n, source in enumerate(model.sources):
        page = "/".join(filter(None, (source.revision or "main", source.within)))
        needed = [*(" or ".join(names) for names in source.weights), *source.files]
        more = [name for name in source.optional if name not in source.files]
        ways.append(
            f"{'and' if n else 'or'} bring from {remote.endpoint()}/{source.repository}/tree/{page}"
            f" to {folder / source.into}: {', '.join(needed)}"
            + (f"; and what there is of {', '.join(more)}" if more else "")
        )
    if model.family:
        ways.append(f'and write {{"family": "{model.family}"}} to {folder / MANIFEST}')
    return "\n".join([f"To have {model.name} here without it:", *(f"- {way}" for way in ways)])


def _is_there(model: KnownModel, store: ModelStore, revisions: Mapping[str, str]) -> bool:
    """Tell whether nothing is to be done; raises HubError where something else is in the way."""
    folder = store.folder(model.name)
    record = store.record(model.name)
    if record is None:
        if folder.exists():
            raise HubError(
                f"{folder} is there, but was not fetched: move it away to fetch {model.name}"
            )
        return False
    for repository, revision in revisions.items():
        if (there := record.revisions.get(repository)) != revision:
            raise HubError(
                f"{folder} has {repository} at {there}: move it away to fetch another revision."
                " Vectors of one are of no use to the other"
            )
    return True


def _listings(
    model: KnownModel, scratch: Path, revisions: Mapping[str, str], say: Say
) -> Sequence[remote.Listing]:
    """Ask for each repository at the commit wanted, begun with, pinned, or newest, in this order.

    The commits are noted, so that a fetch cut short goes on with the same.
    """
    for repository, revision in revisions.items():
        if repository not in {source.repository for source in model.sources}:
            raise HubError(f"{model.name} is not made of {repository}")
        if not re.fullmatch(r"[0-9a-f]{40}", revision):
            raise HubError(f"a revision is the full hash of a commit, 40 digits, not {revision!r}")
    note = scratch / _REVISIONS
    try:
        begun: Mapping[str, str] = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        begun = {}
    if any(begun.get(name) not in {None, wanted} for name, wanted in revisions.items()):
        shutil.rmtree(scratch)
        begun = {}
    listings = []
    for source in model.sources:
        name = source.repository
        at = revisions.get(name) or begun.get(name) or source.revision
        listing = remote.list_files(name, at)
        if at is None:
            say(f"{name} is at commit {listing.commit}; {model.name} stays there")
        listings.append(listing)
    scratch.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({each.repository: each.commit for each in listings}), "utf-8")
    return listings


def _wanted(source: Source, listing: remote.Listing) -> list[_Wanted]:
    """Choose of a repository's files those that the model is made of; raises HubError."""

    def found(name: str, converted: str | None = None) -> _Wanted | None:
        file = listing.files.get(_join(source.within, name))
        if file is None:
            return None
        target = None if converted is None else _join(source.into, converted)
        return _Wanted(listing, file, _join(source.into, name), target)

    chosen = []
    for names in source.weights:
        first = names[0]
        files = (found(name, first if name != first else None) for name in names)
        weights = next((file for file in files if file), None)
        if weights is None:
            raise HubError(_no_weights(source, listing, first))
        chosen.append(weights)
    for name in source.files:
        if (file := found(name)) is None:
            raise HubError(f"{listing.repository} at {listing.commit} has no {name}")
        chosen.append(file)
    more = (found(name) for name in source.optional if name not in source.files)
    return [*chosen, *filter(None, more)]


def _no_weights(source: Source, listing: remote.Listing, name: str) -> str:
    where = f"{listing.repository} at {listing.commit}"
    if _join(source.within, f"{name}.index.json") in listing.files:
        return f"{where} has its weights in several files; they have to be in one, {name}"
    others = sorted(
        path for path in listing.files if Path(path).suffix in {".bin", ".h5", ".msgpack", ".onnx"}
    )
    return f"{where} has no {name}" + (f", only {', '.join(others)}" if others else "")


def _check_space(wanted: Sequence[_Wanted], scratch: Path) -> None:
    needed = _SPARE_BYTES
    for each in wanted:
        path = scratch / each.path
        there = next(
            (p.stat().st_size for p in (path, path.with_name(f"{path.name}.part")) if p.is_file()),
            0,
        )
        needed += each.file.size * (2 if each.converted else 1) - there
    free = shutil.disk_usage(scratch).free
    if needed > free:
        raise HubError(
            f"{size(needed)} are needed in {scratch.parent}, {size(free)} are free: make room, or"
            " set DATA_DIR to a folder on a larger disk"
        )


def _finish(
    model: KnownModel, store: ModelStore, wanted: Sequence[_Wanted], record: Record
) -> Path:
    """Make a model of its files and put it where models lie; raises HubError."""
    scratch, folder = store.scratch(model.name), store.folder(model.name)
    try:
        for each in wanted:
            if each.converted:
                to_safetensors(scratch / each.path, scratch / each.converted)
        if model.family:
            (scratch / MANIFEST).write_text(json.dumps({"family": model.family}) + "\n", "utf-8")
        about = describe_model(scratch)
    except EncoderError as error:
        raise HubError(f"{model.name} has arrived, but cannot be used: {error}") from error
    if about.dim != model.dim:
        raise HubError(
            f"{model.name} has arrived, but makes vectors of {about.dim} numbers, not {model.dim}"
        )
    record.write(scratch)
    for each in wanted:
        if each.converted:
            (scratch / each.path).unlink()
    (scratch / _REVISIONS).unlink()
    scratch.rename(folder)
    return folder


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
