"""Questions in ordinary messages: mentions, direct messages, replies to an answer, edits."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from weakref import WeakValueDictionary

import discord

from bot.core.errors import CoreError, TooManyQuestionsError
from bot.core.messages import Ask, Refine, Reply, Request, Tone
from bot.core.texts import texts_for
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.discord_bot.answers import Answers
from bot.frontends.discord_bot.askers import Asker, asker_of_message, collection_of
from bot.frontends.discord_bot.commands import similar_to
from bot.frontends.discord_bot.components import place_of
from bot.frontends.discord_bot.message_outlets import EditedOutlet, MessageOutlet
from bot.frontends.discord_bot.outlets import NETWORK_ERRORS
from bot.frontends.discord_bot.picture_links import picture_of
from bot.frontends.discord_bot.sentences import SENTENCES
from bot.frontends.discord_bot.visibility import Visibility

ANSWERED_KEPT = 5000
"""Questions whose answers are remembered; those of before are looked up in the channel."""
LANGUAGES_KEPT = 20_000
TOLD_KEPT = 1000
TOLD_EVERY_S = 10.0
"""Everybody sees it, so that a flood of messages must not become one of answers."""
LOOK_THROUGH = 50
"""Messages after a question among which its answer is looked for."""
EDITED_WITHIN = timedelta(hours=24)

_WRITTEN_BY_A_PERSON = (discord.MessageType.default, discord.MessageType.reply)

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Mentions:
    """Answers what is said to the bot."""

    def __init__(
        self,
        answers: Answers,
        conversation: ConversationPort,
        options: FrontendOptions,
        visibility: Visibility,
    ) -> None:
        self._answers = answers
        self._conversation = conversation
        self._options = options
        self._visibility = visibility
        self._answered: OrderedDict[int, tuple[int, datetime | None]] = OrderedDict()
        self._languages: OrderedDict[int, str] = OrderedDict()
        self._told: OrderedDict[int, float] = OrderedDict()
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def note_language(self, user_id: int, language: str) -> None:
        """Remember which language somebody reads: their messages do not tell."""
        _keep(self._languages, user_id, language, LANGUAGES_KEPT)

    async def on_message(self, message: discord.Message, me: int) -> None:
        """Answer a message, if it is meant for the bot."""
        words = _said_to(message, me)
        if words is None:
            return
        async with self._lock(message.id):
            outlet = MessageOutlet(message)
            await self._answer(message, words, me, outlet)
            if outlet.answer is not None:
                given = outlet.answer.id, message.edited_at
                _keep(self._answered, message.id, given, ANSWERED_KEPT)

    async def on_edit(self, message: discord.Message, me: int) -> None:
        """Answer an edited question anew, in the place of its answer."""
        words = _said_to(message, me)
        edited_at = message.edited_at
        if words is None or edited_at is None:
            return  # Discord itself changes messages too, when it has found a preview of a link
        if edited_at - message.created_at > EDITED_WITHIN:
            return
        async with self._lock(message.id):
            answer_id, seen = self._answered.get(message.id, (0, None))
            if seen == edited_at:
                return
            answer_id = answer_id or await self._answer_to(message, me)
            if not answer_id:
                outlet = MessageOutlet(message)
                await self._answer(message, words, me, outlet)
                answer_id = outlet.answer.id if outlet.answer is not None else 0
            else:
                answer = message.channel.get_partial_message(answer_id)  # type: ignore[union-attr]
                await self._answer(message, words, me, EditedOutlet(message, answer))
            if answer_id:
                _keep(self._answered, message.id, (answer_id, edited_at), ANSWERED_KEPT)

    async def _answer(
        self, message: discord.Message, words: str, me: int, outlet: MessageOutlet | EditedOutlet
    ) -> None:
        guild_id = message.guild.id if message.guild is not None else None
        asker = asker_of_message(message, self._visibility, await self._language(message))
        source = self._source(message, words, me)

        async def reply(asker: Asker) -> Reply | None:
            said = await source(asker)
            if not isinstance(said, Reply):
                said = await self._answers.last_reply(asker, said, outlet)
            is_flood = said.code == TooManyQuestionsError.code
            return None if is_flood and self._was_told(message.author.id) else said

        await self._answers.to_message(asker, reply, outlet, guild_id)

    def _was_told(self, user_id: int) -> bool:
        """Tell whether somebody was asked to wait a moment ago; once in a flood is enough."""
        now = asyncio.get_running_loop().time()
        if now - self._told.get(user_id, -TOLD_EVERY_S) < TOLD_EVERY_S:
            return True
        _keep(self._told, user_id, now, TOLD_KEPT)
        return False

    def _source(
        self, message: discord.Message, words: str, me: int
    ) -> Callable[[Asker], Awaitable[Request | Reply]]:
        before = message.reference.resolved if message.reference is not None else None
        before = before if isinstance(before, discord.Message) else None

        async def make(asker: Asker) -> Request | Reply:
            picture = picture_of(message)
            if picture is None and before is not None and before.author.id != me and not words:
                picture = picture_of(before)
            if picture is not None:
                found = await similar_to(picture, self._options)(asker)
                if not words:
                    return found
                # The words are what counts: they may fit where the picture alone does not.
                found = replace(found, everything=True)
                reply = await self._answers.last_reply(asker, found, MessageOutlet(message))
                token = reply.span.token if reply.span is not None else ""
                return Refine(token, words) if token else reply
            if before is not None and before.author.id == me and (page := place_of(before)):
                return Refine(page.token, words)
            if not words and before is not None and _is_hidden(before, me):
                texts = texts_for(asker.language)
                return Reply(texts.say(SENTENCES["not_seen"]), Tone.ERROR)
            return Ask(words)

        return make

    async def _language(self, message: discord.Message) -> str:
        known = self._languages.get(message.author.id)
        if known is not None or message.guild is None:
            return known or "en"
        try:
            policy = await self._conversation.communities.policy(
                collection_of(message.guild.id, message.author.id)
            )
        except CoreError:
            return str(message.guild.preferred_locale)
        return policy.language or str(message.guild.preferred_locale)

    async def _answer_to(self, message: discord.Message, me: int) -> int:
        """Look for the answer to a question from before the bot was started; 0 for none."""
        try:
            async for later in message.channel.history(after=message, limit=LOOK_THROUGH):
                reference = later.reference
                if later.author.id == me and reference and reference.message_id == message.id:
                    return later.id
        except (discord.DiscordException, *NETWORK_ERRORS) as error:
            logger.info("discord_answer_not_looked_up", extra={"error": type(error).__name__})
        return 0

    def _lock(self, message_id: int) -> asyncio.Lock:
        return self._locks.setdefault(message_id, asyncio.Lock())


def _said_to(message: discord.Message, me: int) -> str | None:
    """Return what a message says to the bot, None when it is not meant for it."""
    is_persons = not message.author.bot and message.webhook_id is None
    if not is_persons or message.type not in _WRITTEN_BY_A_PERSON:
        return None
    # People also call the role that came with the bot, as it has its name.
    role = message.guild.self_role if message.guild and message.raw_role_mentions else None
    mention = re.compile(rf"<@!?{me}>|<@&{role.id}>" if role is not None else rf"<@!?{me}>")
    is_direct = message.guild is None
    is_mentioned = mention.search(message.content) or any(
        user.id == me for user in message.mentions
    )
    if not is_direct and not is_mentioned:
        return None
    return mention.sub(" ", message.content).strip()


def _is_hidden(message: discord.Message, me: int) -> bool:
    """Tell whether Discord keeps the content of somebody's message from the bot."""
    return message.author.id != me and not message.content and not message.attachments


def _keep(kept: OrderedDict[int, T], key: int, value: T, limit: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > limit:
        kept.popitem(last=False)
