"""How packs are shown in the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from workers.packs.manifest import Gain, Manifest

Row = tuple[str, Manifest | str]
"""The name of a pack's folder, and its manifest or why it cannot be used."""


def packs_table(rows: Sequence[Row]) -> Table:
    """Show packs with what was measured: a line for each language."""
    table = Table(box=None, pad_edge=False)
    table.add_column("pack")
    table.add_column("language")
    for column in ("recall@1, new pairs", "recall@10, new pairs", "recall@10, trained on"):
        table.add_column(column, justify="right")
    table.add_column("pairs", justify="right")
    for name, found in rows:
        if isinstance(found, str):
            table.add_row(name, "–", "not in use, see below", "", "", "")
            continue
        for number, (language, figures) in enumerate(sorted(found.figures.items())):
            new, known = figures.kept_apart, figures.trained_on
            table.add_row(
                name if number == 0 else "",
                language,
                _change(new, "recall_at_1"),
                _change(new, "recall_at_10"),
                _change(known, "recall_at_10"),
                " + ".join(str(gain.count) for gain in (new, known) if gain is not None),
            )
    return table


def as_records(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Return packs for JSON: the manifest, or name and ``problem``."""
    return [
        {"name": name, "problem": found} if isinstance(found, str) else found.model_dump()
        for name, found in rows
    ]


def _change(gain: Gain | None, figure: str) -> str:
    if gain is None:
        return "not measured"
    before, after = (getattr(recall, figure) for recall in (gain.before, gain.after))
    return f"{before:.2f} → {after:.2f}"
