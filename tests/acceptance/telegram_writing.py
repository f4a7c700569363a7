"""People on the fake Telegram who write, edit and delete messages, and wait for answers."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.acceptance import telegram_limits as limits
from tests.acceptance.telegram_account import ANONYMOUS_ADMIN, CHANNEL_BOT, Account, Person
from tests.acceptance.telegram_bell import WAIT_S
from tests.acceptance.telegram_entities import detected
from tests.acceptance.telegram_files import StoredFile
from tests.acceptance.telegram_limits import Json, length
from tests.acceptance.telegram_messages import NotShownError, Sent
from tests.acceptance.telegram_places import Chat

_STICKER = {"type": "regular", "is_animated": False, "is_video": False, "emoji": "🐈"}
_VIDEO = {"duration": 2}


class Writing(Account):
    """Writes messages: into the chat with the bot unless another one is named."""

    async def send(
        self,
        text: str = "",
        *,
        photo: bytes | None = None,
        sticker: bytes | None = None,
        animation: bytes | None = None,
        video_note: bytes | None = None,
        video: bytes | None = None,
        document: bytes | None = None,
        file: StoredFile | None = None,
        caption: str = "",
        name: str | None = None,
        media_type: str | None = None,
        size: int | None = None,
        thumbnail: bytes | None = None,
        album: Sequence[bytes | StoredFile] = (),
        chat: Chat | None = None,
        reply_to: Sent | None = None,
        thread: int | None = None,
        forward_from: Person | Chat | str | Sent | None = None,
        anonymous: bool = False,
        as_channel: Chat | None = None,
        ago_s: float = 0.0,
        more: Json | None = None,
    ) -> Sent:
        """Write a message; of an album, the first is returned and has the caption.

        ``size`` is told instead of the true one. ``file`` is any other kind of file, such as a
        voice message, and ``more`` are fields that the bot is told besides.
        """
        chat = self.private if chat is None else chat
        thread = reply_to.thread_id if thread is None and reply_to is not None else thread
        self.check_may_write(chat, thread)
        if reply_to is not None and (reply_to.chat is not chat or reply_to.is_deleted):
            raise NotShownError("the message is elsewhere")
        given = {"photo": photo, "sticker": sticker, "animation": animation}
        given |= {"video_note": video_note, "video": video, "document": document}
        files = [one if isinstance(one, StoredFile) else StoredFile("photo", one) for one in album]
        for kind, content in given.items():
            if content is not None:
                one = _file(kind, content, name, media_type)
                one.claimed_bytes = size
                one.thumbnail = None if thumbnail is None else StoredFile("photo", thumbnail)
                files.append(one)
        if file is not None:
            files.append(file)
        if len(files) > 1 and len(files) not in limits.ALBUM:
            raise NotShownError("an album has 2 to 10 items")
        if length(caption) > limits.MAX_CAPTION or length(text) > limits.MAX_TEXT:
            raise NotShownError("the app takes no such long text")
        fields = dict(more or {}) | self._forward(forward_from)
        sender = self._sender(chat, anonymous, as_channel)
        group = str(self.world.new_id()) if len(files) > 1 else ""
        if not files and not text and not fields:
            raise NotShownError("the app sends no empty messages")
        sent = []
        for number in range(len(files) or 1):
            carried = files[number] if files else None
            words = text if carried is None else caption * (number == 0)
            message = Sent(0, words, carried, group, entities=detected(words), sender=sender)
            if carried is not None:
                if not carried.number:
                    self.world.files.add(carried)
                message.media = self.world.files.describe(carried)
            message.quoted_id = None if reply_to is None else reply_to.message_id
            message.thread_id, message.author_id = thread, self.id
            message.date, message.more = int(time.time() - ago_s), fields
            sent.append(self.world.put(chat, message))
        return sent[0]

    async def start(self, parameter: str = "") -> Sent:
        """Press "Start" in the chat with the bot, maybe after a link with a parameter."""
        await self.unblock()
        return await self.send(f"/start {parameter}".strip())

    async def edit(self, message: Sent, text: str) -> Sent:
        """Change the text or the caption of a message of one's own."""
        self.check_is_own(message)
        message.change(text=text, entities=detected(text))
        self.world.tell(message, "edited_message")
        return message

    async def delete(self, message: Sent) -> None:
        """Delete a message, of which bots are not told."""
        if not message.chat.is_private and message.author_id != self.id:
            self.check_is_admin(message.chat)
        message.is_deleted = True
        message.chat.bell.ring()

    async def block(self) -> None:
        """Block the bot."""
        self._set_blocked(is_blocked=True)

    async def unblock(self) -> None:
        """Take the bot back."""
        self._set_blocked(is_blocked=False)

    async def wait_for_answer(self, to: Sent, timeout_s: float = WAIT_S) -> Sent:
        """Wait for the bot's first message that answers a message."""
        return (await self.wait_for_answers(to, 1, timeout_s))[0]

    async def wait_for_answers(
        self, to: Sent, number: int, timeout_s: float = WAIT_S
    ) -> list[Sent]:
        """Wait for so many messages of the bot that answer a message, as a reply or below it."""

        def answers() -> list[Sent]:
            return [
                one
                for one in to.chat.sent
                if one.message_id > to.message_id
                and one.thread_id == to.thread_id
                and one.quoted_id in {None, to.message_id}
                and not one.is_deleted
            ]

        await to.chat.wait_for(lambda: len(answers()) >= number, timeout_s)
        return answers()[:number]

    def _set_blocked(self, *, is_blocked: bool) -> None:
        chat = self.private
        if chat.has_blocked == is_blocked:
            return
        before, after = ("kicked", "member") if chat.has_blocked else ("member", "kicked")
        chat.has_blocked = is_blocked
        self.world.tell_status(chat, self.as_json(), before, after)

    def _sender(self, chat: Chat, anonymous: bool, as_channel: Chat | None) -> Json:
        if chat.kind == "channel":
            return {"sender_chat": chat.as_json()}
        if anonymous:
            self.check_is_admin(chat)
            return {"from": ANONYMOUS_ADMIN, "sender_chat": chat.as_json()}
        if as_channel is not None:
            return {"from": CHANNEL_BOT, "sender_chat": as_channel.as_json()}
        return {"from": self.as_json()}

    def _forward(self, source: Person | Chat | str | Sent | None) -> Json:
        if source is None:
            return {}
        origin: Json = {"date": int(time.time()) - 60}
        if isinstance(source, Person):
            origin |= {"type": "user", "sender_user": source.as_json()}
        elif isinstance(source, str):
            origin |= {"type": "hidden_user", "sender_user_name": source}
        elif isinstance(source, Sent):
            if source.chat.kind == "channel":
                post = {"chat": source.chat.as_json(), "message_id": source.message_id}
                origin |= {"type": "channel", **post}
            else:
                origin |= {"type": "user", "sender_user": source.sender["from"]}
        elif source.kind == "channel":
            origin |= {"type": "channel", "chat": source.as_json(), "message_id": 1}
        else:
            origin |= {"type": "chat", "sender_chat": source.as_json()}
        return {"forward_origin": origin}


def _file(kind: str, content: bytes, name: str | None, media_type: str | None) -> StoredFile:
    more: Json = {}
    shape = (640, 480)
    if kind == "sticker":
        # Of a moving one, the media type tells: application/x-tgsticker or video/webm.
        more = {**_STICKER, "is_animated": media_type == "application/x-tgsticker"}
        more["is_video"] = media_type == "video/webm"
        media_type, shape = media_type or "image/webp", (512, 512)
    elif kind in {"animation", "video", "video_note"}:
        # Of a GIF the apps make a film without sound.
        more, media_type = dict(_VIDEO), media_type or "video/mp4"
        name = "animation.gif.mp4" if kind == "animation" and name is None else name
        shape = (384, 384) if kind == "video_note" else shape
    elif kind == "document":
        name, media_type = name or "file.bin", media_type or "application/octet-stream"
    return StoredFile(kind, content, name=name, media_type=media_type, size=shape, more=more)
