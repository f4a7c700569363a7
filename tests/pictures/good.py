"""Pictures that are all right, however unusual."""

from __future__ import annotations

import io

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageDraw

Colour = tuple[int, int, int]
RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 180, 60), (40, 70, 220), (240, 210, 40)


def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


# --- Ordinary pictures ----------------------------------------------------------------------


def drawing(size: tuple[int, int] = (96, 64), colour: Colour = RED) -> Image.Image:
    """A disc in a corner, so that no turned or mirrored version looks the same."""
    image = Image.new("RGB", size, (250, 250, 250))
    width, height = size
    ImageDraw.Draw(image).ellipse((0, 0, width // 2, height // 2), fill=colour)
    return image


def jpeg(size: tuple[int, int] = (96, 64), colour: Colour = RED) -> bytes:
    return saved(drawing(size, colour), "JPEG", quality=90)


def png(size: tuple[int, int] = (96, 64), colour: Colour = RED) -> bytes:
    return saved(drawing(size, colour), "PNG")


def webp(size: tuple[int, int] = (96, 64), colour: Colour = RED) -> bytes:
    return saved(drawing(size, colour), "WEBP")


def bmp() -> bytes:
    return saved(drawing(), "BMP")


def tiff() -> bytes:
    return saved(drawing(), "TIFF", compression="tiff_lzw")


def avif() -> bytes:
    return saved(drawing(), "AVIF", max_threads=1)


def noisy_jpeg(size: tuple[int, int] = (640, 480), seed: int = 0) -> bytes:
    """Hard to compress, like a photograph; another seed is a picture that looks different."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    fine = np.random.default_rng(seed + 1).integers(0, 24, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    return saved(Image.fromarray(np.asarray(image) // 2 + fine), "JPEG", quality=90)


def one_pixel() -> bytes:
    return saved(Image.new("RGB", (1, 1), RED), "PNG")


def wide_jpeg() -> bytes:
    """A panorama of 20 000 x 100 px."""
    return saved(drawing((20_000, 100)), "JPEG", quality=50)


# --- Unusual pixels -------------------------------------------------------------------------


def cmyk_jpeg(*, by_adobe: bool = True) -> bytes:
    """Ink values are stored inverted by Adobe's programs, which say so, and as they are by others.

    Both are of one colour, :data:`RED` without a profile.
    """
    image = Image.new("RGB", (64, 48), RED).convert("CMYK")
    if by_adobe:
        return saved(image, "JPEG", quality=95)
    inverted = Image.fromarray(255 - np.asarray(image), "CMYK")
    content = saved(inverted, "JPEG", quality=95)
    at = content.index(b"\xff\xee")
    return content[:at] + content[at + 2 + int.from_bytes(content[at + 2 : at + 4], "big") :]


def sixteen_bit_png() -> bytes:
    """A gradient from black on the left to white on the right."""
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    return saved(Image.fromarray(np.tile(ramp, (16, 1))), "PNG")


def float_tiff() -> bytes:
    """The same gradient in 0..1, with a hole where there was nothing to measure."""
    ramp = np.tile(np.linspace(0, 1, 256).astype(np.float32), (16, 1))
    ramp[:2, :2] = np.nan
    return saved(Image.fromarray(ramp), "TIFF")


def one_bit_png() -> bytes:
    return saved(drawing().convert("1"), "PNG")


def grey_alpha_png() -> bytes:
    image = Image.new("LA", (64, 48), (90, 255))
    image.paste((0, 0), (0, 0, 32, 48))
    return saved(image, "PNG")


def palette_png_with_transparency() -> bytes:
    """The left half is transparent, the right half green."""
    image = Image.new("P", (64, 48), 0)
    image.putpalette([0, 0, 0, *GREEN])
    image.paste(1, (32, 0, 64, 48))
    return saved(image, "PNG", transparency=0)


def transparent_png(size: tuple[int, int] = (64, 48)) -> bytes:
    """A blue disc on nothing."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((0, 0, size[0] - 1, size[1] - 1), fill=(*BLUE, 255))
    return saved(image, "PNG")


def lab_tiff() -> bytes:
    return saved(Image.new("LAB", (16, 16), (60, 120, 130)), "TIFF")


def profiled_jpeg() -> bytes:
    """A drawing whose colour profile says that red is blue and blue is red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in (
        (b"rXYZ", b"----"),
        (b"bXYZ", b"rXYZ"),
        (b"----", b"bXYZ"),
        ("sRGB".encode("utf-16-be"), "sBGR".encode("utf-16-be")),
    ):
        profile = profile.replace(old, new)
    return saved(drawing(), "JPEG", quality=95, icc_profile=profile)


# --- Metadata -------------------------------------------------------------------------------


def exif_rotated_jpeg(orientation: int = 6) -> bytes:
    """Seen upright 80 x 48 px: red top left, green top right, blue and yellow below.

    Orientation 1..8 says how the camera lay, and so how the pixels are stored.
    """
    upright = Image.new("RGB", (80, 48))
    for colour, box in (
        (RED, (0, 0, 40, 24)),
        (GREEN, (40, 0, 80, 24)),
        (BLUE, (0, 24, 40, 48)),
        (YELLOW, (40, 24, 80, 48)),
    ):
        upright.paste(colour, box)
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    turned = upright if stored is None else upright.transpose(stored)
    return saved(turned, "JPEG", quality=95, exif=exif)


GPS_MAKER = "Babelpix Test Camera"


def gps_jpeg() -> bytes:
    """Says where and with what (:data:`GPS_MAKER`) it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = GPS_MAKER
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (48.0, 12.0, 30.0)
    return saved(drawing(), "JPEG", exif=exif, xmp=f"<x>{GPS_MAKER}</x>".encode())


# --- Animations -----------------------------------------------------------------------------


def _film(count: int, size: tuple[int, int]) -> list[Image.Image]:
    return [
        Image.new("RGB", size, (0, round(255 * i / max(1, count - 1)), 0)) for i in range(count)
    ]


def _animated(file_format: str, count: int, size: tuple[int, int], **options: object) -> bytes:
    first, *others = _film(count, size)
    return saved(
        first, file_format, save_all=True, append_images=others, duration=40, loop=0, **options
    )


def animated_gif(count: int = 9, size: tuple[int, int] = (40, 30)) -> bytes:
    """Fades from black to green, as the other animations do."""
    return _animated("GIF", count, size)


def animated_webp(count: int = 9, size: tuple[int, int] = (40, 30)) -> bytes:
    return _animated("WEBP", count, size, lossless=True)


def apng(count: int = 9, size: tuple[int, int] = (40, 30)) -> bytes:
    return _animated("PNG", count, size)
