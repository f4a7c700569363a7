"""How models are shown in the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from workers.encoders.models import brings_curves, knows_photographs, model_folders
from workers.hub.catalogue import CATALOGUE
from workers.hub.store import ModelStore

_BUNDLED_FOR = {
    True: "drawings, photographs of things, colours",
    False: "emoji and sticker art, not photographs",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A model that ENCODER may name."""

    name: str
    purpose: str
    dim: int | None
    size_bytes: int
    licence: str
    state: str
    """``bundled``, ``fetched``, ``brought by hand`` or ``not fetched``."""
    relevance: str
    """Where the curve comes from that makes a relevance of a cosine, or ``uncalibrated``."""
    revisions: Sequence[str] = ()
    """The commits of its repositories, where it was fetched."""


def rows(store: ModelStore, bundled: Path) -> list[Row]:
    """Return the bundled models, then the catalogue; raises HubError."""
    found = [
        Row(
            folder.name,
            f"comes with the project: {_BUNDLED_FOR[knows_photographs(folder)]}",
            None,
            sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
            "the project's",
            "bundled",
            "its own" if brings_curves(folder) else "uncalibrated",
        )
        for folder in model_folders(bundled)
    ]
    for model in CATALOGUE.values():
        record = store.record(model.name)
        there = "brought by hand" if store.folder(model.name).is_dir() else "not fetched"
        found.append(
            Row(
                *(model.name, model.purpose, model.dim, model.size_bytes, model.licence),
                there if record is None else "fetched",
                "by your pictures",
                () if record is None else tuple(record.revisions.values()),
            )
        )
    return found


def models_table(found: Sequence[Row]) -> Table:
    """Show models, a line for each."""
    table = Table(box=None, pad_edge=False)
    table.add_column("model", no_wrap=True)
    table.add_column("for")
    for column in ("dim", "size"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("licence", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("relevance", no_wrap=True)
    for row in found:
        table.add_row(
            *(row.name, row.purpose, str(row.dim or ""), size(row.size_bytes)),
            *(row.licence, row.state, row.relevance),
        )
    return table


def as_records(found: Sequence[Row]) -> list[dict[str, object]]:
    """Return models for JSON."""
    return [asdict(row) for row in found]


def size(count: float) -> str:
    """Write a number of bytes as people do."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
