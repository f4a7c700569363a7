"""Pictures on their way out: as attachments, made smaller where Discord takes no more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import PurePath
from typing import TYPE_CHECKING

import discord

from bot.core.messages import Hit
from bot.frontends.base import ConversationPort
from bot.frontends.discord_bot.limits import (
    ATTACHMENTS,
    DESCRIPTION_CHARACTERS,
    REQUEST_BYTES,
    clip,
)

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 40_000_000
"""More are not decoded only to be made fewer; what is kept for showing has a million at most."""
_FORM_BYTES = 256 * 2**10
"""Set aside for all in a request that is not a picture: ten alt texts of 1024 emoji are 120 kB."""
_ENDINGS = {"image/webp": "webp", "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}
_FORMATS = ("WEBP", "JPEG", "PNG", "GIF")
_FIRST_SIDE_PX = 4096
_QUALITIES = (80, 60, 40)
"""At full size; below that, pixels are what there is too much of."""
_SMALL_QUALITY = 60

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attached:
    """A picture that can be attached, more than once if need be."""

    content: bytes
    filename: str
    description: str

    def file(self) -> discord.File:
        """Open it for one attempt to send it."""
        return discord.File(BytesIO(self.content), self.filename, description=self.description)


async def attach(
    conversation: ConversationPort,
    collection: str,
    hits: Sequence[Hit],
    max_file_bytes: int,
    max_request_bytes: int = REQUEST_BYTES,
) -> dict[int, Attached]:
    """Fetch hits by their ids, in order, and make them fit; leaves out what is gone."""
    shown = hits[:ATTACHMENTS]
    pictures = await asyncio.gather(*(conversation.rendition(collection, hit) for hit in shown))
    attached: dict[int, Attached] = {}
    for hit, picture in zip(shown, pictures, strict=True):
        if picture is not None:
            filename = f"{hit.rank}.{_ENDINGS.get(picture.media_type, 'bin')}"
            description = clip(hit.alt_text, DESCRIPTION_CHARACTERS)
            attached[hit.image_id] = Attached(picture.content, filename, description)
    return await fit(attached, max_file_bytes, max_request_bytes)


async def fit(
    attached: Mapping[int, Attached], max_file_bytes: int, max_request_bytes: int = REQUEST_BYTES
) -> dict[int, Attached]:
    """Make pictures smaller until each and all of them may be sent; leaves out what cannot be.

    Once more with lower limits is what to do when Discord finds a request too large all the same.
    """
    sizes = [min(len(picture.content), max_file_bytes) for picture in attached.values()]
    max_bytes = min(max_file_bytes, _fair_share(sizes, max_request_bytes - _FORM_BYTES))
    if all(len(picture.content) <= max_bytes for picture in attached.values()):
        return dict(attached)
    return await asyncio.to_thread(_shrunk, attached, max_bytes)


def shrink(content: bytes, max_bytes: int) -> bytes | None:
    """Return a picture as it is, or as a WebP of at most ``max_bytes``; None if it cannot be.

    Of animations the first frame is left.
    """
    if len(content) <= max_bytes:
        return content
    try:
        picture = _decoded(content)
        return None if picture is None else _encoded(picture, max_bytes)
    except Exception as error:  # Pillow raises nearly anything over a damaged file
        logger.info("discord_picture_not_shrunk", extra={"error": type(error).__name__})
        return None


def _shrunk(attached: Mapping[int, Attached], max_bytes: int) -> dict[int, Attached]:
    fitting: dict[int, Attached] = {}
    # One after the other, so that only one is decoded at a time.
    for image_id, picture in attached.items():
        content = shrink(picture.content, max_bytes)
        if content is picture.content:
            fitting[image_id] = picture
        elif content is not None:
            filename = f"{PurePath(picture.filename).stem}.webp"
            fitting[image_id] = replace(picture, content=content, filename=filename)
    return fitting


def _fair_share(sizes: Iterable[int], total: int) -> int:
    """Return how much each may have at most for all to fit; the small ones leave theirs over."""
    ascending = sorted(sizes)
    for number, size in enumerate(ascending):
        share = max(0, total) // (len(ascending) - number)
        if size > share:
            return share
        total -= size
    return max(ascending, default=0)


def _decoded(content: bytes) -> Image.Image | None:
    # Named, since Pillow would load every format it knows to find this one.
    from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401

    with Image.open(BytesIO(content), formats=_FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            return None
        upright = ImageOps.exif_transpose(opened)
        picture = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    picture.thumbnail((_FIRST_SIDE_PX, _FIRST_SIDE_PX))
    return picture


def _encoded(picture: Image.Image, max_bytes: int) -> bytes | None:
    for quality in _QUALITIES:
        content = _webp(picture, quality)
        if len(content) <= max_bytes:
            return content
    while max(picture.size) > 1:
        picture = picture.resize((max(1, picture.width // 2), max(1, picture.height // 2)))
        content = _webp(picture, _SMALL_QUALITY)
        if len(content) <= max_bytes:
            return content
    return None


def _webp(picture: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    picture.save(out, "WEBP", quality=quality)
    return out.getvalue()
