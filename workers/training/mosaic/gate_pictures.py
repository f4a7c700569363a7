"""Photographs and drawings to tell apart, out of Debian's packages: wallpapers and stamps.

The gate must know small, blurred and crowded photographs, too: they are cut out of wallpapers,
made small, and lie behind cut-out stamps.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from workers.training import sources
from workers.training.chance import seeded

CROPS = 12
"""Of each wallpaper: half of them as they are, half made small."""
STAMPED = 260
SIDES_PX = (72, 96, 128, 200)
_DRAWN = ("symbols", "cartoon")
_NO_PHOTOGRAPHS = (*_DRAWN, "/toys", "seasonal", "people")


def _wallpapers(cache: Path) -> list[Image.Image]:
    found = []
    for source in sources.WALLPAPERS:
        folder = sources.fetch_debian(source.name, cache)
        for path in sorted(folder.rglob("*.jpg")):
            picture = Image.open(path).convert("RGB")
            picture.thumbnail((1600, 1600))
            found.append(picture)
    return found


def _stamps(cache: Path) -> list[Path]:
    folder = sources.debian_folder(
        "tuxpaint-stamps-default", Path("/usr/share/tuxpaint/stamps"), cache
    )
    return sorted(folder.rglob("*.png"))


def _cut(picture: Image.Image, draw: random.Random, least: float) -> Image.Image:
    part = draw.uniform(least, 1)
    width, height = int(picture.width * part), int(picture.height * part)
    left = draw.randint(0, picture.width - width)
    top = draw.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))


def _stamped(stamp: Path, grounds: Sequence[Image.Image], draw: random.Random) -> Image.Image:
    ground = _cut(draw.choice(grounds), draw, 0.3)
    ground = ground.resize((400, draw.choice((300, 400, 500)))).convert("RGBA")
    thing = Image.open(stamp).convert("RGBA")
    scale = draw.uniform(0.5, 1.0) * min(ground.size) / max(thing.size)
    thing = thing.resize((max(1, int(thing.width * scale)), max(1, int(thing.height * scale))))
    place = (ground.width - thing.width) // 2, (ground.height - thing.height) // 2
    ground.alpha_composite(thing, (max(0, place[0]), max(0, place[1])))
    made = ground.convert("RGB")
    if draw.random() < 0.3:
        made.thumbnail((110, 110))
    return made


def photographs(cache: Path, seed: int = 20) -> list[Image.Image]:
    """Return some six hundred photographs, whole, small and with something before them."""
    draw = seeded(f"{seed} photographs")
    grounds = _wallpapers(cache)
    found = []
    for ground in grounds:
        for number in range(CROPS):
            part = _cut(ground, draw, 0.25)
            if number % 2:
                side = draw.choice(SIDES_PX)
                part.thumbnail((side, side))
            found.append(part)
    stamps = [
        path for path in _stamps(cache) if not any(word in str(path) for word in _NO_PHOTOGRAPHS)
    ]
    return found + [
        _stamped(path, grounds, draw) for path in draw.sample(stamps, min(STAMPED, len(stamps)))
    ]


def drawings(cache: Path) -> list[Image.Image]:
    """Return the stamps that are drawn, on white."""
    found = []
    for path in _stamps(cache):
        if any(word in str(path) for word in _DRAWN):
            stamp = Image.open(path).convert("RGBA")
            ground = Image.new("RGBA", stamp.size, "white")
            ground.alpha_composite(stamp)
            found.append(ground.convert("RGB"))
    return found
