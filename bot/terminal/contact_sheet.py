"""A contact sheet: an answer as one picture for people to look at."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

COLUMNS = 5
TILE_PX = 200
_MARGIN_PX = 16
_LABEL_PX = 24
_GROUND = (250, 250, 248)
_INK = (30, 30, 30)


def contact_sheet(
    title: str, pictures: Sequence[bytes | None], labels: Sequence[str]
) -> Image.Image:
    """Lay pictures (encoded, in any format Pillow reads) out in a grid with their labels."""
    rows = max(1, -(-len(pictures) // COLUMNS))
    cell = TILE_PX + _MARGIN_PX
    size = (
        COLUMNS * cell + _MARGIN_PX,
        3 * _MARGIN_PX + _LABEL_PX + rows * (cell + _LABEL_PX),
    )
    sheet = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    draw.text((_MARGIN_PX, _MARGIN_PX), _printable(title), fill=_INK, font=font)
    for n, (content, label) in enumerate(zip(pictures, labels, strict=True)):
        left = _MARGIN_PX + n % COLUMNS * cell
        top = 2 * _MARGIN_PX + _LABEL_PX + n // COLUMNS * (cell + _LABEL_PX)
        if content is not None:
            tile = _tile(content)
            at = (left + (TILE_PX - tile.width) // 2, top + (TILE_PX - tile.height) // 2)
            sheet.paste(tile, at, tile)
        text = _fitted(_printable(label), font)
        draw.text((left, top + TILE_PX + 4), text, fill=_INK, font=font)
    return sheet


def _tile(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as picture:
        tile = picture.convert("RGBA")
    scale = min(TILE_PX / tile.width, TILE_PX / tile.height)
    size = (max(1, round(tile.width * scale)), max(1, round(tile.height * scale)))
    return tile.resize(size, Image.Resampling.LANCZOS)


def _printable(text: str) -> str:
    """Leave out what Pillow's own font cannot draw, such as the emoji in captions."""
    return " ".join("".join(c if ord(c) < 0x250 else " " for c in text).split())


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    while text and font.getlength(text) > TILE_PX:
        text = text[:-2].rstrip(" …") + "…"
    return text
