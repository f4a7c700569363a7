"""Walking through the history of a channel and its threads, from the oldest message on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import discord

from bot.core.community_ports import Import
from bot.core.errors import UnavailableError
from bot.core.sentences import SENTENCES as CORE_SENTENCES
from bot.core.texts import texts_for
from bot.frontends.base import ConversationPort
from bot.frontends.discord_bot.library.channels import (
    Readable,
    Walkable,
    check_bot,
    check_content,
    find_channel,
    threads_of,
)
from bot.frontends.discord_bot.library.intake import Intake, Tally
from bot.frontends.discord_bot.library.parts import RefusedError, guild_of
from bot.frontends.discord_bot.library.patience import PASSING, Pace
from bot.frontends.discord_bot.library.progress import ProgressMessage
from bot.frontends.discord_bot.library.sentences import SENTENCES

T = TypeVar("T")
PAGE_MESSAGES = 100
_SLICE_MESSAGES = 10
"""Taken in together; a stop waits for no more than these."""

logger = logging.getLogger(__name__)


class _StoppedError(Exception):
    """Somebody has pressed "Stop", or the bot was thrown out of the server."""


class Walk:
    """One import while it runs. What it has saved is safe, whenever it is killed."""

    def __init__(  # noqa: PLR0917 - each is another part
        self,
        client: discord.Client,
        conversation: ConversationPort,
        intake: Intake,
        progress: Import,
        message: ProgressMessage,
        turns: asyncio.Semaphore,
        pace: Pace,
        is_walked: Callable[[int], bool],
    ) -> None:
        self.progress = progress
        self._client = client
        self._conversation = conversation
        self._communities = conversation.communities
        self._intake = intake
        self._message = message
        self._turns = turns
        self._pace = pace
        self._is_walked = is_walked
        """Tells threads that have an import of their own under way."""
        self._guild_id = guild_of(progress.collection) or 0
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Have it stop soon; what is being stored is finished first."""
        self._stop.set()

    async def run(self) -> None:
        """Go on until all is taken in, until stopped, or until it cannot go on."""
        state, note = "stopped", ""
        try:
            check_content(self._client)
            if not self.progress.progress_message:
                await self._write_message()
            channel = await self._insist(self._channel)
            self._message.has_threads = bool(threads_of(channel))
            if not isinstance(channel, discord.ForumChannel):
                await self._through(channel, None)
            for thread in threads_of(channel):
                if not self._is_walked(thread.id):
                    await self._through(thread, await self._record_of(thread))
            state = "done"
        except _StoppedError:
            pass
        except RefusedError as refused:
            note = refused.told(texts_for(self.progress.language))
        except discord.HTTPException as error:
            logger.warning("discord_import_refused", extra={"code": error.code})
            note = texts_for(self.progress.language).say(CORE_SENTENCES["unavailable"])
        self.progress = replace(self.progress, state=state)
        await self._end(note)

    async def _through(self, place: Walkable, part: Import | None) -> None:
        """Take in what is new in one place; ``part`` is how far a thread of the channel is."""
        cursor = (self.progress if part is None else part).cursor
        while True:
            await self._wait_while_busy()
            page = await self._insist(partial(self._page, place, cursor))
            began_at = cursor
            try:
                for start in range(0, len(page), _SLICE_MESSAGES):
                    self._check_stop()
                    messages = page[start : start + _SLICE_MESSAGES]
                    async with self._turns:
                        take = partial(self._intake.take, self._guild_id, messages)
                        tally = await self._insist(take)
                    cursor = str(messages[-1].id)
                    self._count(len(messages), tally, cursor if part is None else None)
                    await self._message.show(self.progress)
            except Exception:
                if cursor != began_at:
                    await self._save(part, cursor)
                raise
            if page:
                await self._save(part, cursor)
            if len(page) < PAGE_MESSAGES:
                return

    async def _channel(self) -> Readable:
        guild = self._client.get_guild(self._guild_id)
        if guild is None:
            raise _StoppedError
        if guild.unavailable or guild.get_role(guild.id) is None:
            raise UnavailableError(part="discord_guild")
        return await find_channel(self._client, guild, int(self.progress.channel))

    async def _page(self, place: Walkable, cursor: str) -> list[discord.Message]:
        # Each time: what was allowed can be forbidden meanwhile, and would look like the end.
        channel = await self._channel()
        check_bot(place if isinstance(place, discord.Thread) else channel, history=True)
        after = discord.Object(int(cursor)) if cursor else None
        try:
            history = place.history(limit=PAGE_MESSAGES, after=after, oldest_first=True)
            return [message async for message in history]
        except discord.NotFound as error:
            if isinstance(place, discord.Thread) and place.id != channel.id:
                return []  # a thread that was deleted meanwhile; the others are still there
            raise RefusedError("no_such_channel") from error
        except discord.Forbidden as error:
            raise RefusedError("bot_cannot_see", channel=place.mention) from error

    async def _record_of(self, thread: discord.Thread) -> Import:
        """Return how far a thread is. Its state is never "running": its channel's import is."""
        collection, channel = self.progress.collection, str(thread.id)
        known = await self._insist(lambda: self._communities.get_import(collection, channel))
        return known or Import(collection, channel, "done", language=self.progress.language)

    def _count(self, seen: int, tally: Tally, cursor: str | None) -> None:
        progress = self.progress
        self.progress = replace(
            progress,
            cursor=progress.cursor if cursor is None else cursor,
            seen=progress.seen + seen,
            added=progress.added + tally.added,
            known=progress.known + tally.known,
            refused=progress.refused + tally.refused,
        )

    async def _save(self, part: Import | None, cursor: str) -> None:
        # The thread first: of a kill in between, only the numbers are the poorer.
        if part is not None:
            done = replace(part, cursor=cursor)
            await self._insist(lambda: self._communities.save_import(done), stops=False)
        await self._insist(lambda: self._communities.save_import(self.progress), stops=False)

    async def _end(self, note: str) -> None:
        await self._insist(lambda: self._communities.save_import(self.progress), stops=False)
        await self._message.show(self.progress, note, at_once=True)

    async def _write_message(self) -> None:
        try:
            self.progress = await self._message.write(self.progress)
        except (discord.HTTPException, *PASSING, ValueError):
            return  # it goes on without being seen
        await self._save(None, "")

    async def _wait_while_busy(self) -> None:
        while True:
            self._check_stop()
            status = await self._conversation.status(self.progress.collection)
            if status.pending_count < self._pace.busy_at:
                return
            await self._pause(self._pace.busy_pause_s, "import_busy")

    async def _insist(self, attempt: Callable[[], Awaitable[T]], *, stops: bool = True) -> T:
        """Try until it works, or until somebody presses "Stop"."""
        for pause in self._pace.pauses():
            try:
                return await attempt()
            except PASSING as error:
                logger.info("discord_import_waits", extra={"error": type(error).__name__})
            if stops:
                self._check_stop()
                await self._pause(pause, "import_unreachable")
            else:
                await asyncio.sleep(pause)
        raise AssertionError("the pauses never end")

    async def _pause(self, pause_s: float, why: str) -> None:
        note = texts_for(self.progress.language).say(SENTENCES[why])
        await self._message.show(self.progress, note)
        try:
            async with asyncio.timeout(pause_s):
                await self._stop.wait()
        except TimeoutError:
            return
        self._check_stop()

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise _StoppedError
