"""Stored pictures in the form Telegram takes as photos, and files people have sent."""

from __future__ import annotations

import asyncio
import io
import logging

from cachetools import LRUCache
from telegram import Bot
from telegram.error import BadRequest

from bot.core.errors import PictureRefusedError
from bot.core.messages import Hit
from bot.frontends.base import ConversationPort
from bot.frontends.telegram_bot.limits import (
    MAX_DOWNLOAD_BYTES,
    MAX_PHOTO_BYTES,
    MAX_PHOTO_RATIO,
    MAX_PHOTO_SIDES,
)
from bot.frontends.telegram_bot.reading import File

JPEG_QUALITY = 88
KEPT_BYTES = 8 * 2**20
"""Of JPEGs, about 60 pictures, for what is asked for again before Telegram has answered: it is sent
each but once."""
_WHITE = (255, 255, 255)

logger = logging.getLogger(__name__)


class FileTooLargeError(PictureRefusedError):
    """Telegram does not hand the file to bots."""

    def __init__(self) -> None:
        super().__init__("too_large")


class Photos:
    """Makes photos of stored pictures, and remembers them for a while."""

    def __init__(self, conversation: ConversationPort) -> None:
        self._conversation = conversation
        self._made: LRUCache[str, bytes] = LRUCache(KEPT_BYTES, getsizeof=len)

    async def photo(self, collection: str, hit: Hit) -> bytes | None:
        """Return a picture as JPEG; None when it cannot be had."""
        made = self._made.get(hit.sha256)
        if made is not None:
            return made
        picture = await self._conversation.rendition(collection, hit)
        if picture is None:
            return None
        try:
            made = await asyncio.to_thread(as_photo, picture.content)
        except OSError as error:
            details = {"image_id": hit.image_id, "error": type(error).__name__}
            logger.warning("telegram_photo_not_made", extra=details)
            return None
        if len(made) <= KEPT_BYTES:
            self._made[hit.sha256] = made
        return made


def as_photo(content: bytes) -> bytes:
    """Write a picture as JPEG that Telegram takes; raises OSError if damaged.

    It gets white edges if it is too long. WebP is not among the formats that photos are promised
    to be taken in.
    """
    # Named, since Pillow would load every format it knows to find this one.
    from PIL import Image, WebPImagePlugin  # noqa: F401

    with Image.open(io.BytesIO(content)) as opened:
        picture = opened.convert("RGBA")
    width, height = picture.size
    canvas_size = (
        max(width, -(-height // MAX_PHOTO_RATIO)),
        max(height, -(-width // MAX_PHOTO_RATIO)),
    )
    canvas = Image.new("RGB", canvas_size, _WHITE)
    canvas.paste(picture, ((canvas.width - width) // 2, (canvas.height - height) // 2), picture)
    if sum(canvas.size) > MAX_PHOTO_SIDES:
        scale = MAX_PHOTO_SIDES / sum(canvas.size)
        # Rounded towards the middle: the longer side down, so that the ratio stays.
        longer = int(max(canvas.size) * scale)
        shorter = max(-(-longer // MAX_PHOTO_RATIO), int(min(canvas.size) * scale))
        is_wide = canvas.width >= canvas.height
        canvas = canvas.resize((longer, shorter) if is_wide else (shorter, longer))
    quality = JPEG_QUALITY
    while True:
        out = io.BytesIO()
        canvas.save(out, "JPEG", quality=quality)
        if out.tell() <= MAX_PHOTO_BYTES:
            return out.getvalue()
        if quality > 40:
            quality -= 20
        else:
            canvas = canvas.resize((canvas.width // 2, canvas.height // 2))


async def download(bot: Bot, file: File, max_bytes: int) -> bytes:
    """Fetch a file somebody has sent; raises PictureRefusedError, TelegramError."""
    size = file.file_size or 0
    if size > MAX_DOWNLOAD_BYTES:
        raise FileTooLargeError
    if size > max_bytes:
        raise PictureRefusedError("too_large")
    try:
        found = await bot.get_file(file.file_id)
    except BadRequest as error:
        if "too big" in error.message.lower():
            raise FileTooLargeError from error
        raise PictureRefusedError("missing") from error
    content = bytes(await found.download_as_bytearray())
    if len(content) > max_bytes:
        raise PictureRefusedError("too_large")
    return content
