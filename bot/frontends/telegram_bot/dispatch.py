"""Updates, each handed once to whom it concerns."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from telegram import Bot, Update
from telegram.error import BadRequest, Forbidden, TelegramError
from telegram.ext import CallbackContext

from bot.core.errors import CoreError
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.telegram_bot.adding import Adding
from bot.frontends.telegram_bot.answers import Answers
from bot.frontends.telegram_bot.askers import Askers
from bot.frontends.telegram_bot.comings import Comings
from bot.frontends.telegram_bot.commands import Commands
from bot.frontends.telegram_bot.discretion import where
from bot.frontends.telegram_bot.forgetting import Forgetting
from bot.frontends.telegram_bot.gallery import Gallery
from bot.frontends.telegram_bot.inline import Inline
from bot.frontends.telegram_bot.menu import register
from bot.frontends.telegram_bot.notes import Notes
from bot.frontends.telegram_bot.pacing import Pace
from bot.frontends.telegram_bot.people import People
from bot.frontends.telegram_bot.photos import Photos
from bot.frontends.telegram_bot.places import Place
from bot.frontends.telegram_bot.presses import Presses
from bot.frontends.telegram_bot.settings import Settings
from bot.frontends.telegram_bot.talk import Talk

Context = CallbackContext[Any, Any, Any, Any]

WANTED = [
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CALLBACK_QUERY,
    Update.INLINE_QUERY,
    Update.MY_CHAT_MEMBER,
]

logger = logging.getLogger(__name__)


class Dispatch:
    """Hands updates out."""

    def __init__(
        self, bot: Bot, bot_id: int, conversation: ConversationPort, options: FrontendOptions
    ) -> None:
        self._bot = bot
        self._bot_id = bot_id
        notes = self._notes = Notes(conversation.notebook, bot_id)
        people = People(bot)
        self._comings = Comings(conversation, people)
        pace = self._pace = Pace(self._comings.moved, options.telegram_messages_a_second)
        askers = self._askers = Askers(people, notes, conversation)
        gallery = Gallery(bot, pace, Photos(conversation), notes)
        answers = self._answers = Answers(
            bot, conversation, gallery, pace, notes, options.page_size
        )
        adding = Adding(bot, conversation, answers, notes, options.max_upload_bytes)
        settings = Settings(conversation, answers, askers, notes)
        forgetting = Forgetting(conversation, answers, askers, notes)
        commands = Commands(bot, conversation, answers, adding, settings, forgetting, notes)
        self._talk = Talk(bot, askers, answers, adding, commands, notes)
        self._presses = Presses(askers, answers, settings, forgetting, notes)
        self._inline = Inline(bot, conversation, people, askers, notes)

    async def register_commands(self) -> None:
        """Tell Telegram which commands there are."""
        await register(self._bot, self._pace, self._notes)

    def is_taken(self, update: Update) -> bool:
        """Take in a further picture of an album that is being waited for."""
        message = update.message
        return message is not None and self._talk.albums.joins(message)

    async def on_update(self, update: Update, _context: Context) -> None:
        """Handle an update, unless it has been here before."""
        try:
            if await self._notes.is_new(update.update_id):
                await self._handle(update)
            else:
                logger.info("telegram_update_repeated")
        finally:
            if update.message is not None:
                self._talk.albums.drop(update.message)

    async def _handle(self, update: Update) -> None:
        if (query := update.inline_query) is not None:
            await self._inline.on_query(query)
        elif (press := update.callback_query) is not None:
            await self._presses.on_press(press)
        elif (change := update.my_chat_member) is not None:
            await self._comings.on_change(change)
        elif (message := update.message) is not None:
            if not await self._comings.on_message(message):
                await self._talk.on_message(message)
                await self._comings.present(message, self._bot_id)
        elif (edited := update.edited_message) is not None:
            await self._talk.on_edit(edited)

    async def on_error(self, update: object, context: Context) -> None:
        """Log what nobody foresaw, and apologise where that can help."""
        error = context.error
        if error is None:
            return
        incident = secrets.token_hex(4)
        details = {"incident": incident, "at": where(error)}
        if isinstance(error, TelegramError) and not isinstance(error, BadRequest):
            # Blocked, flooded or out of reach: another message would fare no better.
            if isinstance(error, Forbidden):
                await self._shut_out(update)
            else:
                logger.warning("telegram_not_sent", extra=details)
            return
        if isinstance(error, BadRequest) and _is_about_the_place(error):
            logger.info("telegram_may_not_send", extra={"error": type(error).__name__})
            return
        logger.error("telegram_update_failed", extra=details)
        if isinstance(update, Update) and update.effective_chat is not None:
            message = update.message
            place = Place.of(message) if message is not None else Place(update.effective_chat.id)
            texts = texts_for(await self._askers.language(update.effective_user, place))
            try:
                await self._answers.say(
                    place, texts.say(SENTENCES["unexpected"], incident=incident)
                )
            except TelegramError as failure:
                logger.warning("telegram_not_sent", extra={"at": where(failure)})

    async def _shut_out(self, update: object) -> None:
        """Note that the bot was blocked or thrown out, should it not have been told."""
        logger.info("telegram_may_not_send", extra={"error": "Forbidden"})
        chat = update.effective_chat if isinstance(update, Update) else None
        if chat is not None:
            try:
                await self._comings.left(chat.id)
            except CoreError as error:
                logger.warning("telegram_coming_not_noted", extra={"code": error.code})


def _is_about_the_place(error: BadRequest) -> bool:
    """Tell whether nothing at all can be sent there."""
    said = error.message.lower()
    return any(
        word in said
        for word in (
            "chat not found",
            "topic_closed",
            "topic_deleted",
            "thread not found",
            "not enough rights",
            "have no rights",
            "chat_write_forbidden",
            "chat_send_",
            "need administrator rights",
        )
    )
