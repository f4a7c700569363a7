"""Telling photographs, cheaply, for a word about encoders that do not know them."""

from __future__ import annotations

COMMAND = "python -m bot encoder use siglip-base-multilingual"
"""What changes it."""
_EXIF = b"Exif\x00\x00"
_EXIF_WITHIN_BYTES = 4096
_CAMERA_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis"})
_LARGE_JPEG_BYTES = 40_000


def looks_like_photograph(content: bytes) -> bool:
    """Guess by a file's first bytes and its size; nothing is decoded.

    Photographs come as JPEG (or HEIC), which has no alpha, and drawings hardly ever do; JPEGs of a
    camera say so by EXIF, and many colours make large ones. A comic saved as JPEG is taken for
    one, a photograph saved as PNG is not: the price of a wrong guess is one needless line.
    """
    if content[:3] == b"\xff\xd8\xff":
        return len(content) >= _LARGE_JPEG_BYTES or _EXIF in content[:_EXIF_WITHIN_BYTES]
    return content[4:8] == b"ftyp" and content[8:12] in _CAMERA_BRANDS
