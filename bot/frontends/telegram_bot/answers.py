"""Replies as Telegram messages: an album or a photo, then a text with buttons."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from cachetools import TTLCache
from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions, Message
from telegram.constants import ChatAction
from telegram.error import BadRequest, TelegramError

from bot.core.messages import Reply, Request, Tone
from bot.core.sentences import SENTENCES
from bot.frontends.base import ConversationPort
from bot.frontends.telegram_bot.askers import Asker
from bot.frontends.telegram_bot.buttons import keyboard
from bot.frontends.telegram_bot.gallery import Gallery, MayNotSendPhotosError, Shown
from bot.frontends.telegram_bot.limits import MAX_ALBUM, MAX_TEXT, shorten
from bot.frontends.telegram_bot.modes import LIKE
from bot.frontends.telegram_bot.notes import Answered, Notes
from bot.frontends.telegram_bot.pacing import Pace
from bot.frontends.telegram_bot.places import Place
from bot.frontends.telegram_bot.sentences import SENTENCES as ON_TELEGRAM

TYPING_AFTER_S = 0.7
TYPING_EVERY_S = 4.5
"""Telegram shows for five seconds that the bot is typing."""
_CHANGED_KEPT, _CHANGED_KEPT_S = 1000, 600
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

logger = logging.getLogger(__name__)


class Answers:
    """Asks the core, and sends what it replies."""

    def __init__(  # noqa: PLR0917 - each is another part
        self,
        bot: Bot,
        conversation: ConversationPort,
        gallery: Gallery,
        pace: Pace,
        notes: Notes,
        page_size: int,
    ) -> None:
        self._bot = bot
        self._conversation = conversation
        self._gallery = gallery
        self._pace = pace
        self._notes = notes
        self._page_size = min(page_size, MAX_ALBUM)
        self._buttons: TTLCache[tuple[int, int], InlineKeyboardMarkup | None] = TTLCache(
            _CHANGED_KEPT, _CHANGED_KEPT_S
        )
        """What was put below texts just now."""

    async def ask(self, asker: Asker, request: Request) -> Reply:
        """Return the reply that stays, and show meanwhile that work goes on."""
        last = Reply("")
        async with self.typing(asker.place):
            async for reply in self._conversation.handle(asker.asks(request, self._page_size)):
                last = reply
        return last

    @asynccontextmanager
    async def typing(self, place: Place) -> AsyncIterator[None]:
        """Show that work goes on, if it takes a while."""
        loop = asyncio.get_running_loop()
        showing: list[asyncio.Task[None]] = []
        # Most answers are quicker, and need no task.
        later = loop.call_later(
            TYPING_AFTER_S, lambda: showing.append(loop.create_task(self._type(place)))
        )
        try:
            yield
        finally:
            later.cancel()
            for task in showing:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _type(self, place: Place) -> None:
        while True:
            try:
                await self._bot.send_chat_action(
                    place.chat_id, ChatAction.TYPING, message_thread_id=place.thread_id
                )
            except TelegramError as error:
                logger.info("telegram_action_not_sent", extra={"error": type(error).__name__})
            await asyncio.sleep(TYPING_EVERY_S)

    async def send(
        self,
        asker: Asker,
        reply: Reply,
        *,
        question_id: int = 0,
        only_delete: bool = False,
        kind: str = LIKE.kind,
    ) -> None:
        """Send a reply, with its numbers in a mode of this kind; raises TelegramError."""
        shown: list[Shown] = []
        try:
            if reply.hits:
                shown = await self._gallery.show(asker.place, reply.hits)
        except MayNotSendPhotosError:
            reply = Reply(asker.texts.say(ON_TELEGRAM["no_photos"]), Tone.ERROR)
        if reply.hits and not shown:
            reply = Reply(asker.texts.say(SENTENCES["unavailable"]), Tone.ERROR)
        hits = [one.hit for one in shown]
        buttons = keyboard(hits, reply, only_delete=only_delete, kind=kind)
        # The phone has rung for the pictures already.
        text_id = await self.say(asker.place, reply.text, buttons, is_silent=bool(shown))
        await self._keep(asker, text_id, shown, reply, question_id)

    async def replace(
        self,
        asker: Asker,
        before: Answered,
        reply: Reply,
        question_id: int,
        *,
        kind: str = LIKE.kind,
    ) -> None:
        """Answer anew in place of an answer; raises TelegramError."""
        place = asker.place
        shown: list[Shown] | None = []
        if reply.hits or before.photo_ids:
            shown = await self._gallery.change(place, before, reply.hits)
        if shown is not None:
            buttons = keyboard([one.hit for one in shown], reply, kind=kind)
            if await self.change(place, before.text_id, reply.text, buttons):
                await self._keep(asker, before.text_id, shown, reply, question_id)
                return
        await self._gallery.take_away(place.chat_id, before.message_ids)
        await self._notes.forget_answer(place.chat_id, before)
        await self.send(asker, reply, question_id=question_id, kind=kind)

    async def say(
        self,
        place: Place,
        text: str,
        buttons: InlineKeyboardMarkup | None = None,
        *,
        is_silent: bool = False,
    ) -> int:
        """Send a text and return the message's id; raises TelegramError."""
        target = place.target()
        message = await self._pace.send(
            place.chat_id,
            lambda chat: self._bot.send_message(
                chat,
                shorten(text, MAX_TEXT),
                reply_markup=buttons,
                link_preview_options=_NO_PREVIEW,
                disable_notification=is_silent or None,
                **target,
            ),
        )
        return message.message_id

    async def change(
        self,
        place: Place,
        message_id: int,
        text: str,
        buttons: InlineKeyboardMarkup | None = None,
    ) -> bool:
        """Write a text anew; False if Telegram does not let the bot."""
        try:
            await self._pace.send(
                place.chat_id,
                lambda chat: self._bot.edit_message_text(
                    shorten(text, MAX_TEXT),
                    chat_id=chat,
                    message_id=message_id,
                    reply_markup=buttons,
                    link_preview_options=_NO_PREVIEW,
                ),
            )
        except BadRequest as error:
            return "not modified" in error.message
        self._buttons[place.chat_id, message_id] = buttons
        return True

    def buttons(self, message: Message) -> InlineKeyboardMarkup | None:
        """Return the buttons below a text; a press tells only which there were when it was made."""
        return self._buttons.get((message.chat.id, message.message_id), message.reply_markup)

    async def change_buttons(self, message: Message, buttons: InlineKeyboardMarkup | None) -> None:
        """Put other buttons below a text, if Telegram lets the bot."""
        try:
            await self._pace.send(
                message.chat.id,
                lambda chat: self._bot.edit_message_reply_markup(
                    chat, message.message_id, reply_markup=buttons
                ),
            )
        except TelegramError as error:
            logger.info("telegram_buttons_not_changed", extra={"error": type(error).__name__})
        else:
            self._buttons[message.chat.id, message.message_id] = buttons

    async def take_away(self, chat_id: int, message_ids: Sequence[int]) -> None:
        """Delete messages of the bot, as far as Telegram lets it."""
        await self._gallery.take_away(chat_id, message_ids)

    async def _keep(
        self, asker: Asker, text_id: int, shown: Sequence[Shown], reply: Reply, question_id: int
    ) -> None:
        if not shown and not question_id:
            return
        answered = Answered(
            text_id,
            tuple(one.message_id for one in shown),
            tuple(one.hit.image_id for one in shown),
            reply.span.token if reply.span is not None else "",
            question_id,
            asker.user_id,
        )
        await self._notes.keep_answer(asker.place.chat_id, answered)
