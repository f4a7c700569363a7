"""Messages, from Telegram to the core and back."""

from __future__ import annotations

from datetime import UTC, datetime

from telegram import Bot, Message

from bot.core.errors import CoreError, PictureRefusedError
from bot.core.messages import Ask, FindSimilar, Refine, Reply
from bot.frontends.telegram_bot.adding import Adding, explained
from bot.frontends.telegram_bot.albums import Albums
from bot.frontends.telegram_bot.answers import Answers
from bot.frontends.telegram_bot.askers import Asker, Askers
from bot.frontends.telegram_bot.commands import Commands
from bot.frontends.telegram_bot.notes import Notes
from bot.frontends.telegram_bot.reading import (
    Addition,
    Command,
    Question,
    Similar,
    Wish,
    addition,
    read,
)
from bot.frontends.telegram_bot.sentences import SENTENCES

STALE_S = 600.0
"""Questions that have waited longer, because the bot was away, are not answered any more."""


class Talk:
    """Answers what people write."""

    def __init__(  # noqa: PLR0917 - each is another part
        self,
        bot: Bot,
        askers: Askers,
        answers: Answers,
        adding: Adding,
        commands: Commands,
        notes: Notes,
    ) -> None:
        self._bot = bot
        self._askers = askers
        self._answers = answers
        self._adding = adding
        self._commands = commands
        self._notes = notes
        self.albums = Albums()

    async def on_message(self, message: Message) -> None:
        """Answer a message, if it was meant for the bot."""
        pieces = [message]
        if (album := message.media_group_id) is not None:
            pieces = await self.albums.gather(message)
            if not await self._notes.is_new_album(album):
                return
        read_so = [(piece, read(piece, self._bot.bot)) for piece in pieces]
        # What stands below any of the pictures is said about the album.
        read_so.sort(key=lambda one: (one[1] is None, not isinstance(one[1], Addition)))
        message, wish = read_so[0]
        if wish is None:
            return
        asker = await self._askers.of_message(message)
        if asker is None:
            return
        if isinstance(wish, Similar) and await self._adding.is_expecting(asker):
            wish = addition(wish.file, message.caption or "")
        if isinstance(wish, Addition):
            # Also after an outage: they have given the pictures, and need not do so again.
            await self._add(asker, wish, pieces)
        elif is_stale(message):
            await self._say_late(asker)
        elif isinstance(wish, Command):
            await self._commands.run(asker, wish, message)
        else:
            reply = await self._reply(asker, wish)
            question_id = message.message_id if isinstance(wish, Question) else 0
            await self._answers.send(asker, reply, question_id=question_id)

    async def on_edit(self, message: Message) -> None:
        """Answer an edited question anew, in place of the answer it had."""
        wish = read(message, self._bot.bot)
        if not isinstance(wish, Question) or is_stale(message):
            return
        number = message.message_id
        before = await self._notes.answer(message.chat.id, number)
        if before is None or before.question_id != number:
            return
        asker = await self._askers.of_message(message)
        if asker is not None:
            reply = await self._reply(asker, wish)
            await self._answers.replace(asker, before, reply, number)

    async def _reply(self, asker: Asker, wish: Wish) -> Reply:
        try:
            match wish:
                case Question(text, answered_id):
                    await self._adding.turned_away(asker)
                    return await self._found(asker, text, answered_id)
                case Similar(file):
                    content = await self._adding.download(file)
                    return await self._answers.ask(asker, FindSimilar(content))
                case _:
                    raise PictureRefusedError("unsupported")
        except CoreError as error:
            return explained(error, asker.texts)

    async def _found(self, asker: Asker, text: str, answered_id: int | None) -> Reply:
        """Answer a question; said in reply to an answer, it makes that one more precise."""
        if answered_id is not None:
            earlier = await self._notes.answer(asker.place.chat_id, answered_id)
            if earlier is not None and earlier.token:
                return await self._answers.ask(asker, Refine(earlier.token, text))
        return await self._answers.ask(asker, Ask(text))

    async def _add(self, asker: Asker, wish: Addition, pieces: list[Message]) -> None:
        if wish.file is None and not wish.caption and not asker.place.is_group:
            await self._adding.expect(asker)
            return
        async with self._answers.typing(asker.place):
            reply = await self._adding.add(asker, wish, pieces)
        await self._answers.send(asker, reply)

    async def _say_late(self, asker: Asker) -> None:
        """Say once that the bot was away; in groups say nothing."""
        if not asker.place.is_group and await self._notes.may_say_late(asker.place.chat_id):
            await self._answers.say(asker.place, asker.texts.say(SENTENCES["late"]))


def is_stale(message: Message) -> bool:
    """Tell whether what was said has waited too long."""
    said_at = message.edit_date or message.date
    return (datetime.now(UTC) - said_at).total_seconds() > STALE_S
