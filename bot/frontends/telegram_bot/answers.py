"""Replies as Telegram messages: an album or a photo, then a text with buttons."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict, TypeVar

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.constants import ChatAction, ChatType
from telegram.error import RetryAfter, TelegramError

from bot.core import commands
from bot.core.messages import Choice, Delete, Hit, More, MoreLikeThis, PictureKind, Reply
from bot.core.sentences import SENTENCES
from bot.core.texts import Texts
from bot.frontends.base import ConversationPort
from bot.frontends.telegram_bot.limits import MAX_CAPTION, MAX_TEXT, shorten
from bot.frontends.telegram_bot.photos import as_photo

BUTTONS_A_ROW = 5
_ATTEMPTS = 3
_LONGEST_PAUSE = timedelta(seconds=40)
"""Telegram's limit for groups is counted by the minute; later nobody waits for the answer."""

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Target(TypedDict):
    """Where a message goes."""

    chat_id: int
    message_thread_id: int | None
    reply_parameters: ReplyParameters | None


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, or a topic of one, and the message that is answered there."""

    chat_id: int
    thread_id: int | None = None
    answered_id: int | None = None

    @classmethod
    def of(cls, message: Message) -> Place:
        """Return the place of a message; in groups the answer quotes it."""
        thread_id = message.message_thread_id if message.is_topic_message else None
        is_private = message.chat.type == ChatType.PRIVATE
        return cls(message.chat.id, thread_id, None if is_private else message.message_id)

    @property
    def collection(self) -> str:
        """Key of the chat's own collection."""
        return f"telegram:chat:{self.chat_id}"

    def target(self) -> Target:
        """Return the parameters that send a message there."""
        quoted = None
        if self.answered_id is not None:
            quoted = ReplyParameters(self.answered_id, allow_sending_without_reply=True)
        return Target(
            chat_id=self.chat_id, message_thread_id=self.thread_id, reply_parameters=quoted
        )


class Answers:
    """Sends replies."""

    def __init__(self, bot: Bot, conversation: ConversationPort) -> None:
        self._bot = bot
        self._conversation = conversation

    async def typing(self, place: Place) -> None:
        """Show for some seconds that work goes on."""
        try:
            await self._bot.send_chat_action(
                place.chat_id, ChatAction.TYPING, message_thread_id=place.thread_id
            )
        except TelegramError as error:
            logger.info("telegram_action_not_sent", extra={"error": type(error).__name__})

    async def send(self, place: Place, reply: Reply, texts: Texts) -> None:
        """Send a reply; raises TelegramError."""
        shown = await self._show(place, reply.hits) if reply.hits else []
        if reply.hits and not shown:
            await self.say(place, texts.say(SENTENCES["unavailable"]))
            return
        await self.say(place, reply.text, keyboard(shown, reply.choices))

    async def say(
        self, place: Place, text: str, buttons: InlineKeyboardMarkup | None = None
    ) -> None:
        """Send a text; raises TelegramError."""
        await _patiently(
            lambda: self._bot.send_message(
                text=shorten(text, MAX_TEXT),
                reply_markup=buttons,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                **place.target(),
            )
        )

    async def _show(self, place: Place, hits: Sequence[Hit]) -> list[Hit]:
        """Send the pictures of an answer; returns the hits that could be shown."""
        photos = await asyncio.gather(*(self._photo(place, hit) for hit in hits))
        shown = [(hit, photo) for hit, photo in zip(hits, photos, strict=True) if photo]
        if len(shown) == 1:
            ((hit, photo),) = shown
            await _patiently(
                lambda: self._bot.send_photo(photo=photo, caption=_caption(hit), **place.target())
            )
        elif shown:
            album = [InputMediaPhoto(photo, caption=_caption(hit)) for hit, photo in shown]
            await _patiently(lambda: self._bot.send_media_group(media=album, **place.target()))
        return [hit for hit, _photo in shown]

    async def _photo(self, place: Place, hit: Hit) -> bytes | None:
        picture = await self._conversation.picture(
            place.collection, hit.image_id, PictureKind.RENDITION
        )
        if picture is None:
            return None
        try:
            return await asyncio.to_thread(as_photo, picture.content)
        except OSError as error:
            logger.warning(
                "telegram_photo_not_made",
                extra={"image_id": hit.image_id, "error": type(error).__name__},
            )
            return None


def keyboard(hits: Sequence[Hit], choices: Sequence[Choice]) -> InlineKeyboardMarkup | None:
    """Return the buttons under an answer; the signs need no translation."""
    similar = [_button(f"🔎 {hit.rank}", MoreLikeThis(hit.image_id)) for hit in hits]
    delete = [_button(f"🗑 {hit.rank}", Delete(hit.image_id)) for hit in hits if hit.can_delete]
    further = [_button(choice.label, choice.request) for choice in choices]
    rows = [*_rows(similar), *_rows(delete), *_rows(further)]
    return InlineKeyboardMarkup(rows) if rows else None


def without(markup: InlineKeyboardMarkup, image_id: int) -> InlineKeyboardMarkup | None:
    """Return the buttons without those of a picture that is gone."""
    gone = {commands.encode(MoreLikeThis(image_id)), commands.encode(Delete(image_id))}
    rows = [[one for one in row if one.callback_data not in gone] for row in markup.inline_keyboard]
    rows = [row for row in rows if row]
    return InlineKeyboardMarkup(rows) if rows else None


def _button(label: str, request: More | MoreLikeThis | Delete) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=commands.encode(request))


def _rows(buttons: Sequence[InlineKeyboardButton]) -> list[Sequence[InlineKeyboardButton]]:
    return [
        buttons[start : start + BUTTONS_A_ROW] for start in range(0, len(buttons), BUTTONS_A_ROW)
    ]


def _caption(hit: Hit) -> str:
    return shorten(f"{hit.rank} · {hit.caption}" if hit.caption else f"{hit.rank}", MAX_CAPTION)


async def _patiently(send: Callable[[], Awaitable[T]]) -> T:
    """Send, waiting as long as Telegram asks for; what was refused has not arrived."""
    for _attempt in range(_ATTEMPTS - 1):
        try:
            return await send()
        except RetryAfter as error:
            pause = error.retry_after
            pause = pause if isinstance(pause, timedelta) else timedelta(seconds=pause)
            logger.info("telegram_flood", extra={"pause_s": pause.total_seconds()})
            if pause > _LONGEST_PAUSE:
                raise
            await asyncio.sleep(pause.total_seconds())
    return await send()
