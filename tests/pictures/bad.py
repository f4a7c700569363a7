"""Files that are no pictures, not whole, too much, or of a kind that is not read."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from tests.pictures.good import animated_gif, drawing, noisy_jpeg, saved

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def raw_png(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG of 8-bit RGB with a header that says what it is told to, and these chunks."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG_SIGNATURE + header + b"".join(chunks) + png_chunk(b"IEND", b"")


def truncated_jpeg() -> bytes:
    content = noisy_jpeg()
    return content[: len(content) // 2]


def truncated_png() -> bytes:
    content = saved(Image.open(io.BytesIO(noisy_jpeg((160, 120)))), "PNG")
    return content[: len(content) // 2]


def truncated_gif() -> bytes:
    return animated_gif()[:-30]


def truncated_tiff() -> bytes:
    content = saved(drawing(), "TIFF", compression="raw")
    return content[: len(content) // 2]


def odd_tiff() -> bytes:
    """Whole, but packed in a way that nobody knows."""
    content = saved(drawing(), "TIFF", compression="tiff_lzw")
    entry = struct.pack("<HHI", 259, 3, 1)
    return content.replace(entry + struct.pack("<I", 5), entry + struct.pack("<I", 65_000))


def not_a_picture() -> bytes:
    return b"Dear all, please find the picture attached.\r\n" * 20


def text_like_a_bitmap() -> bytes:
    return b"BMW is a maker of cars and motorcycles in Munich.\n" * 20


def bomb_png() -> bytes:
    """A hundred bytes that declare 60 000 x 60 000 px."""
    return raw_png(60_000, 60_000, png_chunk(b"IDAT", zlib.compress(bytes(100))))


def black_png(width: int, height: int) -> bytes:
    """A picture whose pixels are all there, and all black; made without ever holding them."""
    size = height * (1 + 3 * width)
    block = 1_000_000
    packer = zlib.compressobj(9)
    first = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    header, packed = first[:2], first[2:]  # after a full flush, blocks can be repeated as they are
    rest = zlib.compress(bytes(size % block), 9)[2:-4]
    adler = struct.pack(">I", size % 65_521 << 16 | 1)
    return raw_png(
        width, height, png_chunk(b"IDAT", header + packed * (size // block) + rest + adler)
    )


def full_bomb_png() -> bytes:
    """20 000 x 20 000 px, all really there: 1.2 GB in a small file."""
    return black_png(20_000, 20_000)


def text_bomb_png() -> bytes:
    """A picture of one pixel whose comment unpacks to 64 MB."""
    comment = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(64_000_000), 1))
    return raw_png(1, 1, comment, png_chunk(b"IDAT", zlib.compress(bytes(4))))


def bomb_gif() -> bytes:
    """A canvas of one pixel, with a frame of 65 000 x 65 000 px on it."""
    content = bytearray(saved(Image.new("P", (1, 1)), "GIF"))
    frame = content.index(b",", 13)
    content[frame + 5 : frame + 9] = struct.pack("<HH", 65_000, 65_000)
    return bytes(content)


def endless_gif() -> bytes:
    """More frames than anyone would watch."""
    content = saved(Image.new("P", (1, 1)), "GIF")
    frame = content.index(b",", 13)
    return content[:frame] + content[frame:-1] * 20_000 + b";"


def svg() -> bytes:
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- drawn by hand -->\n'
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle r="4"/></svg>\n'
    )


def heic() -> bytes:
    """The beginning of a photograph from a phone, in a kind of file that is not read."""
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)


def html() -> bytes:
    return b'<!DOCTYPE html>\n<html><body><svg viewBox="0 0 8 8"></svg>404</body></html>'


def pdf_named_jpg() -> bytes:
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"


def mp4() -> bytes:
    return b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42" + bytes(200)


def webm() -> bytes:
    return b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm" + bytes(200)


def zip_archive() -> bytes:
    return b"PK\x05\x06" + bytes(18)


def empty() -> bytes:
    return b""
