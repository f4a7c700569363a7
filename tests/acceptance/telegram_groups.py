"""People on the fake Telegram who run groups: who is in, who may what, which topics there are."""

from __future__ import annotations

from tests.acceptance.telegram_account import Account, Person
from tests.acceptance.telegram_limits import Json
from tests.acceptance.telegram_messages import NotShownError, Sent
from tests.acceptance.telegram_places import (
    ADMINISTRATOR,
    CREATOR,
    INSIDE,
    KICKED,
    LEFT,
    MEMBER,
    RESTRICTED,
    Chat,
    Topic,
)


class Groups(Account):
    """Does what members and admins of groups do."""

    async def add_bot(self, chat: Chat, *, as_admin: bool = False) -> None:
        """Let the bot into a group, or back into it; or make it an admin."""
        self.member(chat)
        before, chat.bot_status = chat.bot_status, ADMINISTRATOR if as_admin else MEMBER
        self.world.tell_status(chat, self.as_json(), before, chat.bot_status)
        if before not in INSIDE:
            self._service(chat, new_chat_members=[self.world.bot])

    async def remove_bot(self, chat: Chat) -> None:
        """Throw the bot out of a group."""
        self.check_is_admin(chat)
        before, chat.bot_status = chat.bot_status, KICKED
        self.world.tell_status(chat, self.as_json(), before, KICKED)

    async def promote(self, chat: Chat, person: Person | None = None) -> None:
        """Make somebody an admin, the bot unless a person is named."""
        self.check_is_admin(chat)
        if person is None:
            await self.add_bot(chat, as_admin=True)
        else:
            self._set(chat, person, ADMINISTRATOR)

    async def demote(self, chat: Chat, person: Person | None = None) -> None:
        """Make somebody an ordinary member."""
        self.check_is_admin(chat)
        if person is None:
            await self.add_bot(chat)
        else:
            self._set(chat, person, MEMBER)

    async def restrict(self, chat: Chat, person: Person) -> None:
        """Forbid somebody to write."""
        self.check_is_admin(chat)
        self._set(chat, person, RESTRICTED)

    async def ban(self, chat: Chat, person: Person) -> None:
        """Throw somebody out."""
        self.check_is_admin(chat)
        self._set(chat, person, KICKED)

    async def join(self, chat: Chat) -> None:
        """Enter a group."""
        if chat.members.get(self.id) is not None and chat.members[self.id].status == KICKED:
            raise NotShownError(f"{self.name} was thrown out")
        self._set(chat, self, MEMBER)
        self._service(chat, new_chat_members=[self.as_json()])

    async def leave(self, chat: Chat) -> None:
        """Leave a group."""
        self._service(chat, left_chat_member=self.as_json())
        self._set(chat, self, LEFT)

    async def be_anonymous(self, chat: Chat) -> None:
        """Hide as an admin behind the group's name."""
        self.check_is_admin(chat)
        chat.members[self.id].is_anonymous = True

    async def migrate(self, chat: Chat) -> Chat:
        """Turn a small group into a supergroup, which is another chat."""
        if chat.kind != "group" or self.member(chat).status != CREATOR:
            raise NotShownError("only the creator of a small group can do that")
        new = self.world.group(title=chat.title or "", bot=chat.bot_status)
        new.members = dict(chat.members)
        chat.migrated_to = new.id
        self._service(chat, migrate_to_chat_id=new.id)
        self._service(new, migrate_from_chat_id=chat.id)
        return new

    async def open_topic(self, chat: Chat, name: str = "Topic") -> int:
        """Open a topic; returns its id."""
        if not chat.is_forum:
            raise NotShownError("the group has no topics")
        created = {"name": name, "icon_color": 7322096}
        message = self._service(chat, forum_topic_created=created)
        return message.message_id

    async def close_topic(self, chat: Chat, thread: int) -> None:
        """Close a topic."""
        self.check_is_admin(chat)
        chat.topics[thread].is_closed = True
        self._service(chat, thread, forum_topic_closed={})

    async def reopen_topic(self, chat: Chat, thread: int) -> None:
        """Open a closed topic again."""
        self.check_is_admin(chat)
        chat.topics[thread].is_closed = False
        self._service(chat, thread, forum_topic_reopened={})

    async def delete_topic(self, chat: Chat, thread: int) -> None:
        """Delete a topic and what is in it, of which bots are not told."""
        self.check_is_admin(chat)
        chat.topics[thread].is_deleted = True
        for message in chat.messages.values():
            message.is_deleted |= message.thread_id == thread
        chat.bell.ring()

    def _set(self, chat: Chat, person: Person, status: str) -> None:
        old = chat.members[person.id].as_json() if person.id in chat.members else None
        chat.join([person], status)
        new = chat.members[person.id].as_json()
        old = old or {"status": LEFT, "user": person.as_json()}
        # Only admins among the bots are told, and only those who ask for it.
        if chat.bot_status == ADMINISTRATOR:
            self.world.tell_member(chat, self.as_json(), old, new)

    def _service(self, chat: Chat, thread: int | None = None, **fields: object) -> Sent:
        message = Sent(0, sender={"from": self.as_json()}, more=dict(fields), thread_id=thread)
        message.is_service, message.author_id = True, self.id
        if "forum_topic_created" in fields:
            created: Json = message.more["forum_topic_created"]
            chat.put(message)
            message.thread_id = message.message_id
            chat.topics[message.message_id] = Topic(message.message_id, created["name"])
            self.world.tell(message, "message")
            return message
        return self.world.put(chat, message)
