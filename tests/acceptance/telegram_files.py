"""Files on the fake Telegram: they have ids that are the bot's own, and may go stale."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass, field
from itertools import count

from PIL import Image

from tests.acceptance.telegram_limits import MAX_GET_FILE_BYTES, Json, gone, refuse

PHOTO_SIDES = (90, 320, 800, 1280)
_PREFIXES = {"photo": "AgACAgIAAxkBAAIB", "sticker": "CAACAgIAAxkBAAIB"}
_FOLDERS = {"photo": "photos", "document": "documents", "animation": "animations"}
_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
}

_numbers = count(1)


@dataclass(eq=False)
class StoredFile:
    """A file that somebody has uploaded."""

    kind: str
    content: bytes
    number: int = 0
    name: str | None = None
    media_type: str | None = None
    size: tuple[int, int] = (640, 480)
    """Width and height; of what is no picture, as the apps would say."""
    claimed_bytes: int | None = None
    """What the bot is told instead of the true size."""
    thumbnail: StoredFile | None = None
    more: Json = field(default_factory=dict)
    """Further fields, like a sticker's ``is_animated``."""
    is_stale: bool = False

    @property
    def unique_id(self) -> str:
        """The same for every bot and every sending; of no use for sending."""
        return "AQAD" + _digest(f"unique {self.number}")[:12]

    @property
    def path(self) -> str:
        folder = _FOLDERS.get(self.kind, "videos" if "video" in self.kind else "stickers")
        return f"{folder}/file_{self.number}{_ENDINGS.get(self.media_type or '', '')}"


class Files:
    """All files, by the ids that the bot knows."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._foreign: set[str] = set()
        self._paths: dict[str, StoredFile] = {}

    def add(self, file: StoredFile) -> StoredFile:
        """Store a file."""
        file.number = next(_numbers)
        if file.kind == "photo":
            file.size = measured(file.content) or file.size
        if file.thumbnail is not None:
            self.add(file.thumbnail)
        return file

    def new_id(self, file: StoredFile) -> str:
        """Make another id of a file; all of them are good."""
        prefix = _PREFIXES.get(file.kind, "BQACAgIAAxkBAAIB")
        file_id = prefix + _digest(f"{file.number} {len(self._by_id)}")[:66]
        self._by_id[file_id] = file
        return file_id

    def find(self, file_id: str) -> StoredFile:
        """Return the file that an id means in sending."""
        file = self._by_id.get(file_id)
        if file is None or file.is_stale:
            error = "wrong file identifier/HTTP URL specified"
            if file is not None:
                raise gone(error)
            refuse(file_id not in self._foreign or file_id, error)
        assert file is not None
        return file

    def foreign_id(self) -> str:
        """Return an id that is good for another bot only."""
        file_id = "AgACAgIAAxkBAAIB" + _digest(f"foreign {len(self._foreign)}")[:66]
        self._foreign.add(file_id)
        return file_id

    def expire(self, *file_ids: str) -> None:
        """Make ids worthless, all of them unless some are named."""
        for file_id in file_ids or tuple(self._by_id):
            self._by_id[file_id].is_stale = True

    def clear(self) -> None:
        """Lose everything."""
        self.expire()

    def link(self, file_id: str) -> Json:
        """Answer getFile."""
        file = self._by_id.get(file_id)
        error = "wrong file_id or the file is temporarily unavailable"
        if file is not None and file.is_stale:
            raise gone(error)
        refuse(file is None, error)
        assert file is not None
        if len(file.content) > MAX_GET_FILE_BYTES:
            raise gone("file is too big")
        self._paths[file.path] = file
        described = {"file_id": file_id, "file_unique_id": file.unique_id}
        return {**described, "file_size": len(file.content), "file_path": file.path}

    def download(self, path: str) -> bytes | None:
        """Return what a link leads to; without getFile there is none."""
        file = self._paths.get(path)
        return None if file is None or file.is_stale else file.content

    def expire_links(self) -> None:
        """Make all links worthless, as they are after an hour."""
        self._paths.clear()

    def describe(self, file: StoredFile) -> Json:
        """Return the fields of a message that carries a file, with new ids."""
        if file.kind == "photo":
            return {"photo": self._sizes(file)}
        described = self._plain(file) | file.more
        width, height = file.size
        if file.name is not None and file.kind != "sticker":
            described["file_name"] = file.name
        if file.media_type is not None and file.kind not in {"sticker", "video_note"}:
            described["mime_type"] = file.media_type
        if file.kind in {"animation", "video", "sticker"}:
            described |= {"width": width, "height": height}
        if file.kind == "video_note":
            described["length"] = width
        if file.thumbnail is not None:
            small = self._plain(file.thumbnail)
            described["thumbnail"] = small | {"width": 90, "height": 90}
        if file.kind == "animation":
            # For the sake of old bots it is both.
            return {"animation": described, "document": described}
        return {file.kind: described}

    def _plain(self, file: StoredFile) -> Json:
        size = len(file.content) if file.claimed_bytes is None else file.claimed_bytes
        ids = {"file_id": self.new_id(file), "file_unique_id": file.unique_id}
        return ids | ({"file_size": size} if size else {})

    def _sizes(self, file: StoredFile) -> list[Json]:
        """Return a photo in its sizes; only the largest is the picture itself."""
        width, height = file.size
        longest = max(width, height)
        small = StoredFile("photo", b"thumbnail")
        small.number = next(_numbers)
        sizes = [
            {
                **self._plain(small),
                "width": max(1, width * side // longest),
                "height": max(1, height * side // longest),
            }
            for side in PHOTO_SIDES
            if side < longest
        ]
        return [*sizes, {**self._plain(file), "width": width, "height": height}]


def measured(content: bytes) -> tuple[int, int] | None:
    """Return the width and height of a picture, None if it is none."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.size
    except (OSError, Image.DecompressionBombError):
        return None


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha512(text.encode()).digest()).decode()
