"""Emoji artwork as tensors: several artists' pictures of the same glyphs, and their augmentation.

The glyphs that are drawn identically in Noto Color Emoji (a few flags) count as one picture, so
that a gallery never holds two equal answers.
"""

import io
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from samples import emoji as noto
from workers.training import sources
from workers.training.errors import DataError

SIZE_PX = 72  # a margin over the tower's 64, so that shifts and zooms stay sharp
TRAINED = ("noto", "openmoji", *sources.ICONIFY)
UNSEEN = "twitter"

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Artwork:
    """All pictures of all sets.

    ``emoji`` lists the pictures of the gallery, ``alias`` leads every emoji to its row there.
    ``sets`` holds, for each set of artwork, RGBA pixels uint8 [n, 4, 72, 72] with the rows of the
    gallery that they show, int64 [n].
    """

    emoji: tuple[str, ...]
    names: tuple[str, ...]
    alias: dict[str, int]
    sets: dict[str, tuple[torch.Tensor, torch.Tensor]]

    @cached_property
    def gallery(self) -> torch.Tensor:
        """Noto's pictures in the order of ``emoji`` on white, float32 [n, 3, 64, 64] in 0…1."""
        pixels, rows = self.sets["noto"]
        return on_white(pixels[torch.argsort(rows)])


def bare(emoji: str) -> str:
    """Return the emoji without variation selectors, the form in which CLDR lists it."""
    return emoji.replace("\ufe0f", "")


def is_flag(emoji: str) -> bool:
    """Whether the emoji is the flag of a country or of a part of one."""
    first, last = ord(emoji[0]), ord(emoji[-1])
    return 0x1F1E6 <= first <= 0x1F1FF or 0xE0020 <= last <= 0xE007F


def square(picture: Image.Image, size_px: int = SIZE_PX) -> Pixels:
    """Return a picture centred on a transparent square, uint8 [4, size_px, size_px]."""
    picture = picture.convert("RGBA")
    side = max(picture.size)
    canvas = Image.new("RGBA", (side, side))
    canvas.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    scaled = canvas.resize((size_px, size_px), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.asarray(scaled).transpose(2, 0, 1).copy()


def _draw_svg(svg: str) -> Image.Image:
    try:
        import resvg_py  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise DataError("pip install resvg-py: SVG artwork is drawn with it") from error
    png = resvg_py.svg_to_bytes(svg_string=svg, width=2 * SIZE_PX, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(png)))


def _key_from_codes(codes: str) -> str:
    return bare("".join(chr(int(code, 16)) for code in codes.split("-")))


def _openmoji(cache: Path, wanted: dict[str, int]) -> dict[int, Pixels]:
    folder = sources.fetch_npm(sources.OPENMOJI, cache) / "color" / "svg"
    found: dict[int, Pixels] = {}
    for path in sorted(folder.glob("*.svg")):
        row = wanted.get(_key_from_codes(path.stem))
        if row is not None:
            found[row] = square(_draw_svg(path.read_text(encoding="utf-8")))
    return found


def _iconify(
    source: sources.Source, cache: Path, wanted: dict[str, int], slugs: dict[str, int]
) -> dict[int, Pixels]:
    folder = sources.fetch_npm(source, cache)
    icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
    codes = json.loads((folder / "chars.json").read_text(encoding="utf-8"))
    by_name = {name: wanted.get(_key_from_codes(code)) for code, name in codes.items()}
    found: dict[int, Pixels] = {}
    for name, icon in icons["icons"].items():
        row = by_name.get(name) if by_name else slugs.get(name)
        if row is None:
            continue
        width = icon.get("width", icons.get("width", 16))
        height = icon.get("height", icons.get("height", 16))
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        found[row] = square(_draw_svg(f"{head}{icon['body']}</svg>"))
    return found


def _twitter(cache: Path, wanted: dict[str, int]) -> dict[int, Pixels]:
    folder = sources.fetch_npm(sources.TWITTER, cache) / "img" / "twitter" / "64"
    found: dict[int, Pixels] = {}
    for path in sorted(folder.glob("*.png")):
        row = wanted.get(_key_from_codes(path.stem))
        if row is not None:
            with Image.open(path) as picture:
                found[row] = square(picture)
    return found


def _stack(found: dict[int, Pixels]) -> tuple[torch.Tensor, torch.Tensor]:
    rows = sorted(found)
    pixels = torch.from_numpy(np.stack([found[row] for row in rows]))
    return pixels, torch.tensor(rows, dtype=torch.int64)


