"""Turn a decoded frame of any kind into a small RGB or RGBA one, in sRGB.

Whatever needs more memory than the frame itself is done in strips: the frame may be the largest
that is let in.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageCms

_STRIP_PIXELS = 4_000_000
_MAX_PROFILE_BYTES = 4_000_000
_KEPT_PROFILE_BYTES = 16_384
"""Profiles of cameras and screens are smaller, those of printing presses larger."""

_Convert = Callable[[Image.Image], Image.Image]


def fitted(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """Return ``size`` scaled down, never up, to at most ``max_side`` px a side, at least 1 px."""
    scale = min(1.0, max_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def small_rgb(image: Image.Image, max_side: int) -> Image.Image:
    """Return a new RGB image, or RGBA where something is transparent, without metadata.

    Raises ValueError for kinds of pixels that have no conversion to RGB.
    """
    small = _shrunk(image, fitted(image.size, max_side))
    if image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info:
        # Pillow takes every CMYK JPEG for Adobe's, which are the inverted ones.
        small = ImageChops.invert(small)
    small = _in_srgb(small, image.info.get("icc_profile"))
    if small.mode == "RGBA" and small.getchannel("A").getextrema() == (255, 255):
        small = small.convert("RGB")
    if small.mode not in ("RGB", "RGBA"):
        small = small.convert("RGB")
    small.info = {}
    return small


def _shrunk(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """Scale down: coarsely strip by strip to about twice the target, then finely at once."""
    width, height = image.size
    if target == image.size:  # the strips would only be put together again
        whole = _conversion(image)(image)
        return whole.copy() if whole is image else whole
    step_x, step_y = max(1, width // (2 * target[0])), max(1, height // (2 * target[1]))
    convert = _conversion(image)
    coarse: Image.Image | None = None
    for top, strip in _strips(image, step_y):
        part = convert(strip).reduce((step_x, step_y))
        if coarse is None:
            size = math.ceil(width / step_x), math.ceil(height / step_y)
            coarse = Image.new(part.mode, size)
        coarse.paste(part, (0, top // step_y))
    if coarse is None:
        raise ValueError("no pixels")
    return coarse.resize(target, Image.Resampling.LANCZOS)


def _strips(image: Image.Image, step: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Cut the image into strips whose heights, but the last, are multiples of ``step``."""
    rows = step * max(1, _STRIP_PIXELS // (image.width * step))
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _conversion(image: Image.Image) -> _Convert:
    """Choose how the strips of an image become L, RGB, RGBA or CMYK."""
    if image.mode.startswith("I;16"):
        return lambda strip: Image.fromarray((np.asarray(strip) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        return _to_grey(*_levels(image))
    if image.has_transparency_data:
        return lambda strip: strip.convert("RGBA")
    if image.mode == "1":
        return lambda strip: strip.convert("L")
    if image.mode in ("L", "RGB", "CMYK"):
        return lambda strip: strip
    return lambda strip: strip.convert("RGB")


def _levels(image: Image.Image) -> tuple[float, float]:
    """Return which values are black and white in an image of 32-bit integers or floats.

    A file does not say. Taken for granted is the first of the usual ranges 0..1 (floats),
    0..255, 0..65535 that holds all values; failing these, the darkest and the brightest value.
    """
    low, high = math.inf, -math.inf
    for _, strip in _strips(image):
        values = np.asarray(strip)
        is_finite = np.isfinite(values)
        if is_finite.any():
            low = min(low, float(values[is_finite].min()))
            high = max(high, float(values[is_finite].max()))
    if low > high:
        return 0.0, 1.0
    for white in (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= white:
            return 0.0, white
    return low, high


def _to_grey(black: float, white: float) -> _Convert:
    span = max(white - black, float(np.finfo(np.float64).tiny))

    def convert(strip: Image.Image) -> Image.Image:
        values = np.asarray(strip).astype(np.float64)  # in which no 32-bit range overflows
        values = np.nan_to_num(values, nan=black, posinf=white, neginf=black)
        share = np.clip((values - black) / span, 0.0, 1.0)
        return Image.fromarray((share * 255 + 0.5).astype(np.uint8))

    return convert


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert colours by the file's own profile: phones and printers use wider ranges than sRGB.

    Done on the small image, where it costs little. A profile that is broken, or for another kind
    of pixels, is ignored, as browsers do.
    """
    if not profile or len(profile) > _MAX_PROFILE_BYTES or image.mode == "L":
        return image
    try:
        colours = image if image.mode == "CMYK" else image.convert("RGB")
        make = _transform if len(profile) <= _KEPT_PROFILE_BYTES else _transform.__wrapped__
        transform = make(profile, colours.mode)
        if transform is None:
            return image
        converted = ImageCms.applyTransform(colours, transform)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return image
    if converted is None:
        return image
    if image.mode == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return converted


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return how pixels of a mode become sRGB, None when they are. Making it takes long."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if "sRGB" in ImageCms.getProfileDescription(source):
        return None
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
