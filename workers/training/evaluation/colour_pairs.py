"""Questions for a colour: the same drawing in two colours, of which one was asked for."""

import colorsys
import csv
from dataclasses import dataclass
from importlib import resources

import numpy as np
from PIL import Image

from samples import emoji as samples
from workers.training.errors import DataError

HUES = {
    "red": 0.0,
    "orange": 0.08,
    "yellow": 0.145,
    "green": 0.34,
    "blue": 0.61,
    "purple": 0.78,
    "pink": 0.92,
}
"""Of the colour circle; black and white have none."""
SATURATION = {"pink": 0.45}
OUTLINE = 0.25
"""What is darker stays as it is: outlines, tyres, eyes."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, the drawing, the colour asked for, and the other one."""

    language: str
    text: str
    emoji: str
    colour: str
    other: str


def pairs() -> list[Pair]:
    """Return the questions; raises DataError for a colour that cannot be painted."""
    text = (
        resources.files("workers.training.evaluation")
        .joinpath("colour_pairs.tsv")
        .read_text("utf-8")
    )
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    found = [
        Pair(row["language"], row["question"], row["picture"], row["colour"], row["other"])
        for row in rows
    ]
    for pair in found:
        if unknown := {pair.colour, pair.other} - {*HUES, "black", "white"}:
            raise DataError(f"colour_pairs.tsv: {pair.text}: {', '.join(unknown)}")
    return found


def painted(emoji: str, colour: str) -> Image.Image:
    """Return an emoji in one of the colours, RGB on light grey."""
    glyph = samples.render(emoji).convert("RGBA")
    pixels = np.asarray(glyph, np.float32) / 255
    value = pixels[..., :3].max(axis=2)
    shaded = value > OUTLINE
    light = value / max(float(value.max()), 1e-6)
    painted_pixels = pixels.copy()
    for row, column in np.argwhere(shaded & (pixels[..., 3] > 0)):
        painted_pixels[row, column, :3] = _shade(colour, float(light[row, column]))
    drawn = Image.fromarray((painted_pixels * 255).astype(np.uint8), "RGBA")
    ground = Image.new("RGBA", drawn.size, (200, 200, 200, 255))
    ground.alpha_composite(drawn)
    return ground.convert("RGB")


def _shade(colour: str, light: float) -> tuple[float, float, float]:
    if colour == "white":
        return (0.75 + 0.25 * light,) * 3
    if colour == "black":
        return (0.12 * light,) * 3
    return colorsys.hsv_to_rgb(HUES[colour], SATURATION.get(colour, 0.9), 0.35 + 0.65 * light)
