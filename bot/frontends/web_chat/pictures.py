"""The stored pictures, as the page shows them."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from aiohttp import ETag, web

from bot.core.errors import CoreError
from bot.core.messages import Picture, PictureKind
from bot.frontends.base import ConversationPort

INLINE_TYPES = frozenset(
    {"image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp"}
)
"""What browsers draw and cannot be made to run anything; all else is a download."""
_LARGEST_ID = 2**63 - 1


class Pictures:
    """Serves ``/images/{id}/{kind}``."""

    def __init__(self, conversation: ConversationPort, collection: str) -> None:
        self._conversation = conversation
        self._collection = collection

    async def serve(self, request: web.Request) -> web.Response:
        """Send a picture's bytes, or that the browser has them already."""
        image_id = int(request.match_info["id"])
        if image_id > _LARGEST_ID:
            raise web.HTTPNotFound
        kind = PictureKind(request.match_info["kind"])
        try:
            picture = await self._conversation.picture(self._collection, image_id, kind)
        except CoreError as error:
            if error.retryable:
                raise web.HTTPServiceUnavailable from error
            raise web.HTTPNotFound from error
        if picture is None:
            raise web.HTTPNotFound
        return _response(request, picture)


def _response(request: web.Request, picture: Picture) -> web.Response:
    etag = hashlib.sha256(picture.content).hexdigest()[:32]
    known = request.if_none_match or ()
    if any(tag.value in (etag, "*") for tag in known):
        response = web.Response(status=304)
    else:
        inline = picture.media_type in INLINE_TYPES
        response = web.Response(
            body=picture.content,
            headers={
                "Content-Type": picture.media_type if inline else "application/octet-stream",
                "Content-Disposition": _disposition(picture.filename, inline=inline),
                # Opened by itself, a picture is a document: it gets no rights whatever.
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )
    response.etag = ETag(etag)
    # With its sha256 in the address a picture can never change; without, ask each time.
    named_by_content = "v" in request.query
    response.headers["Cache-Control"] = (
        "private, max-age=31536000, immutable" if named_by_content else "private, no-cache"
    )
    return response


def _disposition(filename: str, *, inline: bool) -> str:
    mode = "inline" if inline else "attachment"
    name = quote(filename or "picture", safe="")
    return f"{mode}; filename*=UTF-8''{name}"
