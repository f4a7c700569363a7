"""The commands besides ``/search`` and ``/add``."""

from __future__ import annotations

from dataclasses import replace

from telegram import Bot, Message

from bot.core.errors import CoreError
from bot.core.messages import Ask, Browse, Delete, Reply, Tone
from bot.frontends.base import ConversationPort
from bot.frontends.telegram_bot import statistics
from bot.frontends.telegram_bot.adding import Adding, explained
from bot.frontends.telegram_bot.answers import Answers
from bot.frontends.telegram_bot.askers import Asker
from bot.frontends.telegram_bot.forgetting import Forgetting
from bot.frontends.telegram_bot.notes import Notes
from bot.frontends.telegram_bot.reading import Command
from bot.frontends.telegram_bot.sentences import SENTENCES
from bot.frontends.telegram_bot.settings import Settings

START_ADD, START_ASK = "add", "ask"
"""What the button above inline results opens the bot with: to add pictures, to ask here too."""


class Commands:
    """Runs commands."""

    def __init__(  # noqa: PLR0917 - each is another part
        self,
        bot: Bot,
        conversation: ConversationPort,
        answers: Answers,
        adding: Adding,
        settings: Settings,
        forgetting: Forgetting,
        notes: Notes,
    ) -> None:
        self._bot = bot
        self._conversation = conversation
        self._answers = answers
        self._adding = adding
        self._settings = settings
        self._forgetting = forgetting
        self._notes = notes

    async def run(self, asker: Asker, command: Command, message: Message) -> None:
        """Do what a command says; what goes wrong is put into words."""
        try:
            await self._run(asker, command, message)
        except CoreError as error:
            await self._answers.send(asker, explained(error, asker.texts))

    async def _run(self, asker: Asker, command: Command, message: Message) -> None:
        match command.name:
            case "start":
                await self._start(asker, command.argument)
            case "remove":
                await self._remove(asker, command)
            case "stats":
                await self._stats(asker)
            case "settings":
                await self._settings.show(asker, command.argument, message)
            case "language":
                await self._settings.show_languages(asker)
            case "forgetme":
                await self._forgetting.offer(asker)
            case _:
                name = f"@{self._bot.username}"
                await self._answers.say(asker.place, asker.texts.say(SENTENCES["help"], name=name))

    async def _start(self, asker: Asker, argument: str) -> None:
        """Greet with an answer: what there is, or how to begin."""
        texts = asker.texts
        if argument == START_ADD and not asker.place.is_group:
            await self._adding.expect(asker)
            return
        if argument == START_ASK and (question := await self._notes.question(asker.user_id)):
            reply = await self._answers.ask(asker, Ask(question))
            await self._answers.send(asker, reply)
            return
        newest = await self._answers.ask(asker, Browse())
        hello = texts.say(SENTENCES["start"])
        if newest.hits:
            await self._answers.send(asker, replace(newest, text=f"{hello}\n\n{newest.text}"))
        elif newest.tone is Tone.ERROR or asker.place.is_group:
            await self._answers.say(asker.place, f"{hello}\n\n{newest.text}")
        else:
            begin = texts.say(SENTENCES["start_empty"])
            await self._answers.say(asker.place, f"{hello}\n\n{begin}")

    async def _remove(self, asker: Asker, command: Command) -> None:
        """Delete the picture they reply to, or show what can be deleted."""
        texts = asker.texts
        if command.answers is not None and not command.argument:
            image_id = await self._shown_at(asker.place.chat_id, command.answers)
            if image_id:
                reply = await self._answers.ask(asker, Delete(image_id))
                await self._answers.send(asker, reply)
                return
        wanted = Ask(command.argument) if command.argument else Browse()
        reply = await self._answers.ask(asker, wanted)
        if reply.hits and not any(hit.can_delete for hit in reply.hits):
            reply = Reply(texts.say(SENTENCES["remove_nothing"]), Tone.ERROR)
        await self._answers.send(asker, reply, only_delete=True)

    async def _shown_at(self, chat_id: int, message_id: int) -> int:
        """Return the picture that one of the bot's photos shows; 0 if it shows none."""
        answered = await self._notes.answer(chat_id, message_id)
        if answered is None or message_id not in answered.photo_ids:
            return 0
        return answered.image_ids[answered.photo_ids.index(message_id)]

    async def _stats(self, asker: Asker) -> None:
        counted = await self._conversation.communities.statistics(
            asker.place.collection, asker.person
        )
        await self._answers.say(asker.place, statistics.told(counted, asker.texts))
