"""What the bot sends on the fake Telegram."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.acceptance import telegram_limits as limits
from tests.acceptance import telegram_targets as targets
from tests.acceptance.telegram_entities import formatted
from tests.acceptance.telegram_faults import Floods
from tests.acceptance.telegram_files import StoredFile, measured
from tests.acceptance.telegram_limits import Json, RefusalError, refuse
from tests.acceptance.telegram_messages import Sent
from tests.acceptance.telegram_rules import buttons, check_photo, flag, structure
from tests.acceptance.telegram_world import World

Method = Callable[[Json], Awaitable[object]]
ACTIONS = {
    *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"),
    *("upload_document", "choose_sticker", "find_location", "record_video_note"),
    "upload_video_note",
}


@dataclass(frozen=True)
class UploadedFile:
    """A file as it came in."""

    name: str
    content: bytes
    media_type: str


class Sending:
    """Methods that send messages."""

    def __init__(self, world: World, flood: Floods) -> None:
        self._world = world
        self.flood = flood
        self.methods: dict[str, Method] = {
            "sendMessage": self._send_message,
            "sendPhoto": lambda call: self._send_file(call, "photo"),
            "sendAnimation": lambda call: self._send_file(call, "animation"),
            "sendDocument": lambda call: self._send_file(call, "document"),
            "sendSticker": lambda call: self._send_file(call, "sticker"),
            "sendMediaGroup": self._send_media_group,
            "sendChatAction": self._send_chat_action,
        }

    def media(self, call: Json, value: object, kind: str) -> tuple[StoredFile, int]:
        """Return the file that a call sends, and how many bytes came with it."""
        if isinstance(value, str) and value.startswith("attach://"):
            value = call.get(value.removeprefix("attach://"))
            refuse(value is None, "can't parse InputMedia: the attached file is missing")
        if isinstance(value, UploadedFile):
            content = value.content
            if kind == "photo":
                check_photo(content)
            refuse(not content, "file must be non-empty")
            if len(content) > limits.MAX_UPLOAD_BYTES:
                raise RefusalError("Request Entity Too Large", 413)
            file = StoredFile(kind, content, name=value.name, media_type=value.media_type)
            file.size = measured(content) or file.size
            if kind in {"animation", "video"}:
                file.more = {"duration": 1}
            if kind == "sticker":
                file.more = {"type": "regular", "is_animated": False, "is_video": False}
            return self._world.files.add(file), len(content)
        refuse(not value, f"there is no {kind} in the request")
        refuse(str(value).startswith("http"), "failed to get HTTP URL content")
        file = self._world.files.find(str(value))
        wrong = f"can't use file of type {file.kind.capitalize()} as {kind.capitalize()}"
        refuse(file.kind != kind, wrong)
        return file, 0

    async def _send_message(self, call: Json) -> Json:
        text, entities = formatted(call)
        refuse(not text, "message text is empty")
        return self._put(call, "text", [Sent(0, text, entities=entities)])[0]

    async def _send_file(self, call: Json, kind: str) -> Json:
        return self._put(call, kind, [self._message(call, call, call.get(kind), kind)])[0]

    async def _send_media_group(self, call: Json) -> list[Json]:
        media: list[Json] = structure(call, "media", [])
        refuse(len(media) < limits.ALBUM[0], "there must be at least 2 messages in the album")
        refuse(len(media) > limits.ALBUM[-1], "too many messages to send as an album")
        refuse("reply_markup" in call, "an album takes no reply markup")
        kinds = {item["type"] for item in media}
        refuse(not kinds <= {"photo", "video", "document"}, f"no albums of {sorted(kinds)}")
        mixed = "document" in kinds and len(kinds) > 1
        refuse(mixed, "Document can't be mixed with other media types")
        sent = []
        for number, item in enumerate(media, 1):
            try:
                sent.append(self._message(call, item, item["media"], item["type"]))
            except RefusalError as refusal:
                # The server says which one; what is wrong with it stays in the words.
                words = refusal.description.removeprefix("Bad Request: ")
                said = f'failed to send message #{number} with the error message "{words}"'
                refusal.description = refusal.body["description"] = f"Bad Request: {said}"
                raise
        album = str(self._world.new_id())
        for one in sent:
            one.album = album
        return self._put(call, sent[0].kind, sent)

    async def _send_chat_action(self, call: Json) -> bool:
        chat = targets.entered(self._world, call)
        refuse(call.get("action") not in ACTIONS, "wrong parameter action in request")
        chat.action_threads.append(targets.thread_of(chat, call))
        chat.actions.append(call["action"])
        chat.bell.ring()
        return True

    def _message(self, call: Json, item: Json, value: object, kind: str) -> Sent:
        text, entities = formatted(item, "caption", limits.MAX_CAPTION)
        file, uploaded_bytes = self.media(call, value, kind)
        message = Sent(0, text, file, entities=entities)
        message.uploaded_bytes = uploaded_bytes
        return message

    def _put(self, call: Json, kind: str, messages: Sequence[Sent]) -> list[Json]:
        """Send what belongs together into the chat, all of it or nothing."""
        world = self._world
        chat = targets.writable(world, call, kind if kind != "video" else "document")
        thread = targets.thread_of(chat, call)
        quoted = targets.quoted_by(chat, call)
        shown = buttons(call)
        self.flood.count(chat, len(messages))
        asked = {name: value for name, value in call.items() if isinstance(value, str)}
        sender = {"from": world.bot}
        sender = {"sender_chat": chat.as_json()} if chat.kind == "channel" else sender
        for message in messages:
            message.is_from_bot, message.sender = True, sender
            message.author_id, message.asked = world.bot["id"], asked
            message.quoted_id = None if quoted is None else quoted.message_id
            message.thread_id = thread
            if thread is None and quoted is not None:
                message.thread_id = quoted.thread_id
            message.buttons, message.is_silent = shown, flag(call, "disable_notification")
            if message.file is not None:
                message.media = world.files.describe(message.file)
            chat.put(message)
        chat.last_bot = world.bot["username"]
        return [message.as_json() for message in messages]
