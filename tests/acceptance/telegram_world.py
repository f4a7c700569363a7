"""Everything there is on the fake Telegram: people, chats, files, and what the bot is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from tests.acceptance.telegram_bell import WAIT_S, Bell
from tests.acceptance.telegram_entities import detected
from tests.acceptance.telegram_files import Files, StoredFile
from tests.acceptance.telegram_inline import Inline
from tests.acceptance.telegram_limits import Json
from tests.acceptance.telegram_messages import Press, Sent
from tests.acceptance.telegram_people import Person, TelegramPerson
from tests.acceptance.telegram_places import (
    ADMINISTRATOR,
    CREATOR,
    INSIDE,
    MEMBER,
    Chat,
    Member,
    Topic,
)
from tests.acceptance.telegram_updates import Updates

# One database sees many worlds in a run of tests: nothing in them is numbered alike. Ids of people
# and groups need more than 32 bits, as they do in life.
_numbers, _people, _groups = count(1000), count(6_000_000_000), count(-1_002_000_000_000, -1)


class World:
    """Everything the server knows, and what people do without the rules of the apps."""

    def __init__(self, username: str, *, privacy: bool = False) -> None:
        self.bot: Json = {"id": 42, "is_bot": True, "first_name": "Babelpix", "username": username}
        self.privacy = privacy
        """Whether the bot is told only of what is meant for it, in groups it is no admin of."""
        self.chats: dict[int, Chat] = {}
        self.people: dict[int, Person] = {}
        self.files = Files()
        self.queue = Updates()
        self.presses: dict[str, Press] = {}
        self.inline = Inline(self)
        self.commands: dict[tuple[str, str], list[Json]] = {}
        """By scope and language."""
        self.descriptions: dict[tuple[str, str], str] = {}
        """By method and language."""

    @property
    def updates(self) -> list[Json]:
        """What the bot has not confirmed yet."""
        return [update.body for update in self.queue.waiting]

    @property
    def arrived(self) -> Bell:
        """Rings when updates come or are confirmed."""
        return self.queue.bell

    def new_id(self) -> int:
        return next(_numbers)

    def person(self, name: str, language: str | None = "en", **more: Any) -> TelegramPerson:
        """Make somebody new."""
        person = TelegramPerson(next(_people), name, language, world=self, **more)
        self.people[person.id] = person
        return person

    def private(self, person: Person) -> Chat:
        """Return somebody's chat with the bot; it is started if it was not."""
        self.people.setdefault(person.id, person)
        chat = self.chats.get(person.id)
        if chat is None:
            chat = Chat(person.id, person=person, numbers=self.new_id)
            self.chats[person.id] = chat
        return chat

    def group(
        self,
        *admins: Person,
        title: str = "Group",
        kind: str = "supergroup",
        members: Iterable[Person] = (),
        is_forum: bool = False,
        bot: str = MEMBER,
        **more: Any,
    ) -> Chat:
        """Make a group; the first admin is its creator."""
        number = -self.new_id() if kind == "group" else next(_groups)
        chat = Chat(number, title, kind, is_forum=is_forum, bot_status=bot, **more)
        if kind == "group":
            chat.numbers = self.new_id
        chat.join(members)
        chat.join(admins, ADMINISTRATOR)
        chat.join(admins[:1], CREATOR)
        for person in (*admins, *members):
            self.people.setdefault(person.id, person)
        self.chats[chat.id] = chat
        return chat

    def channel(self, *admins: Person, title: str = "Channel", bot: str = ADMINISTRATOR) -> Chat:
        """Make a channel."""
        return self.group(*admins, title=title, kind="channel", bot=bot)

    def keep(self, content: bytes) -> str:
        """Store a file; returns an id for the bot."""
        return self.files.new_id(self.files.add(StoredFile("document", content)))

    async def send(
        self, person: Person, chat: Chat, text: str, *, answers: int | None = None, **more: Any
    ) -> int:
        """Write a message; returns its id."""
        return self._post(person, chat, Sent(0, text), answers, more)

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
        file = self.files.add(StoredFile("photo", content))
        return self._post(person, chat, Sent(0, caption, file), answers, more)

    async def send_file(
        self, person: Person, chat: Chat, content: bytes, media_type: str, size: int | None = None
    ) -> int:
        """Send a file, of which a size may be claimed."""
        file = StoredFile("document", content, name="file", media_type=media_type)
        file.claimed_bytes = size
        return self._post(person, chat, Sent(0, file=self.files.add(file)), None, {})

    async def press(self, person: Person, chat: Chat, message: Sent, label: str) -> Press:
        """Press the button with a label."""
        return await self.press_data(person, chat, message, message.button(label)["callback_data"])

    async def press_data(self, person: Person, chat: Chat, message: Sent, data: str) -> Press:
        """Press a button, as it once was."""
        press = Press(f"q{self.new_id()}", asyncio.get_running_loop().create_future())
        self.presses[press.id] = press
        query = {"id": press.id, "from": person.as_json(), "data": data}
        query["chat_instance"] = str(chat.id)
        if message.inline_id:
            query["inline_message_id"] = message.inline_id
        elif message.is_deleted:
            # What cannot be seen any more has a date of 0 and nothing else.
            gone = {"chat": chat.as_json(), "message_id": message.message_id, "date": 0}
            query["message"] = gone
        else:
            query["message"] = message.as_json()
        self.queue.add({"callback_query": query}, chat.id)
        return press

    async def deliver(self, update: Json) -> None:
        """Queue an update for the bot."""
        self.queue.add(update)

    async def until(self, condition: Callable[[], object], timeout_s: float = WAIT_S) -> None:
        """Wait for something to become true through what the bot fetches."""
        await self.arrived.wait_for(condition, timeout_s)

    def put(self, chat: Chat, message: Sent, update: str = "message") -> Sent:
        """Put somebody's message into a chat, and tell the bot if it may know."""
        chat.put(message)
        self.tell(message, update)
        return message

    def tell(self, message: Sent, update: str) -> None:
        """Tell the bot of a message, if it may know."""
        if self.hears(message):
            kind = update.replace("message", "channel_post")
            kind = kind if message.chat.kind == "channel" else update
            self.queue.add({kind: message.as_json()}, message.chat.id)

    def tell_status(self, chat: Chat, by: Json, before: str, after: str) -> None:
        """Tell the bot what has become of it in a chat."""
        old, new = (Member(self.bot, status).as_json() for status in (before, after))
        self._tell_change("my_chat_member", chat, by, old, new)
        chat.bell.ring()

    def tell_member(self, chat: Chat, by: Json, old: Json, new: Json) -> None:
        """Tell the bot what has become of somebody else."""
        self._tell_change("chat_member", chat, by, old, new)

    def _tell_change(self, kind: str, chat: Chat, by: Json, old: Json, new: Json) -> None:
        told = {"chat": chat.as_json(), "from": by, "date": int(time.time())}
        told |= {"old_chat_member": old, "new_chat_member": new}
        self.queue.add({kind: told}, chat.id)

    def hears(self, message: Sent) -> bool:
        """Tell whether the bot is told of a message (core.telegram.org/bots/features, privacy)."""
        chat = message.chat
        if chat.bot_status not in INSIDE:
            return False
        if chat.kind in {"private", "channel"} or message.is_service or not self.privacy:
            return True
        return chat.bot_status == ADMINISTRATOR or self._is_meant(message)

    def _is_meant(self, message: Sent) -> bool:
        mine = f"@{self.bot['username']}".lower()
        chat = message.chat
        units = message.text.encode("utf-16-le")
        for entity in message.entities:
            start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
            word = units[start:end].decode("utf-16-le").lower()
            if entity["type"] == "mention" and word == mine:
                return True
            if entity["type"] == "bot_command":
                if word.endswith(mine):
                    return True
                # Commands for nobody in particular are for the bot that spoke last.
                if "@" not in word and chat.last_bot in {None, self.bot["username"]}:
                    return True
        if message.more.get("via_bot", {}).get("id") == self.bot["id"]:
            return True
        quoted = message.quoted if message.quoted_id is not None else None
        return quoted is not None and (quoted.is_from_bot or self._is_meant(quoted))

    def _post(
        self, person: Person, chat: Chat, message: Sent, answers: int | None, more: Json
    ) -> int:
        self.people.setdefault(person.id, person)
        if chat.kind != "private" and person.id not in chat.members:
            chat.join([person])
        message.thread_id = more.pop("message_thread_id", None)
        if more.pop("is_topic_message", False) and message.thread_id is not None:
            chat.is_forum = True
            chat.topics.setdefault(message.thread_id, Topic(message.thread_id, "Topic"))
        message.sender, message.author_id = {"from": person.as_json()}, person.id
        message.more = more
        message.entities = detected(message.text)
        message.media = {} if message.file is None else self.files.describe(message.file)
        message.quoted_id, message.date = answers, int(time.time())
        return self.put(chat, message).message_id
