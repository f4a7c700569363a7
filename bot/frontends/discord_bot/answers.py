"""Takes requests from Discord to the core, and its replies back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import discord

from bot.core.errors import CoreError, PageExpiredError, UnavailableError
from bot.core.messages import Reply, Request, Tone
from bot.core.replies import explain
from bot.core.texts import texts_for
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.discord_bot.askers import Asker, asker_of_interaction
from bot.frontends.discord_bot.components import components, owner_of
from bot.frontends.discord_bot.delivery import (
    PARTING_S,
    Answer,
    TooLargeError,
    acknowledge,
    apology,
    deliver,
    links_to,
    part,
)
from bot.frontends.discord_bot.limits import (
    ATTACHMENTS,
    LOST,
    REQUEST_BYTES,
)
from bot.frontends.discord_bot.outlets import (
    NETWORK_ERRORS,
    InteractionOutlet,
    Outlet,
    PageOutlet,
)
from bot.frontends.discord_bot.pictures import attach, fit
from bot.frontends.discord_bot.sentences import SENTENCES
from bot.frontends.discord_bot.visibility import Visibility

QUICK_S = 0.5
"""What is ready by then, as answers from the cache are, needs no "thinking …" before it."""
QUICK_BYTES = 2**20
"""More than this takes a while to send over a slow line."""
PROGRESS_EVERY_S = 1.5
"""Discord takes about five edits in two seconds from one interaction."""
PICTURES_TIMEOUT_S = 10.0

logger = logging.getLogger(__name__)

RequestSource = Request | Callable[[Asker], Awaitable[Request | Reply | None]]
"""A request, or what makes it, or answers it itself, None to say nothing; may raise CoreError."""
Work = Callable[[Asker, InteractionOutlet], Awaitable[None]]
"""What shows an answer of its own kind; may raise CoreError."""


class Answers:
    """Answers requests, and knows which are being answered."""

    def __init__(
        self, conversation: ConversationPort, options: FrontendOptions, visibility: Visibility
    ) -> None:
        self._conversation = conversation
        self._page_size = min(options.page_size, ATTACHMENTS)
        self._visibility = visibility
        self._active: set[asyncio.Task[Any]] = set()
        self._closing = False

    async def to_interaction(
        self,
        interaction: discord.Interaction[Any],
        source: RequestSource,
        *,
        only_for_them: bool = False,
    ) -> None:
        """Answer a command or a button with a message of its own."""
        with self._counted() as welcome:
            if welcome:
                asker = self.asker(interaction, is_private=only_for_them)
                outlet = InteractionOutlet(interaction, is_private=only_for_them)
                await self.answer(asker, source, outlet, interaction.guild_id)

    async def in_place(self, interaction: discord.Interaction[Any], source: RequestSource) -> None:
        """Answer a button by changing the message it belongs to."""
        with self._counted() as welcome:
            if welcome:
                message = interaction.message
                is_private = message is not None and message.flags.ephemeral
                asker = self.asker(interaction, is_private=is_private)
                # Whoever presses: its buttons stay those of the person whose answer it is.
                owner_id = owner_of(message) if message is not None else 0
                outlet = PageOutlet(interaction)
                await self.answer(asker, source, outlet, interaction.guild_id, owner_id)

    async def attend(
        self, interaction: discord.Interaction[Any], work: Work, *, only_for_them: bool = True
    ) -> None:
        """Acknowledge a command and do what it takes; what goes wrong is put into words."""
        with self._counted() as welcome:
            outlet = InteractionOutlet(interaction, is_private=only_for_them)
            if not welcome or not await acknowledge(outlet):
                return
            asker = self.asker(interaction, is_private=only_for_them)
            texts = texts_for(asker.language)
            try:
                await work(asker, outlet)
            except CoreError as error:
                details = {"code": error.code, "params": error.params}
                logger.info("discord_request_refused", extra=details)
                await deliver(Answer(explain(error, texts)), outlet, texts)
            except asyncio.CancelledError:
                await part(outlet, texts)
                raise
            except Exception as error:
                if isinstance(error, discord.HTTPException) and error.code in LOST:
                    logger.info("discord_answer_came_too_late", extra={"code": error.code})
                    return
                incident = secrets.token_hex(4)
                logger.exception("discord_answer_failed", extra={"incident": incident})
                await deliver(Answer(apology(texts, incident)), outlet, texts)

    async def to_message(
        self, asker: Asker, source: RequestSource, outlet: Outlet, guild_id: int | None
    ) -> None:
        """Answer a message."""
        with self._counted() as welcome:
            if welcome:
                await self.answer(asker, source, outlet, guild_id)

    async def say_expired(self, interaction: discord.Interaction[Any]) -> None:
        """Answer a component that means nothing any more."""

        async def expired(_asker: Asker) -> Request:
            raise PageExpiredError

        await self.to_interaction(interaction, expired, only_for_them=True)

    async def tell(self, interaction: discord.Interaction[Any], text: str) -> None:
        """Tell the person who used a command or a button, and nobody else; markup is kept."""
        with self._counted() as welcome:
            if welcome:
                texts = texts_for(str(interaction.locale))
                answer = Answer(Reply(text, Tone.DONE), is_markup=True)
                await deliver(answer, InteractionOutlet(interaction, is_private=True), texts)

    def asker(self, interaction: discord.Interaction[Any], *, is_private: bool) -> Asker:
        """Tell who has used a command or a button, and what they may be shown."""
        return asker_of_interaction(interaction, self._visibility, is_private=is_private)

    async def finish(self, timeout_s: float) -> None:
        """Take on nothing new; wait for what is being answered, then give it up."""
        self._closing = True
        if self._active:
            await asyncio.wait(self._active, timeout=timeout_s)
        for task in self._active:
            task.cancel()
        if self._active:
            logger.info("discord_answers_abandoned", extra={"count": len(self._active)})
            await asyncio.wait(self._active, timeout=PARTING_S)

    async def last_reply(self, asker: Asker, request: Request, outlet: Outlet) -> Reply:
        """Show the passing replies, not too often, and return the one that stays."""
        loop = asyncio.get_running_loop()
        shown_at = -PROGRESS_EVERY_S
        reply: Reply | None = None
        async for reply in self._conversation.handle(asker.asks(request, self._page_size)):
            if reply.tone is Tone.PROGRESS and loop.time() - shown_at >= PROGRESS_EVERY_S:
                shown_at = loop.time()
                with contextlib.suppress(discord.DiscordException, *NETWORK_ERRORS):
                    await outlet.show_progress(reply.text)
        if reply is None:
            raise RuntimeError("the conversation has given no reply")
        return reply

    @contextmanager
    def _counted(self) -> Iterator[bool]:
        task = asyncio.current_task()
        if task is None or self._closing:
            yield False
            return
        self._active.add(task)
        try:
            yield True
        finally:
            self._active.discard(task)

    async def answer(
        self,
        asker: Asker,
        source: RequestSource,
        outlet: Outlet,
        guild_id: int | None,
        owner_id: int = 0,
    ) -> None:
        """Answer one request: at once if it is ready at once, else after an acknowledgement.

        ``owner_id`` is the person whose answer it is, 0 for the asker.
        """
        texts = texts_for(asker.language)
        owner_id = owner_id or int(asker.person.id.rpartition(":")[2])
        making = asyncio.create_task(self._made(asker, source, outlet, guild_id, owner_id))
        try:
            await asyncio.wait({making}, timeout=QUICK_S)
            is_quick = making.done() and _size_bytes(making.result()) <= QUICK_BYTES
            if not is_quick and not await acknowledge(outlet):
                return
            answer = await making
            if answer is None:
                return
            try:
                await deliver(answer, outlet, texts, can_be_smaller=True)
            except TooLargeError:
                # What a server takes can have changed; half of what it said is worth a try.
                limits = outlet.max_file_bytes // 2, REQUEST_BYTES // 2
                pictures = await fit(answer.pictures, *limits)
                answer = replace(answer, pictures=pictures)
                if not pictures:
                    answer = Answer(explain(UnavailableError(part="pictures"), texts))
                await deliver(answer, outlet, texts)
        except asyncio.CancelledError:
            await part(outlet, texts)
            raise
        finally:
            making.cancel()

    async def _made(
        self,
        asker: Asker,
        source: RequestSource,
        outlet: Outlet,
        guild_id: int | None,
        owner_id: int,
    ) -> Answer | None:
        """Make an answer; what goes wrong is one, too."""
        texts = texts_for(asker.language)
        try:
            request = await source(asker) if callable(source) else source
            if request is None:
                return None
            if not isinstance(request, Reply):
                request = await self.last_reply(asker, request, outlet)
            return await self._filled(asker, request, outlet, guild_id, owner_id)
        except CoreError as error:
            details = {"code": error.code, "params": error.params}
            logger.info("discord_request_refused", extra=details)
            return Answer(explain(error, texts))
        except Exception:
            incident = secrets.token_hex(4)
            logger.exception("discord_answer_failed", extra={"incident": incident})
            return Answer(apology(texts, incident))

    async def _filled(
        self,
        asker: Asker,
        reply: Reply,
        outlet: Outlet,
        guild_id: int | None,
        owner_id: int,
    ) -> Answer:
        """Fetch what belongs to a reply: its pictures, buttons and links."""
        texts = texts_for(asker.language)
        is_private = guild_id is not None and not asker.is_public
        if not reply.hits:
            view = components(reply, (), owner_id, texts, is_private=is_private)
            return Answer(reply, view=view)
        if not outlet.may_attach:
            return Answer(Reply(texts.say(SENTENCES["cannot_attach"]), Tone.ERROR))
        try:
            async with asyncio.timeout(PICTURES_TIMEOUT_S):
                pictures = await attach(
                    self._conversation,
                    asker.collection,
                    reply.hits,
                    outlet.max_file_bytes,
                )
        except TimeoutError as error:
            raise UnavailableError(part="pictures") from error
        if not pictures:
            raise UnavailableError(part="pictures")
        view = components(reply, pictures.keys(), owner_id, texts, is_private=is_private)
        links = links_to((hit for hit in reply.hits if hit.image_id in pictures), guild_id, texts)
        return Answer(reply, pictures, view, links)


def _size_bytes(answer: Answer | None) -> int:
    return 0 if answer is None else answer.size_bytes
