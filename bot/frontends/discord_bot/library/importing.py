"""Imports of what was posted before: begun, stopped, gone on with, also after a restart."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import discord

from bot.core.community_ports import Import
from bot.core.errors import CoreError
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.discord_bot.askers import Asker
from bot.frontends.discord_bot.library.channels import Readable, threads_of
from bot.frontends.discord_bot.library.intake import Deletions, Intake
from bot.frontends.discord_bot.library.parts import RefusedError, guild_of, mention
from bot.frontends.discord_bot.library.patience import NETWORK_ERRORS, Pace, insist
from bot.frontends.discord_bot.library.progress import ProgressMessage
from bot.frontends.discord_bot.library.walking import Walk

TURNS = 2
"""Imports that have pictures in memory at the same time; the others wait for their turn."""
STOP_GRACE_S = 0.5

logger = logging.getLogger(__name__)
_Key = tuple[str, str]


class Importer:
    """The imports of the servers that this process serves."""

    def __init__(
        self,
        client: discord.Client,
        conversation: ConversationPort,
        options: FrontendOptions,
        deletions: Deletions | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._client = client
        self._conversation = conversation
        self._pace = pace or Pace()
        self._intake = Intake(
            conversation, deletions or Deletions(), options.max_upload_bytes, self._pace
        )
        self._turns = asyncio.Semaphore(TURNS)
        self._walks: dict[_Key, Walk] = {}
        self._beginning: set[_Key] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def begin(self, asker: Asker, channel: Readable, progress_channel: int) -> None:
        """Import what is new in a channel; raises RefusedError."""
        await self._start(asker, channel, str(progress_channel), "")

    async def go_on(self, asker: Asker, channel: Readable, message: discord.Message | None) -> None:
        """Go on with an import whose message somebody has pressed "Continue" on."""
        if message is not None:
            await self._start(asker, channel, str(message.channel.id), str(message.id))

    async def halt(self, collection: str, channel_id: int) -> None:
        """Stop an import; its message tells when it has."""
        key = collection, str(channel_id)
        walk = self._walks.get(key)
        if walk is not None:
            walk.stop()
            return
        # None is running: its message is older than it looks.
        communities = self._conversation.communities
        known = await communities.get_import(collection, str(channel_id))
        if known is not None and key not in self._beginning:
            if known.state == "running":
                known = replace(known, state="stopped")
                await communities.save_import(known)
            await ProgressMessage(self._client, 0).show(known, at_once=True)

    def running_in(self, collection: str) -> list[str]:
        """Return the channels of a server that are being imported."""
        return sorted((channel for key, channel in self._walks if key == collection), key=int)

    async def resume(self) -> None:
        """Go on with the imports that a stop of the bot has interrupted."""
        running = await insist(self._conversation.communities.running_imports, self._pace.pauses())
        for progress in running:
            guild_id = guild_of(progress.collection)
            key = progress.collection, progress.channel
            is_here = guild_id is not None and self._client.get_guild(guild_id) is not None
            if is_here and key not in self._walks and key not in self._beginning:
                self._launch(progress, self._message())

    async def stop(self) -> None:
        """Let go; what is running now goes on with the next start."""
        self._is_closed = True
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_GRACE_S)

    async def _start(
        self,
        asker: Asker,
        channel: Readable,
        progress_channel: str,
        progress_message: str,
    ) -> None:
        collection, name = asker.collection, str(channel.id)
        parent = str(channel.parent_id) if isinstance(channel, discord.Thread) else name
        key = collection, name
        if any((collection, one) in self._walks.keys() | self._beginning for one in (name, parent)):
            raise RefusedError("import_running", channel=mention(channel.id))
        self._beginning.add(key)
        try:
            known = await self._conversation.communities.get_import(collection, name)
            before = known or Import(collection, name, "stopped")
            if before.state == "done":
                before = replace(before, seen=0, added=0, known=0, refused=0)
            progress = replace(
                before,
                state="running",
                language=asker.language,
                progress_channel=progress_channel,
                progress_message=progress_message,
            )
            message = self._message()
            message.has_threads = bool(threads_of(channel))
            if not progress_message:
                progress = await self._write(message, progress)
            try:
                await self._conversation.communities.save_import(progress)
            except CoreError:
                await message.show(replace(progress, state="stopped"), at_once=True)
                raise
            await message.show(progress, at_once=True)
            self._launch(progress, message)
        finally:
            self._beginning.discard(key)

    async def _write(self, message: ProgressMessage, progress: Import) -> Import:
        try:
            return await message.write(progress)
        except (discord.Forbidden, discord.NotFound) as error:
            raise RefusedError("cannot_write_here") from error
        except (discord.HTTPException, *NETWORK_ERRORS):
            return progress  # the import writes it as soon as it can

    def _message(self) -> ProgressMessage:
        return ProgressMessage(self._client, self._pace.edit_every_s)

    def _launch(self, progress: Import, message: ProgressMessage) -> None:
        if self._is_closed:
            return
        key = progress.collection, progress.channel
        walk = Walk(
            self._client,
            self._conversation,
            self._intake,
            progress,
            message,
            self._turns,
            self._pace,
            lambda thread_id: (progress.collection, str(thread_id)) in self._walks,
        )
        self._walks[key] = walk
        task = asyncio.create_task(self._run(key, walk), name="discord-import")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, key: _Key, walk: Walk) -> None:
        try:
            await walk.run()
        except Exception:
            # The next start goes on with it.
            logger.exception("discord_import_failed")
        finally:
            self._walks.pop(key, None)
