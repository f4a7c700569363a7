"""What a message asks of the bot."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Document, Message, PhotoSize, User

from bot.frontends.telegram_bot.reading import (
    Addition,
    Albums,
    Greeting,
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
        ("/start", Greeting()),
        ("/start deep-link", Greeting()),
        ("/help", Greeting()),
        ("/what", Greeting()),
        ("/add", Addition(None, "")),
        ("/usr/bin on a screen", Question("/usr/bin on a screen")),
        ("/search@OtherBot cat", None),
        ("@BabelpixBot cat", Question("@BabelpixBot cat")),
    ],
)
def test_private_texts(text: str, wish: Wish | None) -> None:
    assert read(message(text), ME) == wish


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("nice weather", None),
        ("/start", None),
        ("/help", None),
        ("/what", None),
        ("/help@BabelpixBot", Greeting()),
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
    assert read(message("a dog", GROUP, reply_to_message=FROM_BOT), ME) == Question("a dog")
    to_ana = {**FROM_BOT, "from": ANA}
    assert read(message("a dog", GROUP, reply_to_message=to_ana), ME) is None


def test_pictures() -> None:
    assert read(message(photo=PHOTO_JSON), ME) == Similar(PHOTO)
    assert read(message("a caption", photo=PHOTO_JSON), ME) == Similar(PHOTO)
    assert read(message("/add my cat", photo=PHOTO_JSON), ME) == Addition(PHOTO, "my cat")
    assert read(message(document=FILE.to_dict()), ME) == Similar(FILE)
    assert read(message(photo=PHOTO_JSON, chat=GROUP), ME) is None
    assert read(message("@BabelpixBot", GROUP, photo=PHOTO_JSON), ME) == Similar(PHOTO)
    assert read(message("/add", GROUP, photo=PHOTO_JSON), ME) == Addition(PHOTO, "")


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


def test_an_album_is_added_whole_or_answered_once() -> None:
    albums = Albums()
    first = message("/add cats", photo=PHOTO_JSON, media_group_id="a")
    second = message(photo=PHOTO_JSON, media_group_id="a")
    assert albums.read(first, ME) == Addition(PHOTO, "cats")
    assert albums.read(second, ME) == Addition(PHOTO, "cats")

    other = message(photo=PHOTO_JSON, media_group_id="b")
    assert albums.read(other, ME) == Similar(PHOTO)
    assert albums.read(other, ME) is None


def test_albums_are_forgotten_in_the_end() -> None:
    albums = Albums()
    for number in range(1000):
        albums.read(message(photo=PHOTO_JSON, media_group_id=str(number)), ME)
    assert len(albums._first) == 256
