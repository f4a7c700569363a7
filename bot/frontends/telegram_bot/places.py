"""Where people talk to the bot: chats, topics of chats, and the collections that belong to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from telegram import Message, ReplyParameters

PREFIX = "telegram:chat:"


class Target(TypedDict):
    """How a message is sent somewhere, besides the chat's id."""

    message_thread_id: int | None
    reply_parameters: ReplyParameters | None


def collection_of(chat_id: int) -> str:
    """Return the key of a chat's own collection."""
    return f"{PREFIX}{chat_id}"


def is_group(chat_id: int) -> bool:
    """Tell groups from people by the number."""
    return chat_id < 0


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, or a topic of one, and the message that is answered there."""

    chat_id: int
    thread_id: int | None = None
    answered_id: int | None = None

    @classmethod
    def of(cls, message: Message) -> Place:
        """Return the place of a message; in groups the answer quotes it."""
        chat_id = message.chat.id
        return cls(chat_id, _topic(message), message.message_id if is_group(chat_id) else None)

    @classmethod
    def below(cls, message: Message) -> Place:
        """Return the place of one of the bot's own messages, for what quotes nothing."""
        return cls(message.chat.id, _topic(message))

    @property
    def is_group(self) -> bool:
        """Whether others are there too."""
        return is_group(self.chat_id)

    @property
    def collection(self) -> str:
        """Key of the chat's own collection."""
        return collection_of(self.chat_id)

    def target(self) -> Target:
        """Return the parameters that send a message there."""
        quoted = None
        if self.answered_id is not None:
            quoted = ReplyParameters(self.answered_id, allow_sending_without_reply=True)
        return Target(message_thread_id=self.thread_id, reply_parameters=quoted)


def _topic(message: Message) -> int | None:
    # Threads of replies have a number too, but nothing can be sent to them.
    return message.message_thread_id if message.is_topic_message else None
