"""Stored pictures in the form Telegram takes as photos, and files people have sent."""

from __future__ import annotations

import io

from telegram import Bot
from telegram.error import BadRequest

from bot.core.errors import PictureRefusedError
from bot.frontends.telegram_bot.limits import MAX_DOWNLOAD_BYTES, MAX_PHOTO_RATIO
from bot.frontends.telegram_bot.reading import File

JPEG_QUALITY = 88
_WHITE = (255, 255, 255)


def as_photo(content: bytes) -> bytes:
    """Write a picture as JPEG, with white edges if it is too long; raises OSError if damaged.

    WebP is not among the formats that photos are promised to be taken in.
    """
    from PIL import Image

    with Image.open(io.BytesIO(content)) as opened:
        picture = opened.convert("RGBA")
    width, height = picture.size
    canvas_size = (
        max(width, -(-height // MAX_PHOTO_RATIO)),
        max(height, -(-width // MAX_PHOTO_RATIO)),
    )
    canvas = Image.new("RGB", canvas_size, _WHITE)
    canvas.paste(picture, ((canvas.width - width) // 2, (canvas.height - height) // 2), picture)
    out = io.BytesIO()
    canvas.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


async def download(bot: Bot, file: File, max_bytes: int) -> bytes:
    """Fetch a file somebody has sent; raises PictureRefusedError, TelegramError."""
    limit = min(max_bytes, MAX_DOWNLOAD_BYTES)
    if (file.file_size or 0) > limit:
        raise PictureRefusedError("too_large")
    try:
        found = await bot.get_file(file.file_id)
    except BadRequest as error:
        reason = "too_large" if "too big" in error.message else "missing"
        raise PictureRefusedError(reason) from error
    content = bytes(await found.download_as_bytearray())
    if len(content) > limit:
        raise PictureRefusedError("too_large")
    return content
