"""What a file is, by its first bytes: a file's name and a browser's word for it prove nothing.

The worker makes sure when it decodes; looking here first tells the person at once, and keeps
files that are certainly no pictures out of the store.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

SUPPORTED = frozenset(
    {
        "image/apng",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
    }
)
"""Media types of the pictures that can be added and searched with."""

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),  # BigTIFF
    (b"MM\x00+", "image/tiff"),
    (b"\xff\x0a", "image/jxl"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
)
_PNG = b"\x89PNG\r\n\x1a\n"
_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_TEXT_WINDOW_BYTES = 4096  # room for a long licence comment before <svg>
_SVG_TAG = re.compile(r"<(?:[a-z_][\w.-]*:)?svg[\s/>]")
_PDF_WINDOW_BYTES = 1024  # readers accept the mark anywhere in here, and so do senders of PDFs


def media_type(content: bytes) -> str | None:
    """Name the media type of ``content``, or None when it is nothing known here.

    Known are all kinds of pictures in use and what else people send: video, PDF, HTML, archives. A
    PNG that announces an animation is ``image/apng``. Only the beginning is looked at: the
    rest may still be damaged. Never raises.
    """
    return _by_magic(content) or _by_structure(content) or _of_text(content[:_TEXT_WINDOW_BYTES])


def is_supported(kind: str) -> bool:
    """Tell whether pictures of this media type can be used."""
    return kind in SUPPORTED


def _by_magic(content: bytes) -> str | None:
    return next((name for magic, name in _MAGIC if content.startswith(magic)), None)


def _by_structure(content: bytes) -> str | None:
    if content.startswith(_PNG):
        return "image/apng" if _png_is_animated(content) else "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        return _of_iso_media(content)
    if content[:2] == b"BM" and int.from_bytes(content[14:18], "little") in _BMP_HEADER_SIZES:
        return "image/bmp"
    return "application/pdf" if b"%PDF-" in content[:_PDF_WINDOW_BYTES] else None


def _png_is_animated(content: bytes) -> bool:
    for name, body in _png_chunks_before_pixels(content):
        if name == b"acTL":
            return int.from_bytes(body[:4], "big") > 0
    return False


def _png_chunks_before_pixels(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the first bytes of every chunk up to the first IDAT."""
    position = len(_PNG)
    while position + 8 <= len(content):
        size, name = struct.unpack_from(">I4s", content, position)
        if name == b"IDAT":
            return
        yield name, content[position + 8 : position + 8 + min(size, 8)]
        position += 12 + size


def _of_iso_media(content: bytes) -> str:
    """Tell AVIF, HEIC and video apart by the brands of the leading ``ftyp`` box."""
    end = min(int.from_bytes(content[:4], "big"), 256)
    brands = {content[8:12]} | {content[at : at + 4] for at in range(16, end - 3, 4)}
    if brands & {b"avif", b"avis"}:
        return "image/avif"
    if brands & _HEIF_BRANDS:
        return "image/heic"
    return "video/quicktime" if b"qt  " in brands else "video/mp4"


def _of_text(start: bytes) -> str | None:
    utf_16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = start.decode("utf-16" if utf_16 else "utf-8", "replace")
    text = text.lstrip("\ufeff \t\r\n").lower()
    if text.startswith(("<!doctype html", "<html")):
        return "text/html"
    if text.startswith("<") and _SVG_TAG.search(text):
        return "image/svg+xml"
    return None
