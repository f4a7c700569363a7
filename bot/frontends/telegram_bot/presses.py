"""Pressed buttons."""

from __future__ import annotations

import logging
from dataclasses import replace

from telegram import CallbackQuery, Message
from telegram.error import TelegramError

from bot.core import commands
from bot.core.errors import PageExpiredError
from bot.core.messages import Delete, NotThis, Reply, Request, Tone
from bot.core.replies import explain
from bot.core.texts import texts_for
from bot.frontends.telegram_bot import forgetting, languages, modes, settings
from bot.frontends.telegram_bot.answers import Answers
from bot.frontends.telegram_bot.askers import Asker, Askers
from bot.frontends.telegram_bot.buttons import only_deletes, switched, without
from bot.frontends.telegram_bot.limits import MAX_TOAST, shorten
from bot.frontends.telegram_bot.notes import Answered, Notes

logger = logging.getLogger(__name__)


class Presses:
    """Does what buttons say."""

    def __init__(
        self,
        askers: Askers,
        answers: Answers,
        panel: settings.Settings,
        forgets: forgetting.Forgetting,
        notes: Notes,
    ) -> None:
        self._askers = askers
        self._answers = answers
        self._settings = panel
        self._forgetting = forgets
        self._notes = notes

    async def on_press(self, query: CallbackQuery) -> None:
        """Do what a button says; with the rights of the person who presses it."""
        message, data = query.message, query.data or ""
        if message is None:
            # It stands in a message that was sent in inline mode: there are none of ours.
            await _acknowledge(query, "")
            return
        if not isinstance(message, Message):
            # Too old for Telegram to tell anything but where it is.
            language = await self._askers.language(query.from_user)
            await _acknowledge(query, _expired(language).text, is_error=True)
            return
        asker = await self._askers.of_press(query, message)
        number = message.message_id
        if press := forgetting.PRESS.fullmatch(data):
            await _acknowledge(query, await self._forgetting.press(asker, number, press))
        elif press := settings.PRESS.fullmatch(data):
            await _acknowledge(query, await self._settings.press(asker, number, press))
        elif press := languages.PRESS.fullmatch(data):
            said = await self._settings.choose_language(asker, query.from_user, number, press)
            await _acknowledge(query, said)
        elif (mode := modes.pressed(data)) is not None:
            await _acknowledge(query, "")
            await self._switch(message, mode)
        elif (request := commands.decode(data)) is not None:
            await self._request(asker, request, query, message)
        else:
            await _acknowledge(query, _expired(asker.language).text, is_error=True)

    async def _request(
        self, asker: Asker, request: Request, query: CallbackQuery, message: Message
    ) -> None:
        reply = await self._answers.ask(asker, request)
        if reply.tone is not Tone.ANSWER or not reply.hits:
            # What is no answer is shown at once, to this person only.
            await _acknowledge(query, reply.text, is_error=reply.tone is Tone.ERROR)
        else:
            await _acknowledge(query, "")
        if isinstance(request, Delete):
            if reply.tone is Tone.DONE or reply.code == "image_gone":
                await self._take_away(message, request)
        elif isinstance(request, NotThis) and reply.tone is Tone.ANSWER:
            await self._answer_anew(asker, message, reply)
        elif reply.hits:
            is_removal = only_deletes(self._answers.buttons(message))
            await self._answers.send(asker, reply, only_delete=is_removal)

    async def _switch(self, message: Message, mode: modes.Mode) -> None:
        """Let the numbers below an answer act in another mode; whoever presses."""
        shown = self._answers.buttons(message)
        changed = None if shown is None else switched(shown, mode)
        if changed is not None:
            await self._answers.change_buttons(message, changed)

    async def _answer_anew(self, asker: Asker, message: Message, reply: Reply) -> None:
        """Put an answer in place of the one that the button belongs to."""
        before = await self._notes.answer(asker.place.chat_id, message.message_id)
        if before is None:
            # It is not known any more which photos belong to it: they stay, without buttons.
            before = Answered(message.message_id, owner_id=asker.user_id)
        if before.owner_id != asker.user_id:
            # Somebody else's answer stays as it is.
            await self._answers.send(asker, reply)
            return
        if asker.place.is_group and before.question_id:
            place = replace(asker.place, answered_id=before.question_id)
            asker = replace(asker, place=place)
        # Whoever leaves out one picture may want to leave out another.
        await self._answers.replace(asker, before, reply, before.question_id, kind="n")

    async def _take_away(self, message: Message, request: Delete) -> None:
        """Take a deleted picture out of the answer, and its buttons away."""
        chat_id, image_id = message.chat.id, request.image_id
        answered = await self._notes.answer(chat_id, message.message_id)
        if answered is not None and image_id in answered.image_ids:
            photo_id = answered.photo_ids[answered.image_ids.index(image_id)]
            await self._answers.take_away(chat_id, [photo_id])
            await self._notes.forget_photo(chat_id, answered, photo_id)
        shown = self._answers.buttons(message)
        left = None if shown is None else without(shown, image_id)
        if left != shown:
            await self._answers.change_buttons(message, left)


def _expired(language: str) -> Reply:
    return explain(PageExpiredError(), texts_for(language))


async def _acknowledge(query: CallbackQuery, text: str, *, is_error: bool = False) -> None:
    """End the button's waiting; the text is shown to this person only."""
    try:
        await query.answer(shorten(text, MAX_TOAST) or None, show_alert=is_error or None)
    except TelegramError as error:
        logger.info("telegram_press_not_answered", extra={"error": type(error).__name__})
