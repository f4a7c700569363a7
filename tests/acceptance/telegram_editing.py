"""What the bot changes and deletes on the fake Telegram, and how it answers presses."""

from __future__ import annotations

import time

from tests.acceptance import telegram_limits as limits
from tests.acceptance import telegram_targets as targets
from tests.acceptance.telegram_entities import formatted
from tests.acceptance.telegram_inline import TOO_OLD
from tests.acceptance.telegram_limits import Json, gone, length, refuse
from tests.acceptance.telegram_messages import Sent
from tests.acceptance.telegram_places import ADMINISTRATOR, Chat
from tests.acceptance.telegram_rules import buttons, number, structure
from tests.acceptance.telegram_sending import Method, Sending
from tests.acceptance.telegram_world import World

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup "
    "are exactly the same as a current content and reply markup of the message"
)
_DELETABLE_S = 48 * 3600  # deleteMessage


class Editing:
    """Methods that change what is there."""

    def __init__(self, world: World, sending: Sending) -> None:
        self._world = world
        self._sending = sending
        self.methods: dict[str, Method] = {
            "editMessageText": self._edit_text,
            "editMessageCaption": self._edit_caption,
            "editMessageMedia": self._edit_media,
            "editMessageReplyMarkup": self._edit_reply_markup,
            "deleteMessage": self._delete_message,
            "deleteMessages": self._delete_messages,
            "answerCallbackQuery": self._answer_callback_query,
            "answerInlineQuery": world.inline.answer,
        }

    async def _edit_text(self, call: Json) -> object:
        message = self._editable(call)
        text, entities = formatted(call)
        refuse(not text, "message text is empty")
        refuse(message.file is not None, "there is no text in the message to edit")
        return self._edit(call, message, text=text, entities=entities)

    async def _edit_caption(self, call: Json) -> object:
        message = self._editable(call)
        text, entities = formatted(call, "caption", limits.MAX_CAPTION)
        refuse(message.file is None, "there is no caption in the message to edit")
        return self._edit(call, message, text=text, entities=entities)

    async def _edit_media(self, call: Json) -> object:
        message = self._editable(call)
        media = structure(call, "media", {})
        kind = media.get("type")
        refuse(kind not in {"photo", "animation", "document", "video"}, "unsupported media type")
        is_mixed = message.album and (kind == "document") != (message.kind == "document")
        refuse(is_mixed or (message.album and kind == "animation"), "media can't be changed so")
        text, entities = formatted(media, "caption", limits.MAX_CAPTION)
        file, uploaded_bytes = self._sending.media(call, media.get("media"), kind)
        # Into messages of inline mode, nothing can be uploaded.
        refuse(message.inline_id and uploaded_bytes, "wrong file identifier/HTTP URL specified")
        described = message.media if file is message.file else self._world.files.describe(file)
        message.uploaded_bytes += uploaded_bytes
        return self._edit(call, message, text=text, entities=entities, file=file, media=described)

    async def _edit_reply_markup(self, call: Json) -> object:
        return self._edit(call, self._editable(call))

    async def _delete_message(self, call: Json) -> bool:
        chat = targets.entered(self._world, call)
        message = chat.messages.get(number(call, "message_id"))
        if message is None or message.is_deleted:
            raise gone("message to delete not found")
        refuse(not self._may_delete(chat, message), "message can't be deleted for everyone")
        self._drop(chat, message)
        return True

    async def _delete_messages(self, call: Json) -> bool:
        chat = targets.entered(self._world, call)
        wanted = structure(call, "message_ids", [])
        refuse(len(wanted) not in limits.MESSAGES_AT_ONCE, "message identifiers are not specified")
        for message_id in wanted:
            message = chat.messages.get(message_id)
            if message is not None and self._may_delete(chat, message):
                self._drop(chat, message)
        return True

    async def _answer_callback_query(self, call: Json) -> bool:
        press = self._world.presses.get(call.get("callback_query_id", ""))
        if press is None or press.is_late:
            raise gone(TOO_OLD)
        refuse(press.answered.done(), TOO_OLD)
        refuse(length(call.get("text") or "") > limits.MAX_TOAST, "MESSAGE_TOO_LONG")
        press.answered.set_result(call)
        return True

    def _editable(self, call: Json) -> Sent:
        if "inline_message_id" in call:
            message = self._world.inline.messages.get(call["inline_message_id"])
            refuse(message is None, "MESSAGE_ID_INVALID")
            assert message is not None
            if message.is_deleted:
                raise gone("MESSAGE_ID_INVALID")
            return message
        chat = targets.entered(self._world, call)
        found = chat.messages.get(number(call, "message_id"))
        if found is None or found.is_deleted:
            raise gone("message to edit not found")
        refuse(not found.is_from_bot, "message can't be edited")
        return found

    def _edit(self, call: Json, message: Sent, **changes: object) -> object:
        shown = buttons(call)
        before = {"buttons": message.buttons} | {name: getattr(message, name) for name in changes}
        refuse(before == {"buttons": shown, **changes}, NOT_MODIFIED)
        self._sending.flood.check(message.chat)
        message.change(buttons=shown, **changes)
        return True if message.inline_id else message.as_json()

    def _may_delete(self, chat: Chat, message: Sent) -> bool:
        if time.time() - message.date > _DELETABLE_S:
            return False
        return message.is_from_bot or chat.is_private or chat.bot_status == ADMINISTRATOR

    def _drop(self, chat: Chat, message: Sent) -> None:
        message.is_deleted = True
        chat.bell.ring()
