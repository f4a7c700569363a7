"""Where the bot writes on the fake Telegram, and why it may not."""

from __future__ import annotations

from tests.acceptance.telegram_limits import Json, RefusalError, gone, refuse
from tests.acceptance.telegram_messages import Sent
from tests.acceptance.telegram_places import ADMINISTRATOR, INSIDE, KICKED, RESTRICTED, Chat
from tests.acceptance.telegram_rules import flag, number, structure
from tests.acceptance.telegram_world import World

_NEEDS = {
    "text": ("messages", "send text messages to the chat"),
    "photo": ("photos", "send photos to the chat"),
    "document": ("documents", "send documents to the chat"),
    "animation": ("other_messages", "send animations to the chat"),
    "sticker": ("other_messages", "send stickers to the chat"),
}


def known(world: World, call: Json) -> Chat:
    """Return the chat of a call, whatever the bot may do there."""
    asked = str(call.get("chat_id", ""))
    refuse(not asked, "chat_id is empty")
    if asked.startswith("@"):
        chats = world.chats.values()
        chat = next((one for one in chats if f"@{one.username}" == asked), None)
    else:
        chat_id = number(call, "chat_id")
        chat = world.chats.get(chat_id)
        if chat is None and chat_id in world.people:
            raise RefusalError("Forbidden: bot can't initiate conversation with a user", 403)
    refuse(chat is None, "chat not found")
    assert chat is not None
    if chat.migrated_to is not None:
        refusal = RefusalError(
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=chat.migrated_to,
        )
        refusal.is_forgiven = True
        raise refusal
    return chat


def entered(world: World, call: Json) -> Chat:
    """Return the chat of a call, in which the bot is."""
    chat = known(world, call)
    if chat.is_deactivated:
        raise RefusalError("Forbidden: user is deactivated", 403)
    if chat.has_blocked:
        raise RefusalError("Forbidden: bot was blocked by the user", 403)
    if chat.bot_status == KICKED:
        raise RefusalError(f"Forbidden: bot was kicked from the {_kind(chat)} chat", 403)
    if chat.bot_status not in INSIDE:
        raise RefusalError(f"Forbidden: bot is not a member of the {_kind(chat)} chat", 403)
    return chat


def writable(world: World, call: Json, kind: str) -> Chat:
    """Return the chat of a call, in which the bot may send such a message."""
    chat = entered(world, call)
    if chat.kind == "channel" and chat.bot_status != ADMINISTRATOR:
        raise gone("need administrator rights in the channel chat")
    right, words = _NEEDS[kind]
    is_forbidden = right in chat.bot_may_not and chat.bot_status != ADMINISTRATOR
    if chat.bot_status == RESTRICTED or is_forbidden:
        raise gone(f"not enough rights to {words}")
    return chat


def thread_of(chat: Chat, call: Json) -> int | None:
    """Return the topic of a call, if it names one that is open."""
    if "message_thread_id" not in call:
        return None
    thread = number(call, "message_thread_id")
    topic = chat.topics.get(thread)
    refuse(topic is None, "message thread not found")
    assert topic is not None
    if topic.is_deleted:
        raise gone("message thread not found")
    if topic.is_closed and chat.bot_status != ADMINISTRATOR:
        raise gone("TOPIC_CLOSED")
    return thread


def quoted_by(chat: Chat, call: Json) -> Sent | None:
    """Return the message that a call replies to."""
    asked = structure(call, "reply_parameters", None)
    if asked is None and "reply_to_message_id" in call:
        asked = {"message_id": number(call, "reply_to_message_id")}
        asked["allow_sending_without_reply"] = flag(call, "allow_sending_without_reply")
    if asked is None:
        return None
    message = chat.messages.get(asked["message_id"])
    if message is not None and not message.is_deleted:
        return message
    if not asked.get("allow_sending_without_reply"):
        raise gone("message to be replied not found")
    return None


def _kind(chat: Chat) -> str:
    return "group" if chat.kind == "group" else chat.kind
