"""Takes requests from Discord to the core, and its replies back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
import discord

from bot.core.errors import CoreError, PageExpiredError, UnavailableError
from bot.core.messages import Reply, Request, Tone
from bot.core.replies import explain
from bot.core.sentences import SENTENCES
from bot.core.texts import Texts, texts_for
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.discord_bot.askers import Asker, asker_of_interaction, asker_of_message
from bot.frontends.discord_bot.components import components
from bot.frontends.discord_bot.limits import (
    ACKNOWLEDGE_WITHIN_S,
    ATTACHMENTS,
    CONTENT_CHARACTERS,
    LOST,
    UNKNOWN_INTERACTION,
    clip,
)
from bot.frontends.discord_bot.outlets import InteractionOutlet, MessageOutlet, Outlet
from bot.frontends.discord_bot.pictures import Attached, attach

PROGRESS_EVERY_S = 1.5
"""Discord takes about five edits in two seconds from one interaction."""
PARTING_S = 0.4
"""How long a word of regret may take when the bot is stopped."""
NETWORK_ERRORS = (aiohttp.ClientError, OSError)

logger = logging.getLogger(__name__)

RequestSource = Request | Callable[[Asker], Awaitable[Request | Reply]]
"""A request, or what makes it once the interaction is acknowledged, or answers it itself; may
raise CoreError."""
Work = Callable[[Asker, InteractionOutlet], Awaitable[None]]
"""What shows an answer of its own kind; may raise CoreError."""


class Answers:
    """Answers requests, and knows which are being answered."""

    def __init__(self, conversation: ConversationPort, options: FrontendOptions) -> None:
        self._conversation = conversation
        self._page_size = min(options.page_size, ATTACHMENTS)
        self._active: set[asyncio.Task[Any]] = set()
        self._closing = False

    async def to_interaction(
        self,
        interaction: discord.Interaction[Any],
        source: RequestSource,
        *,
        only_for_them: bool = False,
    ) -> None:
        """Answer a command or a button."""
        with self._counted() as welcome:
            if welcome and await _acknowledge(interaction, only_for_them):
                asker = asker_of_interaction(interaction)
                await self._answer(asker, source, InteractionOutlet(interaction))

    async def attend(
        self, interaction: discord.Interaction[Any], work: Work, *, only_for_them: bool = True
    ) -> None:
        """Acknowledge a command and do what it takes; what goes wrong is put into words."""
        with self._counted() as welcome:
            if not welcome or not await _acknowledge(interaction, only_for_them):
                return
            asker, outlet = asker_of_interaction(interaction), InteractionOutlet(interaction)
            texts = texts_for(asker.language)
            try:
                await work(asker, outlet)
            except CoreError as error:
                details = {"code": error.code, "params": error.params}
                logger.info("discord_request_refused", extra=details)
                await _deliver(explain(error, texts), {}, outlet, texts)
            except Exception:
                incident = secrets.token_hex(4)
                logger.exception("discord_answer_failed", extra={"incident": incident})
                await _deliver(_apology(texts, incident), {}, outlet, texts)

    async def to_message(self, message: discord.Message, source: RequestSource) -> None:
        """Answer a message."""
        with self._counted() as welcome:
            if welcome:
                await self._answer(asker_of_message(message), source, MessageOutlet(message))

    async def say_expired(self, interaction: discord.Interaction[Any]) -> None:
        """Answer a component that means nothing any more."""

        async def expired(_asker: Asker) -> Request:
            raise PageExpiredError

        await self.to_interaction(interaction, expired, only_for_them=True)

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

    async def _answer(self, asker: Asker, source: RequestSource, outlet: Outlet) -> None:
        texts = texts_for(asker.language)
        try:
            request = await source(asker) if callable(source) else source
            if isinstance(request, Reply):
                reply = request
            else:
                reply = await self._last_reply(asker, request, outlet)
            pictures: Mapping[int, Attached] = {}
            if reply.hits:
                pictures = await attach(
                    self._conversation, asker.collection, reply.hits, outlet.max_file_bytes
                )
                if not pictures:
                    raise UnavailableError(part="pictures")  # noqa: TRY301
        except CoreError as error:
            details = {"code": error.code, "params": error.params}
            logger.info("discord_request_refused", extra=details)
            reply, pictures = explain(error, texts), {}
        except asyncio.CancelledError:
            with contextlib.suppress(discord.DiscordException, *NETWORK_ERRORS):
                async with asyncio.timeout(PARTING_S):
                    await outlet.show(texts.say(SENTENCES["unavailable"]), [], None)
            raise
        except Exception:
            incident = secrets.token_hex(4)
            logger.exception("discord_answer_failed", extra={"incident": incident})
            reply, pictures = _apology(texts, incident), {}
        await _deliver(reply, pictures, outlet, texts)

    async def _last_reply(self, asker: Asker, request: Request, outlet: Outlet) -> Reply:
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


async def _acknowledge(interaction: discord.Interaction[Any], only_for_them: bool) -> bool:
    """Tell Discord in time that there will be an answer; False if it is too late for one."""
    try:
        async with asyncio.timeout(ACKNOWLEDGE_WITHIN_S):
            await interaction.response.defer(thinking=True, ephemeral=only_for_them)
    except discord.HTTPException as error:
        logger.info("discord_acknowledgement_refused", extra={"code": error.code})
        # "Already acknowledged" can be our own word whose receipt was lost: answer all the same.
        return error.code != UNKNOWN_INTERACTION
    except NETWORK_ERRORS as error:
        # It may have arrived, and then the person sees "thinking …" until there is an answer.
        logger.info("discord_acknowledgement_lost", extra={"error": type(error).__name__})
    return True


async def _deliver(
    reply: Reply, pictures: Mapping[int, Attached], outlet: Outlet, texts: Texts
) -> None:
    """Show a reply; tries twice, and the second time says sorry if the answer was refused."""
    view = components(reply, pictures.keys(), texts)
    for _attempt in range(2):
        text = clip(discord.utils.escape_markdown(reply.text), CONTENT_CHARACTERS)
        try:
            await outlet.show(text, [picture.file() for picture in pictures.values()], view)
        except discord.HTTPException as error:
            if error.code in LOST:
                logger.info("discord_answer_came_too_late", extra={"code": error.code})
                return
            incident = secrets.token_hex(4)
            details = {"status": error.status, "code": error.code, "incident": incident}
            logger.warning("discord_answer_refused", extra=details)
            reply, pictures, view = _apology(texts, incident), {}, None
        except NETWORK_ERRORS as error:
            logger.warning("discord_answer_not_sent", extra={"error": type(error).__name__})
        else:
            return


def _apology(texts: Texts, incident: str) -> Reply:
    text = texts.say(SENTENCES["unexpected"], incident=incident)
    return Reply(text, Tone.ERROR, code="unexpected")
