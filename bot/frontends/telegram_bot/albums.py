"""Albums come as one message for each picture; here they are put together again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from telegram import Message

SETTLE_S = 0.6
"""No further picture for so long: the album is complete. Telegram sends them all at once."""
MAX_PIECES = 10

_Key = tuple[int, str]


@dataclass(slots=True)
class _Album:
    pieces: list[Message]
    grown: asyncio.Event = field(default_factory=asyncio.Event)


class Albums:
    """Collects the pieces of albums."""

    def __init__(self) -> None:
        self._open: dict[_Key, _Album] = {}

    def joins(self, message: Message) -> bool:
        """Tell whether a message is a further piece of an album that has begun; take it in then.

        What begins an album is to be passed to :meth:`gather`, or to :meth:`drop`.
        """
        key = _key(message)
        if key is None:
            return False
        album = self._open.get(key)
        if album is None:
            self._open[key] = _Album([message])
            return False
        if all(piece.message_id != message.message_id for piece in album.pieces):
            album.pieces.append(message)
            album.grown.set()
        return True

    async def gather(self, message: Message) -> list[Message]:
        """Return a message with all others of its album, in order."""
        key = _key(message)
        album = self._open.get(key) if key is not None else None
        if album is None:
            return [message]
        try:
            while len(album.pieces) < MAX_PIECES:
                album.grown.clear()
                async with asyncio.timeout(SETTLE_S):
                    await album.grown.wait()
        except TimeoutError:
            pass
        finally:
            self.drop(message)
        return sorted(album.pieces, key=lambda piece: piece.message_id)

    def drop(self, message: Message) -> None:
        """Wait for no more of an album."""
        key = _key(message)
        if key is not None:
            self._open.pop(key, None)


def _key(message: Message) -> _Key | None:
    album = message.media_group_id
    return None if album is None else (message.chat.id, album)
