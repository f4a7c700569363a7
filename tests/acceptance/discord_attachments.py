"""Attachments, stickers, emojis and embeds on the fake Discord, and where they are served."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from typing import Any

from PIL import Image

from tests.acceptance.discord_limits import UploadedFile
from tests.acceptance.discord_places import snowflake

_EXTENSIONS = {1: "png", 2: "png", 3: "json", 4: "gif"}


@dataclass
class Links:
    """Where the files are served; the addresses expire."""

    cdn: str = ""
    media: str = ""
    generation: int = 1
    """Counts how often all addresses have expired."""

    def attachment(self, folder: str, place: int, file: UploadedFile) -> dict[str, str]:
        """Return both addresses of an attachment."""
        query = f"?ex=6a000000&is=69000000&hm={self.generation:064x}&"
        path = f"/{folder}/{place}/{file.id}/{file.filename}{query}"
        return {"url": f"{self.cdn}{path}", "proxy_url": f"{self.media}{path}"}


@dataclass(frozen=True)
class Sticker:
    """A sticker that somebody sends; format 1 PNG, 2 APNG, 3 Lottie, 4 GIF."""

    name: str
    content: bytes
    format: int = 1
    id: int = field(default_factory=snowflake)

    @property
    def path(self) -> str:
        """Where it is served."""
        return f"/stickers/{self.id}.{_EXTENSIONS[self.format]}"

    def payload(self) -> dict[str, Any]:
        """Write it as Discord does."""
        return {"id": str(self.id), "name": self.name, "format_type": self.format}


@dataclass(frozen=True)
class CustomEmoji:
    """An emoji of a server's own."""

    name: str
    content: bytes
    is_animated: bool = False
    id: int = field(default_factory=snowflake)

    @property
    def text(self) -> str:
        """How it stands in a message."""
        return f"<{'a' if self.is_animated else ''}:{self.name}:{self.id}>"

    def payload(self) -> dict[str, Any]:
        """Write it as Discord does."""
        told = {"id": str(self.id), "name": self.name, "animated": self.is_animated}
        return {**told, "available": True, "managed": False, "require_colons": True, "roles": []}


@dataclass(frozen=True)
class PictureEmbed:
    """An embed with a picture, as of a link that somebody posts."""

    picture: UploadedFile
    title: str = ""
    place: str = "image"
    """``image`` or ``thumbnail``."""
    kind: str = "rich"
    id: int = field(default_factory=snowflake)

    def payload(self, links: Links) -> dict[str, Any]:
        """Write it as Discord does; only the proxy's address can be fetched."""
        elsewhere = f"pictures.invalid/{self.picture.filename}"
        address = f"{links.media}/external/{self.id}/https/{elsewhere}"
        shown = {"url": f"https://{elsewhere}", "proxy_url": address, **_size(self.picture)}
        titled = {"title": self.title} if self.title else {}
        return {"type": self.kind, "url": f"https://{elsewhere}", self.place: shown, **titled}


def attachment_payload(file: UploadedFile, addresses: dict[str, str]) -> dict[str, Any]:
    """Write an attachment."""
    described = {"description": file.description} if file.description else {}
    return {
        "id": str(file.id),
        "filename": file.filename,
        "size": len(file.content),
        "content_type": media_type(file.filename),
        **addresses,
        **_size(file),
        **described,
    }


def media_type(filename: str) -> str:
    """Guess what a file holds, as Discord does."""
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def _size(file: UploadedFile) -> dict[str, int]:
    if not media_type(file.filename).startswith("image/"):
        return {}
    return _measure(file.content)


@lru_cache(maxsize=64)
def _measure(content: bytes) -> dict[str, int]:
    try:
        with Image.open(BytesIO(content)) as picture:
            return {"width": picture.width, "height": picture.height}
    except (OSError, SyntaxError):
        return {}
