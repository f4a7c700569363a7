"""Chats of the fake Bot API server, and what people do in them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

Json = dict[str, Any]
WAIT_S = 10.0


@dataclass
class Sent:
    """One message of the bot."""

    message_id: int
    text: str = ""
    photo: bytes = b""
    album: str = ""
    buttons: list[list[Json]] = field(default_factory=list)
    quoted_id: int | None = None
    thread_id: int | None = None

    @property
    def labels(self) -> list[str]:
        return [button["text"] for row in self.buttons for button in row]


@dataclass
class Chat:
    """A chat with the bot in it."""

    id: int
    title: str | None = None
    """Groups have one."""
    admins: tuple[Person, ...] = ()
    sent: list[Sent] = field(default_factory=list)
    """What the bot has written."""
    actions: list[str] = field(default_factory=list)
    messages: dict[int, Json] = field(default_factory=dict)
    has_blocked: bool = False
    _read: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def as_json(self) -> Json:
        if self.title is None:
            return {"id": self.id, "type": "private", "first_name": "P"}
        return {"id": self.id, "type": "supergroup", "title": self.title}

    async def receive(self, message: Sent) -> None:
        async with self._changed:
            self.sent.append(message)
            self._changed.notify_all()

    async def next(self, number: int = 1) -> list[Sent]:
        """Wait for the bot's next messages."""
        async with self._changed, asyncio.timeout(WAIT_S):
            await self._changed.wait_for(lambda: len(self.sent) >= self._read + number)
        start, self._read = self._read, self._read + number
        return self.sent[start : self._read]

    async def next_text(self) -> str:
        """Wait for the bot's next message and return its text."""
        (message,) = await self.next()
        assert not message.photo
        return message.text


@dataclass(frozen=True)
class Person:
    """Somebody who writes to the bot."""

    id: int
    name: str
    language: str | None = "en"

    def as_json(self) -> Json:
        user = {"id": self.id, "is_bot": False, "first_name": self.name}
        return user if self.language is None else {**user, "language_code": self.language}


@dataclass
class Press:
    """A pressed button, waiting for the bot's answer."""

    id: str
    answered: asyncio.Future[Json]

    async def answer(self) -> Json:
        """Wait for what is shown to the person who pressed."""
        async with asyncio.timeout(WAIT_S):
            return await self.answered


class World:
    """Everything the server knows: people, chats, files, and updates not yet confirmed."""

    def __init__(self, username: str) -> None:
        self.bot: Json = {"id": 42, "is_bot": True, "first_name": "Babelpix", "username": username}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, bytes] = {}
        self.updates: list[Json] = []
        self.presses: dict[str, Press] = {}
        self.arrived = asyncio.Condition()
        self._ids = count(1000)

    def new_id(self) -> int:
        return next(self._ids)

    def private(self, person: Person) -> Chat:
        return self.chats.setdefault(person.id, Chat(person.id))

    def group(self, *admins: Person) -> Chat:
        chat = Chat(-1_000_000_000_000 - self.new_id(), "Group", admins)
        self.chats[chat.id] = chat
        return chat

    def keep(self, content: bytes) -> str:
        file_id = f"file{self.new_id()}"
        self.files[file_id] = content
        return file_id

    async def send(
        self, person: Person, chat: Chat, text: str, *, answers: int | None = None, **more: Any
    ) -> int:
        """Write a message; returns its id."""
        return await self._post(
            person, chat, {"text": text, "entities": self._entities(text), **more}, answers
        )

    async def send_photo(
        self,
        person: Person,
        chat: Chat,
        content: bytes,
        caption: str = "",
        *,
        answers: int | None = None,
        **more: Any,
    ) -> int:
        """Send a picture the way the apps do: as a photo of several sizes."""
        file_id = self.keep(content)
        size = {"file_id": file_id, "file_unique_id": file_id, "width": 640, "height": 480}
        small = {**size, "file_id": self.keep(b"thumbnail"), "width": 90, "height": 67}
        body: Json = {"photo": [small, {**size, "file_size": len(content)}], **more}
        if caption:
            body |= {"caption": caption, "caption_entities": self._entities(caption)}
        return await self._post(person, chat, body, answers)

    async def send_file(
        self, person: Person, chat: Chat, content: bytes, media_type: str, size: int | None = None
    ) -> int:
        """Send a file, of which a size may be claimed."""
        file_id = self.keep(content)
        document = {
            "file_id": file_id,
            "file_unique_id": file_id,
            "file_name": "file",
            "mime_type": media_type,
            "file_size": len(content) if size is None else size,
        }
        return await self._post(person, chat, {"document": document}, None)

    async def press(self, person: Person, chat: Chat, message: Sent, label: str) -> Press:
        """Press the button with a label."""
        data = next(
            b["callback_data"] for row in message.buttons for b in row if b["text"] == label
        )
        return await self.press_data(person, chat, message, data)

    async def press_data(self, person: Person, chat: Chat, message: Sent, data: str) -> Press:
        """Press a button, as it once was."""
        press = Press(f"q{self.new_id()}", asyncio.get_running_loop().create_future())
        self.presses[press.id] = press
        shown = self.message_json(chat, message.message_id, self.bot)
        shown |= {"text": message.text, "reply_markup": {"inline_keyboard": message.buttons}}
        query = {"id": press.id, "from": person.as_json(), "chat_instance": "1"}
        await self.deliver({"callback_query": {**query, "message": shown, "data": data}})
        return press

    async def deliver(self, update: Json) -> None:
        """Queue an update for the bot."""
        async with self.arrived:
            self.updates.append({"update_id": self.new_id(), **update})
            self.arrived.notify_all()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something to become true through what the bot fetches."""
        async with self.arrived, asyncio.timeout(WAIT_S):
            await self.arrived.wait_for(lambda: bool(condition()))

    def message_json(self, chat: Chat, message_id: int, user: Json) -> Json:
        return {
            "message_id": message_id,
            "date": 1_790_000_000,
            "chat": chat.as_json(),
            "from": user,
        }

    async def _post(self, person: Person, chat: Chat, body: Json, answers: int | None) -> int:
        message_id = self.new_id()
        message = self.message_json(chat, message_id, person.as_json()) | body
        if answers is not None:
            message["reply_to_message"] = chat.messages[answers]
        chat.messages[message_id] = message
        await self.deliver({"message": message})
        return message_id

    def _entities(self, text: str) -> list[Json]:
        """Mark commands and mentions, in UTF-16 units, as the server does."""
        kinds = (
            ("bot_command", r"(?<!\S)/\w{1,32}(?:@\w+)?(?!\S)"),
            ("mention", r"(?<!\w)@\w{5,}"),
        )
        found = [(kind, match) for kind, rule in kinds for match in re.finditer(rule, text, re.A)]
        return [
            {
                "type": kind,
                "offset": len(text[: match.start()].encode("utf-16-le")) // 2,
                "length": len(match[0]),
            }
            for kind, match in found
        ]
