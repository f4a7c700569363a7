"""What a message asks of the bot."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Document, Message, PhotoSize, User

from bot.frontends.telegram_bot.reading import (
    Addition,
    Command,
    Question,
    Similar,
    Unreadable,
    Wish,
    read,
)

ME = User(42, "Babelpix", is_bot=True, username="BabelpixBot")
ANA = {"id": 7, "is_bot": False, "first_name": "Ana"}
PRIVATE = {"id": 7, "type": "private"}
GROUP = {"id": -100, "type": "supergroup", "title": "Cats"}
PHOTO = PhotoSize("large", "l", 640, 480)
FILE = Document("scan", "s", mime_type="image/tiff")
PHOTO_JSON: list[dict[str, Any]] = [
    {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 67},
    {"file_id": "large", "file_unique_id": "l", "width": 640, "height": 480},
]
FROM_BOT = {"message_id": 1, "date": 0, "chat": GROUP, "from": ME.to_dict(), "text": "…"}


def message(text: str = "", chat: dict[str, Any] = PRIVATE, **more: Any) -> Message:
    if text:
        more["caption" if "photo" in more else "text"] = text
    json = {"message_id": 2, "date": 0, "chat": chat, "from": ANA, **more}
    return Message.de_json(json, None)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("черный кот", Question("черный кот")),
        ("/search black cat", Question("black cat")),
        ("/SEARCH@babelpixbot black cat", Question("black cat")),
        ("/search", Question("")),
        ("/start", Command("start")),
        ("/start add", Command("start", "add")),
        ("/help", Command("help")),
        ("/what", Command("help")),
        ("/remove  black cat ", Command("remove", "black cat")),
        ("/add", Addition(None)),
        ("/usr/bin on a screen", Question("/usr/bin on a screen")),
        ("/search@OtherBot cat", None),
        ("@BabelpixBot cat", Question("@BabelpixBot cat")),
        ("/add@BabelpixBot a #Cat at the #sea", Addition(None, "a at the", ("Cat", "sea"))),
    ],
)
def test_private_texts(text: str, wish: Wish | None) -> None:
    assert read(message(text), ME) == wish


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("nice weather", None),
        ("/start", None),
        ("/what", None),
        ("/what@BabelpixBot", Command("help")),
        ("/help", Command("help")),
        ("/start@BabelpixBot", Command("start")),
        ("/search black cat", Question("black cat")),
        ("/search@OtherBot cat", None),
        ("@BabelpixBot", Question("")),
        ("👨‍👩‍👧 @babelpixbot 花火", Question("👨‍👩‍👧   花火")),
        ("mail me@BabelpixBot", None),
        ("ask @BabelpixBot2", None),
    ],
)
def test_texts_in_groups(text: str, wish: Wish | None) -> None:
    assert read(message(text, GROUP), ME) == wish


def test_a_reply_to_the_bot_is_meant_for_it() -> None:
    assert read(message("a dog", GROUP, reply_to_message=FROM_BOT), ME) == Question("a dog", 1)
    to_ana = {**FROM_BOT, "from": ANA}
    assert read(message("a dog", GROUP, reply_to_message=to_ana), ME) is None


def test_pictures() -> None:
    assert read(message(photo=PHOTO_JSON), ME) == Similar(PHOTO)
    assert read(message("a caption", photo=PHOTO_JSON), ME) == Similar(PHOTO)
    assert read(message("/add my cat", photo=PHOTO_JSON), ME) == Addition(PHOTO, "my cat")
    assert read(message(document=FILE.to_dict()), ME) == Similar(FILE)
    assert read(message(photo=PHOTO_JSON, chat=GROUP), ME) is None
    assert read(message("@BabelpixBot", GROUP, photo=PHOTO_JSON), ME) == Similar(PHOTO)
    assert read(message("/add", GROUP, photo=PHOTO_JSON), ME) == Addition(PHOTO)


def test_commands_reach_the_picture_of_the_message_they_reply_to() -> None:
    theirs = {"message_id": 1, "date": 0, "chat": GROUP, "from": ANA, "photo": PHOTO_JSON}
    assert read(message("/add cat", GROUP, reply_to_message=theirs), ME) == Addition(PHOTO, "cat")
    assert read(message("/search", GROUP, reply_to_message=theirs), ME) == Similar(PHOTO)
    assert read(message("@BabelpixBot", GROUP, reply_to_message=theirs), ME) == Similar(PHOTO)
    words = message("/search a dog", GROUP, reply_to_message=theirs)
    assert read(words, ME) == Question("a dog")


def test_other_files_are_refused_in_private_only() -> None:
    voice = {"file_id": "v", "file_unique_id": "v", "duration": 3}
    assert read(message(voice=voice), ME) == Unreadable()
    assert read(message(voice=voice, chat=GROUP, reply_to_message=FROM_BOT), ME) is None


def test_the_bot_is_silent_about_itself_and_about_events() -> None:
    assert read(message(new_chat_members=[ANA], chat=GROUP), ME) is None
    assert read(message("found by inline mode", via_bot=ME.to_dict()), ME) is None
    assert read(message("@BabelpixBot news", GROUP, is_automatic_forward=True), ME) is None


def test_of_what_moves_the_thumbnail_is_taken() -> None:
    thumbnail = {"file_id": "t", "file_unique_id": "t", "width": 90, "height": 90}
    small = PhotoSize("t", "t", 90, 90)
    film = {"file_id": "f", "file_unique_id": "f", "width": 320, "height": 320, "duration": 2}
    note = {"file_id": "f", "file_unique_id": "f", "length": 320, "duration": 2}
    for kind, given in (("animation", film), ("video", film), ("video_note", note)):
        assert read(message(**{kind: {**given, "thumbnail": thumbnail}}), ME) == Similar(small)
        assert read(message(**{kind: given}), ME) == Unreadable()
    # For the sake of old bots an animation is a document as well.
    both = {"animation": {**film, "thumbnail": thumbnail}, "document": FILE.to_dict()}
    assert read(message(**both), ME) == Similar(small)


def test_stickers() -> None:
    ids = {"file_id": "x", "file_unique_id": "x", "width": 512, "height": 512, "type": "regular"}
    thumbnail = {"file_id": "t", "file_unique_id": "t", "width": 90, "height": 90}
    still = {**ids, "is_animated": False, "is_video": False, "thumbnail": thumbnail}
    wish = read(message(sticker=still), ME)
    assert isinstance(wish, Similar)
    assert wish.file.file_id == "x"
    for moves in ("is_animated", "is_video"):
        wish = read(message(sticker={**still, moves: True}), ME)
        assert wish == Similar(PhotoSize("t", "t", 90, 90))


def test_a_forwarded_command_is_no_command() -> None:
    origin = {"type": "hidden_user", "date": 0, "sender_user_name": "Somebody"}
    assert read(message("/add", photo=PHOTO_JSON, forward_origin=origin), ME) == Similar(PHOTO)
