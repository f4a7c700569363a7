"""Albums come as one message for each picture; here they are put together again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from telegram import Message

SETTLE_S = 0.6
"""No further picture for so long: the album is complete. Telegram sends them all at once."""
MAX_PIECES = 10
_REMEMBERED = 512


class Albums:
    """Collects the pieces of albums."""

    def __init__(self, settle_s: float = SETTLE_S) -> None:
        self._settle_s = settle_s
        self._pieces: dict[tuple[int, str], list[Message]] = {}
        self._grown: dict[tuple[int, str], asyncio.Event] = {}
        self._complete: OrderedDict[tuple[int, str], None] = OrderedDict()

    def joins(self, message: Message) -> bool:
        """Take in a piece of an album that somebody is waiting for; True if it was one.

        What comes after the album was found complete is one as well, and is left alone.
        """
        key = _key(message)
        if key is None:
            return False
        if key in self._pieces:
            self._pieces[key].append(message)
            self._grown[key].set()
            return True
        return False

    def is_over(self, message: Message) -> bool:
        """Tell whether an album was answered already."""
        return _key(message) in self._complete

    async def gather(self, message: Message) -> list[Message]:
        """Return a message with all others of its album, in order."""
        key = _key(message)
        if key is None:
            return [message]
        pieces = self._pieces[key] = [message]
        grown = self._grown[key] = asyncio.Event()
        try:
            while len(pieces) < MAX_PIECES:
                grown.clear()
                async with asyncio.timeout(self._settle_s):
                    await grown.wait()
        except TimeoutError:
            pass
        finally:
            del self._pieces[key], self._grown[key]
            self._complete[key] = None
            while len(self._complete) > _REMEMBERED:
                self._complete.popitem(last=False)
        return sorted(pieces, key=lambda piece: piece.message_id)


def _key(message: Message) -> tuple[int, str] | None:
    album = message.media_group_id
    return None if album is None else (message.chat.id, album)
