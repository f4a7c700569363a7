"""Decode people's pictures without being harmed by them, and make what is kept of them.

Nothing in a file is believed: only the plugins named here ever see it, its size is checked before
a pixel is decoded, and whatever goes wrong inside Pillow leaves as a :class:`PictureError`. All
functions may run in several threads at once.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import (
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from workers import headers
from workers.pixels import fitted, small_rgb

try:
    from PIL import AvifImagePlugin
except ImportError:  # Pillow before 11.3
    _avif_is_supported = False
else:
    _avif_is_supported = AvifImagePlugin.SUPPORTED

# Imported above and not by name at first use, because that would load every plugin there is.
_PLUGINS: tuple[type[ImageFile.ImageFile], ...] = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    GifImagePlugin.GifImageFile,
    WebPImagePlugin.WebPImageFile,
    BmpImagePlugin.BmpImageFile,
    TiffImagePlugin.TiffImageFile,
)
_FORMATS = tuple(plugin.format for plugin in _PLUGINS if plugin.format) + (
    ("AVIF",) if _avif_is_supported else ()
)

MAX_PIXELS = 100_000_000
MAX_SIDE_PX = 1024
_MAX_HEADER_SIDE_PX = 200_000  # Pillow spends 8 bytes on every row, however narrow
_DRAFT_SHARE = 0.9
"""A JPEG that decodes by itself to so much of the wanted side, or more, is not scaled again."""
_MAX_FRAMES = 10_000
_LOSSLESS_PIXELS = 256 * 256

# Pillow warns above this and refuses above twice as much, also for GIF frames that outgrow their
# canvas, which no check of ours can see beforehand.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)

_ANIMATED_FORMATS = ("PNG", "WEBP", "AVIF")


class PictureError(Exception):
    """A picture cannot be used.

    :func:`decode` sets ``code`` to ``empty``, ``too_many_pixels``, ``truncated`` (cut short or
    damaged), ``unsupported`` (a known kind of file, but none that is read here) or
    ``not_a_picture`` (nothing known).
    """

    retryable = False

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class DecodedPicture:
    """A picture ready to be encoded, stored and hashed."""

    frames: tuple[Image.Image, ...]
    """One or more frames in order of time, the first frame first; RGB, or RGBA where something is
    transparent; upright, in sRGB, without metadata."""
    width: int
    """Width of the upright original in pixels."""
    height: int
    media_type: str
    frame_count: int
    """Frames of the original; 1 for anything that does not move."""


def decode(
    content: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    max_frames: int = 3,
    max_side: int = MAX_SIDE_PX,
) -> DecodedPicture:
    """Decode a picture into at most ``max_frames`` frames of at most ``max_side`` px a side.

    A large JPEG may come out up to a tenth smaller, because it is quicker so.

    Accepts JPEG, PNG, APNG, GIF, WebP, BMP, TIFF (its first page) and, where Pillow can, AVIF.
    ``max_pixels`` bounds one frame of the original, and how far into an animation frames are
    taken from: the frames beyond that many pixels in total are never decoded. It cannot be raised
    above twice :data:`MAX_PIXELS`, where Pillow itself refuses; WebP is allowed half of it.

    Raises :class:`PictureError` and nothing else.
    """
    if not content:
        raise PictureError("empty")
    is_known = False
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            is_known = True
            return _read(image, content, max_pixels, max_frames, max_side)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise PictureError("too_many_pixels") from error
    except Exception as error:
        if isinstance(error, ValueError) and content.startswith(b"\x89PNG"):
            # A text or colour profile that unpacks to more than Pillow allows.
            raise PictureError("unsupported") from error
        raise PictureError(
            "truncated" if is_known else headers.why_unreadable(content, _FORMATS)
        ) from error


def flatten(image: Image.Image, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """Return the image as RGB, what is transparent lying on ``background``.

    An image that is RGB already is returned as it is.
    """
    if image.mode == "RGB":
        return image
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, background)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def rendition(picture: DecodedPicture) -> bytes:
    """Return the first frame as WebP, at most 1024 px a side, transparency kept.

    It carries no metadata: where a photograph was taken is nobody's business but its owner's.
    """
    image = picture.frames[0].copy()
    image.info = {}
    image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    lossy = _webp(image, lossless=False)
    if image.width * image.height > _LOSSLESS_PIXELS:
        return lossy
    # Small pictures are mostly drawings: exact, and often smaller so.
    return min(_webp(image, lossless=True), lossy, key=len)


def perceptual_hash(picture: DecodedPicture) -> int:
    """Return the 64-bit pHash of the first frame, as the signed integer Postgres can hold.

    Two hashes that differ in few bits (``(a ^ b).bit_count()`` of the unsigned values) belong to
    pictures that look alike.
    """
    import imagehash  # brings 20 MiB of SciPy, which a worker for questions does without

    bits = np.packbits(imagehash.phash(flatten(picture.frames[0])).hash.flatten())
    return int.from_bytes(bits.tobytes(), "big", signed=True)


def _read(
    image: ImageFile.ImageFile, content: bytes, max_pixels: int, max_frames: int, max_side: int
) -> DecodedPicture:
    _check_size(image, max_pixels)
    width, height = image.size
    media_type = image.get_format_mimetype() if image.format != "MPO" else "image/jpeg"
    frame_count = _frame_count(image, content)
    if frame_count > _MAX_FRAMES:
        raise PictureError("too_many_pixels")
    reachable = max(1, min(frame_count, max_pixels // (width * height)))
    wanted = max(1, min(max_frames, reachable))
    frames = []
    orientation = 1
    for index in range(wanted):
        if index:
            image.seek(index * reachable // wanted)
            _check_size(image, max_pixels)
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            # Decodes to 1/2, 1/4 or 1/8 at a third of the time.
            image.draft(None, fitted(image.size, math.ceil(_DRAFT_SHARE * max_side)))
        image.load()
        # Only now: a PNG may tell it behind its pixels, and a TIFF turns itself while loading.
        orientation = _orientation(image)
        frame = small_rgb(image, max_side)
        turn = _UPRIGHT.get(orientation)
        frames.append(frame if turn is None else frame.transpose(turn))
    if orientation in _SIDEWAYS:
        width, height = height, width
    return DecodedPicture(
        frames=tuple(frames),
        width=width,
        height=height,
        media_type=media_type or "",
        frame_count=frame_count,
    )


def _check_size(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if image.format == "WEBP":
        max_pixels //= 2  # libwebp holds two canvases of its own beside Pillow's two
    if width * height > max_pixels or max(width, height) > _MAX_HEADER_SIDE_PX:
        raise PictureError("too_many_pixels")
    if width < 1 or height < 1:
        raise PictureError("truncated")


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; broken EXIF data is no reason to refuse a picture."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1


def _frame_count(image: Image.Image, content: bytes) -> int:
    """Count the frames of an animation without decoding them, giving up beyond the limit."""
    if image.format == "GIF":
        count = headers.gif_frame_count(content, _MAX_FRAMES)
        if count is None:
            raise PictureError("truncated")
        return count
    if image.format in _ANIMATED_FORMATS:
        return int(getattr(image, "n_frames", 1))
    return 1  # the further images of an MPO or a TIFF are other pictures, not later ones


def _webp(image: Image.Image, *, lossless: bool) -> bytes:
    out = io.BytesIO()
    # Method 4, Pillow's own choice, takes 2.6 times as long: as sharp, 8 % smaller.
    image.save(out, "WEBP", lossless=lossless, quality=80, method=1)
    return out.getvalue()
