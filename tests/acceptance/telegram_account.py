"""Somebody with an account on the fake Telegram."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.acceptance.telegram_limits import Json
from tests.acceptance.telegram_messages import NotShownError, Sent
from tests.acceptance.telegram_places import INSIDE, RESTRICTED, Chat, Member

if TYPE_CHECKING:
    from tests.acceptance.telegram_world import World

ANONYMOUS_ADMIN: Json = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
CHANNEL_BOT: Json = {
    "id": 136817688,
    "is_bot": True,
    "first_name": "Channel",
    "username": "Channel_Bot",
}


@dataclass(frozen=True)
class Person:
    """Somebody who writes to the bot."""

    id: int
    name: str
    language: str | None = "en"

    def as_json(self) -> Json:
        user = {"id": self.id, "is_bot": False, "first_name": self.name}
        return user if self.language is None else {**user, "language_code": self.language}


@dataclass(frozen=True)
class Account(Person):
    """Somebody whose deeds obey the rules of the apps."""

    world: World = field(kw_only=True, repr=False, compare=False)
    username: str | None = field(default=None, kw_only=True)

    def as_json(self) -> Json:
        user = super().as_json()
        return user if self.username is None else {**user, "username": self.username}

    @property
    def private(self) -> Chat:
        """The chat with the bot."""
        return self.world.private(self)

    def member(self, chat: Chat) -> Member:
        """Return what one is in a chat; whoever was never there joins."""
        self.world.people[self.id] = self
        member = chat.members.get(self.id)
        if member is None:
            chat.join([self])
            member = chat.members[self.id]
        if member.status not in INSIDE:
            raise NotShownError(f"{self.name} is not in the chat any more")
        return member

    def check_may_write(self, chat: Chat, thread: int | None = None) -> None:
        """Raise NotShownError where one cannot write."""
        if chat.is_private:
            if chat.id != self.id:
                raise NotShownError("the chat is somebody else's")
            if chat.has_blocked:
                raise NotShownError(f"{self.name} has blocked the bot")
            return
        if chat.migrated_to is not None:
            raise NotShownError("the group has become a supergroup")
        member = self.member(chat)
        if member.status == RESTRICTED or (chat.kind == "channel" and not member.is_admin):
            raise NotShownError(f"{self.name} may not write there")
        if thread is not None:
            topic = chat.topics.get(thread)
            if topic is None or topic.is_deleted or (topic.is_closed and not member.is_admin):
                raise NotShownError("there is no such topic to write to")

    def check_is_admin(self, chat: Chat) -> None:
        """Raise NotShownError where one is no admin."""
        if chat.is_private or not self.member(chat).is_admin:
            raise NotShownError(f"{self.name} is no admin")

    def check_is_own(self, message: Sent) -> None:
        """Raise NotShownError for what somebody else has written."""
        if message.is_deleted or message.author_id != self.id:
            raise NotShownError("not one's own message")
