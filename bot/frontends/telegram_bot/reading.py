"""What a message asks for; nothing when the bot was not meant."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

from telegram import Document, Message, PhotoSize, User
from telegram.constants import ChatType

_COMMAND = re.compile(r"/([a-z0-9_]{1,32})(?:@(\w+))?(?:\s+|$)", re.IGNORECASE | re.ASCII)
_ALBUMS_REMEMBERED = 256

File = PhotoSize | Document


@dataclass(frozen=True, slots=True)
class Question:
    """A description of the pictures they look for."""

    text: str


@dataclass(frozen=True, slots=True)
class Similar:
    """A picture to which others are to be found."""

    file: File


@dataclass(frozen=True, slots=True)
class Addition:
    """A picture for the collection; None when they forgot it."""

    file: File | None
    caption: str


@dataclass(frozen=True, slots=True)
class Greeting:
    """They want to know what the bot is for."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is no picture."""


Wish = Question | Similar | Addition | Greeting | Unreadable


def read(message: Message, me: User) -> Wish | None:
    """Tell what a message asks of the bot, None if nothing."""
    if message.is_automatic_forward or message.via_bot is not None:
        return None
    text = message.text or message.caption or ""
    if command := _COMMAND.match(text):
        return _command(message, me, command, text[command.end() :])
    if _is_private(message):
        return _plain(message, text)
    rest, mentions = re.subn(rf"(?<![\w@])@{me.username}(?!\w)", " ", text, flags=re.IGNORECASE)
    if mentions:
        return _search(message, rest)
    return _plain(message, text) if _is_reply_to(message, me) else None


def _command(message: Message, me: User, command: re.Match[str], rest: str) -> Wish | None:
    name, addressee = command[1].lower(), command[2]
    if addressee is not None and addressee.lower() != (me.username or "").lower():
        return None
    match name:
        case "search":
            return _search(message, rest)
        case "add":
            return Addition(_picture_at_hand(message), rest.strip())
    # Without an addressee every bot of a group gets such a command.
    return Greeting() if addressee is not None or _is_private(message) else None


def _plain(message: Message, text: str) -> Wish | None:
    if (file := picture_of(message)) is not None:
        return Similar(file)
    if text:
        return Question(text)
    is_file = message.effective_attachment is not None
    return Unreadable() if is_file and _is_private(message) else None


def _search(message: Message, text: str) -> Wish:
    text = text.strip()
    file = picture_of(message) if text else _picture_at_hand(message)
    return Question(text) if file is None else Similar(file)


def picture_of(message: Message) -> File | None:
    """Return the picture a message carries, in its largest form."""
    if message.photo:
        return max(message.photo, key=lambda size: size.width * size.height)
    document = message.document
    if document is not None and (document.mime_type or "").startswith("image/"):
        return document
    return None


def _picture_at_hand(message: Message) -> File | None:
    """Return the message's own picture, or that of the message it replies to."""
    answered = message.reply_to_message
    return picture_of(message) or (picture_of(answered) if answered is not None else None)


def _is_private(message: Message) -> bool:
    return message.chat.type == ChatType.PRIVATE


def _is_reply_to(message: Message, me: User) -> bool:
    answered = message.reply_to_message
    return answered is not None and answered.from_user == me


class Albums:
    """Reads albums: they come as one message for each picture, and the first speaks for all."""

    def __init__(self) -> None:
        self._first: OrderedDict[str, Wish | None] = OrderedDict()

    def read(self, message: Message, me: User) -> Wish | None:
        """Like :func:`read`; of an album every picture is added, but only one looked for."""
        album = message.media_group_id
        if album is None:
            return read(message, me)
        if album not in self._first:
            while len(self._first) >= _ALBUMS_REMEMBERED:
                self._first.popitem(last=False)
            self._first[album] = read(message, me)
            return self._first[album]
        first, file = self._first[album], picture_of(message)
        return Addition(file, first.caption) if isinstance(first, Addition) and file else None
