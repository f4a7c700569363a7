"""Messages on the fake Telegram, as people see them and as the bot is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.acceptance.telegram_bell import WAIT_S
from tests.acceptance.telegram_files import StoredFile
from tests.acceptance.telegram_limits import PRESS_ANSWER_WITHIN_S, Json

if TYPE_CHECKING:
    from tests.acceptance.telegram_places import Chat


class NotShownError(Exception):
    """A person cannot do this: the apps do not offer it."""


@dataclass(eq=False)
class Sent:
    """One message, the bot's or a person's."""

    message_id: int
    text: str = ""
    """The text, or the caption of what is no text."""
    file: StoredFile | None = None
    album: str = ""
    buttons: list[list[Json]] = field(default_factory=list)
    quoted_id: int | None = None
    thread_id: int | None = None
    """The topic it is in."""
    reply_thread_id: int | None = None
    """The thread of replies it is in: no topic, and nothing can be sent to it."""
    entities: list[Json] = field(default_factory=list)
    media: Json = field(default_factory=dict)
    """The fields that describe its file, with ids of its own."""
    sender: Json = field(default_factory=dict)
    """The fields that say who has sent it."""
    author_id: int = 0
    """Whose it is, whatever the bot is told."""
    more: Json = field(default_factory=dict)
    """Further fields."""
    date: int = field(default_factory=lambda: int(time.time()))
    edit_date: int | None = None
    history: list[Sent] = field(default_factory=list)
    """What it was before each edit."""
    is_from_bot: bool = False
    is_service: bool = False
    is_deleted: bool = False
    is_silent: bool = False
    inline_id: str = ""
    """How the bot names it, if it was sent in inline mode."""
    asked: Json = field(default_factory=dict, repr=False)
    """The bot's call that sent it, without files: what else it wished, as it was written."""
    uploaded_bytes: int = 0
    """How much was uploaded for it; nothing when it was sent by a file id."""
    # It is put into a chat when it is sent.
    chat: Chat = field(init=False, repr=False)

    @property
    def photo(self) -> bytes:
        """The picture, of photos only."""
        return self.content if "photo" in self.media else b""

    @property
    def content(self) -> bytes:
        """The bytes of whatever it carries."""
        return b"" if self.file is None else self.file.content

    @property
    def kind(self) -> str:
        """What it is: text, photo, animation, document, ..."""
        return "text" if self.file is None else self.file.kind

    @property
    def caption(self) -> str:
        return "" if self.file is None else self.text

    @property
    def file_id(self) -> str:
        """The id under which the bot knows the file."""
        described = next(iter(self.media.values()))
        largest: Json = described[-1] if isinstance(described, list) else described
        return str(largest["file_id"])

    @property
    def labels(self) -> list[str]:
        return [button["text"] for row in self.buttons for button in row]

    def button(self, label: str) -> Json:
        """Return the button with a label, or the only one whose label begins so."""
        shown = [button for row in self.buttons for button in row]
        found = [button for button in shown if button["text"] == label]
        found = found or [button for button in shown if button["text"].startswith(label)]
        if len(found) != 1 or self.is_deleted:
            raise NotShownError(f"{label!r} is not one of {self.labels}")
        return found[0]

    def as_json(self, *, with_reply: bool = True) -> Json:
        """Return it as the bot is told."""
        body = {"message_id": self.message_id, "date": self.date, "chat": self.chat.as_json()}
        body |= self.sender | self.media
        if self.edit_date is not None:
            body["edit_date"] = self.edit_date
        if self.text:
            kind = "text" if self.file is None else "caption"
            body[kind] = self.text
            if self.entities:
                body["entities" if kind == "text" else "caption_entities"] = self.entities
        if self.album:
            body["media_group_id"] = self.album
        if self.buttons:
            body["reply_markup"] = {"inline_keyboard": self.buttons}
        if (thread_id := self.thread_id or self.reply_thread_id) is not None:
            body["message_thread_id"] = thread_id
            if self.chat.is_forum:
                body["is_topic_message"] = True
        quoted = self.quoted
        if with_reply and quoted is not None and not quoted.is_deleted:
            body["reply_to_message"] = quoted.as_json(with_reply=False)
        return body | self.more

    @property
    def quoted(self) -> Sent | None:
        """The message it replies to; in a topic without a reply, the one that opened it."""
        number = self.quoted_id
        if number is None and self.chat.is_forum and self.thread_id != self.message_id:
            number = self.thread_id
        return None if number is None else self.chat.messages.get(number)

    def change(self, **changes: object) -> None:
        """Keep what it was, then change it."""
        before = Sent(self.message_id, self.text, self.file, buttons=self.buttons)
        before.entities, before.media, before.chat = self.entities, self.media, self.chat
        self.history.append(before)
        for name, value in changes.items():
            setattr(self, name, value)
        self.edit_date = int(time.time())
        self.chat.bell.ring()

    async def wait_for(
        self, condition: Callable[[Sent], object], timeout_s: float = WAIT_S
    ) -> Sent:
        """Wait until something is true of it."""
        await self.chat.bell.wait_for(lambda: condition(self), timeout_s)
        return self

    async def wait_for_edit(self, number: int = 1) -> Sent:
        """Wait until it has been edited that many times."""
        return await self.wait_for(lambda _message: len(self.history) >= number)


@dataclass
class Press:
    """A pressed button, waiting for the bot's answer."""

    id: str
    answered: asyncio.Future[Json]
    asked_s: float = field(default_factory=time.monotonic)

    async def answer(self, timeout_s: float = WAIT_S) -> Json:
        """Wait for what is shown to the person who pressed."""
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(self.answered)

    @property
    def is_late(self) -> bool:
        return time.monotonic() - self.asked_s > PRESS_ANSWER_WITHIN_S

    def age(self, seconds: float = PRESS_ANSWER_WITHIN_S) -> None:
        """Let time pass, by default until it is too late to answer."""
        self.asked_s -= seconds
