"""What there is on the fake Telegram, under one name: people, chats and messages."""

from __future__ import annotations

from tests.acceptance.telegram_bell import WAIT_S
from tests.acceptance.telegram_files import StoredFile
from tests.acceptance.telegram_inline import InlineAnswer, InlineQuery
from tests.acceptance.telegram_limits import Json
from tests.acceptance.telegram_messages import NotShownError, Press, Sent
from tests.acceptance.telegram_people import Person, TelegramPerson
from tests.acceptance.telegram_places import Chat, Member, Topic
from tests.acceptance.telegram_world import World

__all__ = [
    "WAIT_S",
    "Chat",
    "InlineAnswer",
    "InlineQuery",
    "Json",
    "Member",
    "NotShownError",
    "Person",
    "Press",
    "Sent",
    "StoredFile",
    "TelegramPerson",
    "Topic",
    "World",
]
