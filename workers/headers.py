"""What picture files say of themselves, read without decoding a pixel."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
_TIFF_STARTS = (b"II*\x00", b"MM\x00*")
_OTHER_STARTS = (
    b"II+\x00",  # BigTIFF, where Pillow could not read it
    b"MM\x00+",
    b"\xff\x0a",  # JPEG XL
    b"\x00\x00\x00\x0cJXL ",
    b"\x00\x00\x00\x0cjP  ",  # JPEG 2000
    b"\xff\x4f\xff\x51",
    b"8BPS",  # Photoshop
    b"\x00\x00\x01\x00",  # Windows icon
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b\x08",
)
_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)
_TEXT_WINDOW_BYTES = 4096  # room for a long licence comment before <svg>
_PDF_WINDOW_BYTES = 1024
_SVG_TAG = re.compile(rb"<(?:[a-z_][\w.-]*:)?svg[\s/>]")
_GIF_EXTENSION, _GIF_FRAME = b"!,"


def why_unreadable(content: bytes, readable_formats: Collection[str]) -> str:
    """Say why Pillow, allowed ``readable_formats``, did not recognise the content as a picture.

    Returns ``truncated``, ``unsupported`` (a known kind of file, but none that is read here) or
    ``not_a_picture`` (nothing known). Agrees with the bot's own look at
    the first bytes (:mod:`bot.core.sniff`), which workers must not import; a test holds them
    together.
    """
    start = content[:_TEXT_WINDOW_BYTES]
    if start.startswith(_TIFF_STARTS):
        return _why_unreadable_tiff(content)
    if start[4:8] == b"ftyp":
        return _why_unreadable_iso_media(start, readable_formats)
    is_cut_short = (
        start.startswith(_PICTURE_STARTS)
        or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")
        or (start[:2] == b"BM" and int.from_bytes(start[14:18], "little") in _BMP_HEADER_SIZES)
    )
    if is_cut_short:
        return "truncated"
    is_known_otherwise = (
        start.startswith(_OTHER_STARTS)
        or b"%PDF-" in start[:_PDF_WINDOW_BYTES]
        or _is_svg_or_html(start)
    )
    return "unsupported" if is_known_otherwise else "not_a_picture"


def gif_frame_count(content: bytes, limit: int) -> int | None:
    """Count the frames of a GIF, up to ``limit`` + 1; None when the file ends within a block.

    Walks over the blocks, because Pillow would take a minute for a file full of tiny frames. A
    missing end mark is forgiven.
    """

    def after_colours(flags_at: int, header_end: int) -> int:
        flags = content[flags_at]
        return header_end + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)

    count = 0
    try:
        at = after_colours(10, 13)
        while at < len(content) and count <= limit:
            if content[at] == _GIF_EXTENSION:
                at += 2
            elif content[at] == _GIF_FRAME:
                at = after_colours(at + 9, at + 10) + 1
                count += 1
            else:
                break
            while size := content[at]:
                at += 1 + size
            at += 1
    except IndexError:
        return None
    return max(1, count)


def _why_unreadable_tiff(content: bytes) -> str:
    """A TIFF's directory often lies behind its pixels: gone if cut short, else of a rare kind."""
    order: Literal["little", "big"] = "little" if content[:2] == b"II" else "big"
    start = int.from_bytes(content[4:8], order)
    entries = int.from_bytes(content[start : start + 2], order)
    end = start + 2 + 12 * entries
    return "truncated" if len(content) < 8 or entries == 0 or end > len(content) else "unsupported"


def _why_unreadable_iso_media(start: bytes, readable_formats: Collection[str]) -> str:
    """AVIF shares its container with HEIC and with most video."""
    brands = start[8 : min(int.from_bytes(start[:4], "big"), 256)]
    return "truncated" if b"avi" in brands and "AVIF" in readable_formats else "unsupported"


def _is_svg_or_html(start: bytes) -> bool:
    text = start.replace(b"\x00", b"").lower()  # UTF-16 is plain enough without its zeros
    text = text.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if text.startswith((b"<!doctype html", b"<html")):
        return True
    return text.startswith(b"<") and _SVG_TAG.search(text) is not None
