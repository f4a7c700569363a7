"""What a message asks for; nothing when the bot was not meant."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telegram import Document, Message, PhotoSize, Sticker, User

from bot.frontends.telegram_bot.places import is_group

_COMMAND = re.compile(r"/([a-z0-9_]{1,32})(?:@(\w+))?(?:\s+|$)", re.IGNORECASE | re.ASCII)
_TAG = re.compile(r"(?<![^\s])#(\w+)")

File = PhotoSize | Document | Sticker

COMMANDS = frozenset({"start", "help", "remove", "stats", "settings", "language", "forgetme"})
"""Besides ``/search`` and ``/add``, which are about pictures."""


@dataclass(frozen=True, slots=True)
class Question:
    """A description of the pictures they look for."""

    text: str
    answers: int | None = None
    """The bot's message that it is said in reply to."""


@dataclass(frozen=True, slots=True)
class Similar:
    """A picture to which others are to be found."""

    file: File


@dataclass(frozen=True, slots=True)
class Addition:
    """A picture for the collection; None when they forgot it."""

    file: File | None
    caption: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command, with what stands behind it."""

    name: str
    argument: str = ""
    answers: int | None = None
    """The message that it is said in reply to."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is no picture."""


Wish = Question | Similar | Addition | Command | Unreadable


def read(message: Message, me: User) -> Wish | None:
    """Tell what a message asks of the bot, None if nothing."""
    if message.is_automatic_forward or message.via_bot is not None:
        return None
    text = message.text or message.caption or ""
    is_forwarded = message.forward_origin is not None
    if not is_forwarded and (command := _COMMAND.match(text)):
        return _command(message, me, command, text[command.end() :])
    if not is_group(message.chat.id):
        return _plain(message, me, text)
    rest, mentions = re.subn(rf"(?<![\w@])@{me.username}(?!\w)", " ", text, flags=re.IGNORECASE)
    if mentions:
        return _search(message, me, rest)
    return _plain(message, me, text) if _answered_by(message, me) else None


def _command(message: Message, me: User, command: re.Match[str], rest: str) -> Wish | None:
    name, addressee = command[1].lower(), command[2]
    if addressee is not None and addressee.lower() != (me.username or "").lower():
        return None
    match name:
        case "search":
            return _search(message, me, rest)
        case "add":
            return addition(_picture_at_hand(message), rest)
    answered = message.reply_to_message
    number = answered.message_id if answered is not None else None
    # Without an addressee every bot of a group gets a command: one that all of them know, or none.
    is_for_me = addressee is not None or not is_group(message.chat.id)
    if name in COMMANDS and (is_for_me or name != "start"):
        return Command(name, rest.strip(), number)
    return Command("help") if is_for_me else None


def addition(file: File | None, text: str) -> Addition:
    """Return a picture to be added, with the tags taken out of what is said about it."""
    return Addition(file, " ".join(_TAG.sub(" ", text).split()), tuple(_TAG.findall(text)))


def _plain(message: Message, me: User, text: str) -> Wish | None:
    if (file := picture_of(message)) is not None:
        return Similar(file)
    if text and message.effective_attachment is None:
        return Question(text, _answered_by(message, me))
    is_file = message.effective_attachment is not None
    return Unreadable() if is_file and not is_group(message.chat.id) else None


def _search(message: Message, me: User, text: str) -> Wish:
    text = text.strip()
    file = picture_of(message) if text else _picture_at_hand(message)
    return Question(text, _answered_by(message, me)) if file is None else Similar(file)


def picture_of(message: Message) -> File | None:
    """Return the picture a message carries, in its largest form; of what moves, one frame."""
    if message.photo:
        return max(message.photo, key=lambda size: size.width * size.height)
    sticker = message.sticker
    if sticker is not None:
        return sticker.thumbnail if sticker.is_animated or sticker.is_video else sticker
    for moving in (message.animation, message.video_note, message.video):
        # An animation comes as a document too, for the sake of old bots.
        if moving is not None:
            return moving.thumbnail
    document = message.document
    if document is not None and (document.mime_type or "").startswith("image/"):
        return document
    return None


def _picture_at_hand(message: Message) -> File | None:
    """Return the message's own picture, or that of the message it replies to."""
    answered = message.reply_to_message
    return picture_of(message) or (picture_of(answered) if answered is not None else None)


def _answered_by(message: Message, me: User) -> int | None:
    """Return the message of the bot's that this one replies to."""
    answered = message.reply_to_message
    if answered is None or answered.from_user is None or answered.from_user.id != me.id:
        return None
    return answered.message_id