def _draw_all(cache: Path) -> Artwork:
    emoji: list[str] = []
    names: list[str] = []
    alias: dict[str, int] = {}
    drawn: dict[bytes, int] = {}
    noto_pixels: dict[int, Pixels] = {}
    for glyph in noto.glyphs():
        picture = noto.render(glyph.emoji)
        row = drawn.setdefault(picture.tobytes(), len(emoji))
        alias[bare(glyph.emoji)] = row
        if row == len(emoji):
            emoji.append(glyph.emoji)
            names.append(glyph.name)
            noto_pixels[row] = square(picture)
    slugs = {glyph.slug: alias[bare(glyph.emoji)] for glyph in noto.glyphs()}
    sets = {
        "noto": _stack(noto_pixels),
        "openmoji": _stack(_openmoji(cache, alias)),
        **{
            name: _stack(_iconify(source, cache, alias, slugs))
            for name, source in sources.ICONIFY.items()
        },
        UNSEEN: _stack(_twitter(cache, alias)),
    }
    return Artwork(tuple(emoji), tuple(names), alias, sets)


def load(cache: Path) -> Artwork:
    """Return the artwork, drawing it at the first call (half a minute) and caching it after."""
    path = cache / "artwork.pt"
    if path.exists():
        stored = torch.load(path, weights_only=True)
        return Artwork(
            tuple(stored["emoji"]), tuple(stored["names"]), stored["alias"], stored["sets"]
        )
    artwork = _draw_all(cache)
    partial = path.with_suffix(".partial")
    torch.save(
        {
            "emoji": list(artwork.emoji),
            "names": list(artwork.names),
            "alias": artwork.alias,
            "sets": artwork.sets,
        },
        partial,
    )
    partial.rename(path)
    return artwork


def on_white(pixels: torch.Tensor, size_px: int = 64) -> torch.Tensor:
    """Lay RGBA pixels uint8 [n, 4, h, w] on white: float32 [n, 3, size_px, size_px] in 0…1."""
    rgba = pixels.float() / 255
    flat = rgba[:, :3] * rgba[:, 3:] + (1 - rgba[:, 3:])
    return torch.nn.functional.interpolate(
        flat, size=(size_px, size_px), mode="bicubic", antialias=True, align_corners=False
    ).clamp(0, 1)


def augment(
    pixels: torch.Tensor, generator: torch.Generator, size_px: int = 64, calm: float = 0.25
) -> torch.Tensor:
    """Return varied views of RGBA pixels uint8 [n, 4, h, w]: float32 [n, 3, size, size] in 0…1.

    Varies place, size, angle, ground, brightness, contrast and sharpness, never mirrors (an arrow
    to the left is another picture). A share ``calm`` of the batch is only moved a little, on
    white, as the gallery shows it.
    """
    count = pixels.shape[0]

    def spread(low: float, high: float) -> torch.Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    quiet = torch.rand(count, generator=generator) < calm
    zoom = torch.where(quiet, spread(0.97, 1.05), spread(0.8, 1.5))
    angle = torch.where(quiet, torch.zeros(count), spread(-0.2, 0.2))
    shift = torch.where(quiet[:, None], torch.tensor(0.04), torch.tensor(0.14)) * torch.stack(
        [spread(-1, 1), spread(-1, 1)], dim=1
    )
    stretch = torch.where(quiet, torch.ones(count), spread(0.9, 1.1))
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    theta = torch.stack(
        [
            torch.stack([cos * stretch, -sin, shift[:, 0]], dim=1),
            torch.stack([sin, cos / stretch, shift[:, 1]], dim=1),
        ],
        dim=1,
    )
    grid = torch.nn.functional.affine_grid(theta, [count, 4, size_px, size_px], align_corners=False)
    rgba = pixels.float() / 255
    rgba[:, :3] *= rgba[:, 3:]  # premultiplied, or transparent pixels bleed into the edges
    moved = torch.nn.functional.grid_sample(rgba, grid, align_corners=False)
    ground = torch.rand(count, 3, 1, 1, generator=generator)
    pale = torch.rand(count, generator=generator) < 0.5
    ground = torch.where((quiet | pale)[:, None, None, None], torch.ones(()), ground)
    flat = moved[:, :3] + ground * (1 - moved[:, 3:])
    strong = (~quiet).float()[:, None, None, None]
    contrast = 1 + strong * (spread(0.75, 1.25)[:, None, None, None] - 1)
    light = strong * spread(-0.12, 0.12)[:, None, None, None]
    tint = strong * (torch.rand(count, 3, 1, 1, generator=generator) - 0.5) * 0.12
    flat = (flat - 0.5) * contrast + 0.5 + light + tint
    blurred = torch.nn.functional.avg_pool2d(flat, 3, stride=1, padding=1, count_include_pad=False)
    soft = (torch.rand(count, generator=generator) < 0.2) & ~quiet
    return torch.where(soft[:, None, None, None], blurred, flat).clamp(0, 1)
