"""Chats of the fake Telegram: private ones, groups, supergroups with topics, channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from tests.acceptance.telegram_bell import WAIT_S, Bell
from tests.acceptance.telegram_limits import Json
from tests.acceptance.telegram_messages import Sent

if TYPE_CHECKING:
    from tests.acceptance.telegram_people import Person

MEMBER, ADMINISTRATOR, CREATOR = "member", "administrator", "creator"
RESTRICTED, LEFT, KICKED = "restricted", "left", "kicked"
INSIDE = {MEMBER, ADMINISTRATOR, CREATOR, RESTRICTED}
PERMISSIONS = ("messages", "photos", "videos", "documents", "other_messages", "polls")
_ADMIN_RIGHTS = (
    *("can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members"),
    *("can_promote_members", "can_change_info", "can_invite_users", "can_post_stories"),
    *("can_edit_stories", "can_delete_stories"),
)
_MEMBER_RIGHTS = (
    *("can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos"),
    *("can_send_videos", "can_send_video_notes", "can_send_voice_notes", "can_send_polls"),
    *("can_send_other_messages", "can_add_web_page_previews", "can_change_info"),
    *("can_invite_users", "can_pin_messages", "can_manage_topics", "can_edit_tag"),
    *("can_react_to_messages",),
)


@dataclass
class Member:
    """Somebody in a chat, as that chat sees them."""

    user: Json
    status: str = MEMBER
    is_anonymous: bool = False

    @property
    def is_admin(self) -> bool:
        return self.status in {CREATOR, ADMINISTRATOR}

    def as_json(self) -> Json:
        body: Json = {"status": self.status, "user": self.user}
        if self.is_admin:
            body["is_anonymous"] = self.is_anonymous
        if self.status == ADMINISTRATOR:
            body |= dict.fromkeys(_ADMIN_RIGHTS, True) | {"can_be_edited": False}
        if self.status == RESTRICTED:
            body |= dict.fromkeys(_MEMBER_RIGHTS, False) | {"is_member": True, "until_date": 0}
        if self.status == KICKED:
            body["until_date"] = 0
        return body


@dataclass
class Topic:
    """A forum thread."""

    id: int
    name: str
    is_closed: bool = False
    is_deleted: bool = False


@dataclass(eq=False)
class Chat:
    """A chat with the bot in it, or one that it has left."""

    id: int
    title: str | None = None
    """Private chats have none."""
    kind: str = "private"
    person: Person | None = None
    """Whose private chat it is."""
    username: str | None = None
    is_forum: bool = False
    members: dict[int, Member] = field(default_factory=dict, repr=False)
    topics: dict[int, Topic] = field(default_factory=dict, repr=False)
    messages: dict[int, Sent] = field(default_factory=dict, repr=False)
    sent: list[Sent] = field(default_factory=list, repr=False)
    """What the bot has written."""
    actions: list[str] = field(default_factory=list)
    action_threads: list[int | None] = field(default_factory=list)
    """The topics in which the actions were shown."""
    bot_status: str = MEMBER
    bot_may_not: set[str] = field(default_factory=set)
    """Of :data:`PERMISSIONS`."""
    has_blocked: bool = False
    is_deactivated: bool = False
    """Whether the person's account is gone."""
    hides_members: bool = False
    """Whether bots that are no admins are told of admins only."""
    last_bot: str | None = None
    """The username of the bot that wrote last."""
    migrated_to: int | None = None
    bell: Bell = field(default_factory=Bell, repr=False)
    numbers: Callable[[], int] | None = field(default=None, repr=False)
    """Numbers its messages; private chats and small groups share them."""
    _read: int = 0

    def __post_init__(self) -> None:
        if self.numbers is None:
            counter = count(1)
            self.numbers = lambda: next(counter)

    @property
    def is_private(self) -> bool:
        return self.kind == "private"

    @property
    def admins(self) -> list[Member]:
        return [member for member in self.members.values() if member.is_admin]

    def as_json(self) -> Json:
        if self.title is None:
            name = "P" if self.person is None else self.person.name
            return {"id": self.id, "type": "private", "first_name": name}
        body: Json = {"id": self.id, "type": self.kind, "title": self.title}
        if self.username is not None:
            body["username"] = self.username
        if self.is_forum:
            body["is_forum"] = True
        return body

    def put(self, message: Sent) -> Sent:
        """Put a message into the chat, and give it its number unless it has one."""
        assert self.numbers is not None
        message.chat = self
        message.message_id = message.message_id or self.numbers()
        quoted = message.quoted
        if self.kind == "supergroup" and not self.is_forum and quoted is not None:
            message.reply_thread_id = quoted.reply_thread_id or quoted.message_id
        self.messages[message.message_id] = message
        if message.is_from_bot:
            self.sent.append(message)
        self.bell.ring()
        return message

    async def wait_for(self, condition: Callable[[], object], timeout_s: float = WAIT_S) -> None:
        """Wait for something to become true through what happens in the chat."""
        await self.bell.wait_for(condition, timeout_s)

    async def next(self, number: int = 1) -> list[Sent]:
        """Wait for the bot's next messages."""
        await self.wait_for(lambda: len(self.sent) >= self._read + number)
        start, self._read = self._read, self._read + number
        return self.sent[start : self._read]

    async def next_text(self) -> str:
        """Wait for the bot's next message and return its text."""
        (message,) = await self.next()
        assert not message.photo
        return message.text

    @property
    def unread(self) -> list[Sent]:
        """What the bot has written since the last ``next``."""
        return self.sent[self._read :]

    def join(self, people: Iterable[Person], status: str = MEMBER) -> None:
        """Let people in, or change what they are."""
        for person in people:
            self.members[person.id] = Member(person.as_json(), status)
