"""The model card of the model for drawings and photographs: README.md and a diagram."""

import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workers.training import sources
from workers.training.evaluation.report import markdown, table_of_sources
from workers.training.files import write_whole

GALLERIES = {"whole": "whole", "masked": "own class taken away", "cropped": "crops"}
PX = 320
"""Of the diagram's sides."""
SOURCES = (
    sources.SENTENCES,
    sources.CLASSIFIER,
    sources.CLASSES,
    sources.WORDNET,
    sources.PRESETS,
    sources.FREEDICT,
    sources.EDICT,
    sources.CEDICT,
    sources.GCOMPRIS,
    sources.TUXPAINT,
    *sources.WALLPAPERS,
    sources.NOTO,
)
"""Beside those of the model for drawings."""


def write(folder: Path, found: Mapping[str, Any]) -> None:
    """Write ``evaluation.json``, ``README.md`` and ``reliability.svg`` into the model's folder."""
    write_whole(folder / "evaluation.json", json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / "reliability.svg", diagram(found["relevance"]["reliability"]))
    write_whole(folder / "README.md", card(found))


def card(found: Mapping[str, Any]) -> str:
    """Return the model card in Markdown; every number in it comes from ``found``."""
    relevance, costs, colours = found["relevance"], found["costs"], found["colours"]
    values = {
        "DIMENSION": str(found["dimension"]),
        "SIZE": f"{costs['size_bytes'] / 1e6:.0f}",
        "PHOTOGRAPHS": "\n\n".join(
            f"**{which}**, {own['languages']} languages\n\n{_galleries(own)}"
            for which, own in found["photographs"].items()
        ),
        "EMOJI": markdown(
            (
                "questions",
                "number",
                "emoji alone",
                "among the photographs",
                "… or a right photograph",
            ),
            [
                (
                    name,
                    own["count"],
                    own["alone"],
                    own["among photographs"],
                    own["or a photograph"],
                )
                for name, own in found["emoji"].items()
            ],
        ),
        "COLOUR_COUNT": str(colours["count"]),
        "COLOURS": f"{colours['right']:.3f}",
        "COLOURS_WRONG": "; ".join(colours["wrong"]) or "none",
        "THRESHOLD": f"{relevance['threshold']:.3f}",
        "RELEVANCE": markdown(
            (
                "gallery",
                "answerable",
                "unanswerable",
                "refused at that relevance",
                "refused as shipped",
                "right among those shown",
                "right ones kept",
            ),
            [
                (
                    name,
                    own["answerable"],
                    own["unanswerable"],
                    own["refused"],
                    own["refused as shipped"],
                    own["precision"],
                    own["kept"],
                )
                for name, own in relevance.items()
                if isinstance(own, Mapping)
            ],
        ),
        "RELIABILITY": "\n".join(
            f"| {said:.2f} | {right:.2f} | {count} |"
            for _, said, right, count in relevance["reliability"]
        ),
        "MACHINE": platform.machine(),
        "QUESTION_MS": f"{costs['question_ms']:.1f}",
        "PICTURE_MS": f"{costs['picture_ms']:.1f}",
        "FAILURES": markdown(("", "question", "wanted", "came first"), found["failures"]),
        "SOURCES": table_of_sources(SOURCES),
    }
    text = (Path(__file__).parent / "mosaic_card.md").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"[[{name}]]", value)
    return text


def diagram(rows: Sequence[Sequence[float]]) -> str:
    """Return an SVG of what relevance says and how often that is right; the line is "as often"."""

    def x(value: float) -> float:
        return round(40 + value * PX, 1)

    def y(value: float) -> float:
        return round(20 + (1 - value) * PX, 1)

    most = max(count for *_, count in rows)
    dots = "".join(
        f'<circle cx="{x(said)}" cy="{y(right)}" r="{3 + 9 * (count / most) ** 0.25:.1f}" '
        f'fill="#2f81f7" fill-opacity="0.75"><title>{count:.0f} pictures: said {said:.2f}, '
        f"right {right:.2f}</title></circle>"
        for _, said, right, count in rows
    )
    marks = "".join(
        f'<text x="{x(at)}" y="{y(0) + 18}" text-anchor="middle">{at:g}</text>'
        f'<text x="34" y="{y(at) + 4}" text-anchor="end">{at:g}</text>'
        for at in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PX + 60} {PX + 70}" '
        f'width="{PX + 60}" font-family="sans-serif" font-size="12" fill="#7a7a7a">'
        f'<rect x="{x(0)}" y="{y(1)}" width="{PX}" height="{PX}" fill="none" stroke="#7a7a7a"/>'
        f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}" stroke="#7a7a7a" '
        f'stroke-dasharray="4"/>{marks}{dots}'
        f'<text x="{x(0.5)}" y="{y(0) + 38}" text-anchor="middle">relevance said</text>'
        f'<text x="12" y="{y(0.5)}" text-anchor="middle" '
        f'transform="rotate(-90 12 {y(0.5)})">share that is right</text></svg>\n'
    )


def _galleries(own: Mapping[str, Any]) -> str:
    groups = own["whole"]
    rows = [
        (group, count, *(own[gallery][group][1] for gallery in GALLERIES))
        for group, (count, _) in groups.items()
    ]
    return markdown(("", "questions", *GALLERIES.values()), rows)
