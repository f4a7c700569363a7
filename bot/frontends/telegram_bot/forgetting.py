"""``/forgetme``: what is stored about a person is deleted, and at their wish their uploads."""

from __future__ import annotations

import re

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.core.errors import CoreError
from bot.frontends.base import ConversationPort
from bot.frontends.telegram_bot.adding import explained
from bot.frontends.telegram_bot.answers import Answers
from bot.frontends.telegram_bot.askers import Asker, Askers
from bot.frontends.telegram_bot.notes import Notes
from bot.frontends.telegram_bot.sentences import SENTENCES

PRESS = re.compile(r"f:([qan]):(\d{1,19})")


class Forgetting:
    """Deletes what is kept about people."""

    def __init__(
        self, conversation: ConversationPort, answers: Answers, askers: Askers, notes: Notes
    ) -> None:
        self._conversation = conversation
        self._answers = answers
        self._askers = askers
        self._notes = notes

    async def offer(self, asker: Asker) -> None:
        """Ask what is to be deleted; raises CoreErrors."""
        texts = asker.texts
        count = await self._conversation.communities.uploads_of(asker.person)
        lines = [texts.say(SENTENCES["forget"])]
        choices = {"q": "forget_questions"}
        if count:
            lines.append(
                texts.count(
                    "You have added {number} picture, here and elsewhere together.",
                    "You have added {number} pictures, here and elsewhere together.",
                    count,
                )
            )
            choices["a"] = "forget_all"
        choices["n"] = "forget_cancel"
        rows = [
            [
                InlineKeyboardButton(
                    texts.say(SENTENCES[name]), callback_data=f"f:{what}:{asker.user_id}"
                )
            ]
            for what, name in choices.items()
        ]
        await self._answers.say(asker.place, "\n".join(lines), InlineKeyboardMarkup(rows))

    async def press(self, asker: Asker, message_id: int, press: re.Match[str]) -> str:
        """Delete, or leave it; returns a word for the person alone, empty if all is said."""
        texts = asker.texts
        what, owner_id = press[1], int(press[2])
        if owner_id != asker.user_id:
            return texts.say(SENTENCES["not_yours"])
        said = "kept"
        if what != "n":
            try:
                await self._conversation.communities.forget(asker.person, with_uploads=what == "a")
            except CoreError as error:
                return explained(error, texts).text
            await self._notes.forget_person(asker.user_id, asker.username)
            self._askers.forget(asker.user_id)
            said = "forgotten"
        await self._answers.change(asker.place, message_id, texts.say(SENTENCES[said]))
        return ""
