"""Messages and pressed buttons, from Telegram to the core and back."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from telegram import Bot, CallbackQuery, Document, Message, Update
from telegram.error import BadRequest, TelegramError
from telegram.ext import CallbackContext

from bot.core import commands
from bot.core.errors import PageExpiredError, PictureRefusedError, UnavailableError
from bot.core.messages import (
    Add,
    Ask,
    Delete,
    FindSimilar,
    Incoming,
    Person,
    Reply,
    Request,
    Tone,
    Upload,
)
from bot.core.replies import explain
from bot.core.sentences import SENTENCES
from bot.core.texts import Texts, texts_for
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.telegram_bot.answers import Answers, Place, without
from bot.frontends.telegram_bot.discretion import where
from bot.frontends.telegram_bot.limits import MAX_ALBUM, MAX_TOAST, shorten
from bot.frontends.telegram_bot.people import People
from bot.frontends.telegram_bot.photos import download
from bot.frontends.telegram_bot.reading import (
    Addition,
    Albums,
    File,
    Greeting,
    Question,
    Similar,
    Wish,
)

Context = CallbackContext[Any, Any, Any, Any]

logger = logging.getLogger(__name__)


class Talk:
    """Answers what people write and press."""

    def __init__(self, bot: Bot, conversation: ConversationPort, options: FrontendOptions) -> None:
        self._bot = bot
        self._conversation = conversation
        self._options = options
        self._people = People(bot)
        self._albums = Albums()
        self._answers = Answers(bot, conversation)

    async def on_message(self, update: Update, _context: Context) -> None:
        """Answer a message, if it was meant for the bot."""
        message = update.message
        if message is None:
            return
        wish = self._albums.read(message, self._bot.bot)
        if wish is None:
            return
        person = await self._people.sender(message)
        if person is None:
            return
        place = Place.of(message)
        texts = texts_for(_language(update))
        if isinstance(wish, Greeting):
            await self._answers.say(place, texts.say(SENTENCES["question_empty"]))
            return
        try:
            request = await self._request(wish, message)
        except (PictureRefusedError, UnavailableError) as error:
            reply = explain(error, texts)
        else:
            reply = await self._ask(place, person, texts, request)
        await self._answers.send(place, reply, texts)

    async def on_press(self, update: Update, _context: Context) -> None:
        """Do what a button says."""
        query = update.callback_query
        if query is None:
            return
        texts = texts_for(_language(update))
        request = commands.decode(query.data or "")
        if request is None or query.message is None:
            await _acknowledge(query, explain(PageExpiredError(), texts))
            return
        message = query.message
        person = await self._people.member(query.from_user, message.chat)
        thread_id = None
        if isinstance(message, Message) and message.is_topic_message:
            thread_id = message.message_thread_id
        place = Place(message.chat.id, thread_id)
        reply = await self._ask(place, person, texts, request)
        await _acknowledge(query, reply)
        if isinstance(request, Delete) and (reply.tone is Tone.DONE or reply.code == "image_gone"):
            await _take_away(query, request)
        if reply.tone is Tone.ANSWER:
            await self._answers.send(place, reply, texts)

    async def on_error(self, update: object, context: Context) -> None:
        """Log what nobody foresaw, and apologise where that can help."""
        error = context.error
        if error is None:
            return
        incident = secrets.token_hex(4)
        details = {"incident": incident, "at": where(error)}
        if isinstance(error, TelegramError) and not isinstance(error, BadRequest):
            # Blocked, flooded or out of reach: another message would fare no better.
            logger.warning("telegram_not_sent", extra=details)
            return
        logger.error("telegram_update_failed", extra=details)
        if isinstance(update, Update) and update.effective_chat is not None:
            message = update.message
            place = Place.of(message) if message is not None else Place(update.effective_chat.id)
            texts = texts_for(_language(update))
            try:
                await self._answers.say(
                    place, texts.say(SENTENCES["unexpected"], incident=incident)
                )
            except TelegramError as failure:
                logger.warning("telegram_not_sent", extra={"at": where(failure)})

    async def _request(self, wish: Wish, message: Message) -> Request:
        """Return the core's request; raises PictureRefusedError, UnavailableError."""
        match wish:
            case Question(text):
                return Ask(text)
            case Similar(file):
                return FindSimilar(await self._download(file))
            case Addition(file, caption):
                if file is None:
                    return Add(())
                upload = Upload(
                    await self._download(file),
                    filename=(file.file_name or "") if isinstance(file, Document) else "",
                    caption=caption,
                    source_channel=str(message.chat.id),
                    source_message=str(message.message_id),
                )
                return Add((upload,))
            case _:  # Unreadable; greetings never come here
                raise PictureRefusedError("unsupported")

    async def _download(self, file: File) -> bytes:
        try:
            return await download(self._bot, file, self._options.max_upload_bytes)
        except TelegramError as error:
            raise UnavailableError(part="telegram_file") from error

    async def _ask(self, place: Place, person: Person, texts: Texts, request: Request) -> Reply:
        """Return the reply that stays, and show meanwhile that work goes on."""
        page_size = min(self._options.page_size, MAX_ALBUM)
        incoming = Incoming(place.collection, person, texts.language, request, page_size)
        last = Reply("")
        async for reply in self._conversation.handle(incoming):
            if reply.tone is Tone.PROGRESS:
                await self._answers.typing(place)
            last = reply
        return last


def _language(update: Update) -> str:
    user = update.effective_user
    return (user.language_code if user is not None else None) or "en"


async def _acknowledge(query: CallbackQuery, reply: Reply) -> None:
    """End the button's waiting; what is no answer is shown at once, to this person only."""
    try:
        if reply.tone is Tone.ANSWER:
            await query.answer()
        else:
            is_error = reply.tone is Tone.ERROR
            await query.answer(shorten(reply.text, MAX_TOAST), show_alert=is_error)
    except TelegramError as error:
        logger.info("telegram_press_not_answered", extra={"error": type(error).__name__})


async def _take_away(query: CallbackQuery, request: Delete) -> None:
    """Take the buttons of a deleted picture away."""
    message = query.message
    if not isinstance(message, Message) or message.reply_markup is None:
        return
    try:
        await query.edit_message_reply_markup(without(message.reply_markup, request.image_id))
    except TelegramError as error:
        logger.info("telegram_buttons_not_changed", extra={"error": type(error).__name__})
