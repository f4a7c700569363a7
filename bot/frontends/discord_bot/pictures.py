"""Pictures on their way out, as attachments, and on their way in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO

import aiohttp
import discord

from bot.core.errors import PictureRefusedError, UnavailableError
from bot.core.messages import Hit, PictureKind
from bot.frontends.base import ConversationPort
from bot.frontends.discord_bot.limits import (
    ATTACHMENTS,
    DESCRIPTION_CHARACTERS,
    REQUEST_BYTES,
    clip,
)

_FORM_BYTES = 64 * 2**10
"""Set aside for all in a request that is not a picture."""
_ENDINGS = {"image/webp": "webp", "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}


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
    conversation: ConversationPort, collection: str, hits: Sequence[Hit], max_file_bytes: int
) -> dict[int, Attached]:
    """Fetch hits by their ids, in order; leaves out what is gone and what does not fit."""
    shown = hits[:ATTACHMENTS]
    pictures = await asyncio.gather(
        *(conversation.picture(collection, hit.image_id, PictureKind.RENDITION) for hit in shown)
    )
    attached: dict[int, Attached] = {}
    left = REQUEST_BYTES - _FORM_BYTES
    for hit, picture in zip(shown, pictures, strict=True):
        if picture is None or len(picture.content) > min(left, max_file_bytes):
            continue
        left -= len(picture.content)
        filename = f"{hit.rank}.{_ENDINGS.get(picture.media_type, 'bin')}"
        description = clip(hit.alt_text, DESCRIPTION_CHARACTERS)
        attached[hit.image_id] = Attached(picture.content, filename, description)
    return attached


def first_picture(attachments: Iterable[discord.Attachment]) -> discord.Attachment | None:
    """Return the first attachment that Discord takes for a picture."""
    for attachment in attachments:
        if (attachment.content_type or "").startswith("image/"):
            return attachment
    return None


async def download(
    attachment: discord.Attachment | None, max_bytes: int, timeout_s: float
) -> bytes:
    """Return an attachment's bytes; raises PictureRefusedError, UnavailableError."""
    if attachment is None:
        raise PictureRefusedError("not_a_picture")
    if attachment.size > max_bytes:
        raise PictureRefusedError("too_large")
    try:
        async with asyncio.timeout(timeout_s):
            return await attachment.read()
    except (discord.NotFound, discord.Forbidden) as error:
        raise PictureRefusedError("missing") from error
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise UnavailableError(part="discord_cdn") from error
