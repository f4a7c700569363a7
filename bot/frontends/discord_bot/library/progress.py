"""The message that shows how far an import is."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import replace
from typing import Any, Self

import discord
from discord import ui

from bot.core.community_ports import Import
from bot.core.numbers import grouped
from bot.core.texts import Texts, texts_for
from bot.frontends.discord_bot.library.channels import (
    check_admin,
    check_bot,
    check_content,
    find_channel,
)
from bot.frontends.discord_bot.library.parts import (
    RefusedError,
    client_of,
    fresh_view,
    mention,
    require_admin,
)
from bot.frontends.discord_bot.library.patience import NETWORK_ERRORS
from bot.frontends.discord_bot.library.presses import Press, press
from bot.frontends.discord_bot.library.sentences import SENTENCES
from bot.frontends.discord_bot.limits import LABEL_CHARACTERS, clip

_ID = re.compile(r"lib:(?P<what>stop|go):(?P<channel>[0-9]{1,20})")
_TITLES = {"running": "importing", "stopped": "import_stopped", "done": "import_done"}

logger = logging.getLogger(__name__)


class ImportButton(ui.DynamicItem[ui.Button[ui.View]], template=_ID):
    """Stops an import or has it go on, also after a restart."""

    def __init__(self, label: str, custom_id: str) -> None:
        super().__init__(ui.Button(label=clip(label, LABEL_CHARACTERS), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message, however old."""
        return cls("…", match[0])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Stop or go on."""
        match = _ID.fullmatch(self.custom_id)
        if match is None:
            return
        channel_id, is_stop = int(match["channel"]), match["what"] == "stop"

        async def work(pressed: Press) -> None:
            require_admin(pressed.asker)
            client, guild = interaction.client, interaction.guild
            importer = client_of(interaction).importer
            if is_stop:
                await importer.halt(pressed.asker.collection, channel_id)
                return
            if guild is None:
                raise RefusedError("no_such_channel")
            check_content(client)
            channel = await find_channel(client, guild, channel_id)
            check_bot(channel, history=True)
            check_admin(channel, interaction)
            await importer.go_on(pressed.asker, channel, interaction.message)

        await press(interaction, work)


class ProgressMessage:
    """Written once, then edited; not too often, and never in the way of the import."""

    def __init__(self, client: discord.Client, edit_every_s: float) -> None:
        self._client = client
        self._edit_every_s = edit_every_s
        self._edited_at = -edit_every_s
        self._shown = ""
        self._is_gone = False
        self.has_threads = False
        """Whether to tell that threads are included, and which."""

    async def write(self, progress: Import) -> Import:
        """Write it into the channel; returns the import that knows it. Raises HTTPException."""
        text, view = told(progress, "", self.has_threads)
        channel = self._client.get_partial_messageable(int(progress.progress_channel))
        more: dict[str, Any] = {} if view is None else {"view": view}
        message = await channel.send(text, **more)
        self._noted(text)
        return replace(progress, progress_message=str(message.id))

    async def show(self, progress: Import, note: str = "", *, at_once: bool = False) -> None:
        """Bring it up to date; one that is gone is not missed."""
        if self._is_gone or not progress.progress_message:
            return
        text, view = told(progress, note, self.has_threads)
        is_due = asyncio.get_running_loop().time() - self._edited_at >= self._edit_every_s
        if text == self._shown or not (is_due or at_once):
            return
        self._noted(text)
        channel = self._client.get_partial_messageable(int(progress.progress_channel))
        try:
            message = channel.get_partial_message(int(progress.progress_message))
            await message.edit(content=text, view=view)
        except (discord.HTTPException, *NETWORK_ERRORS) as error:
            self._shown = ""
            self._is_gone = isinstance(error, discord.NotFound | discord.Forbidden)
            logger.info("discord_import_not_shown", extra={"error": type(error).__name__})

    def _noted(self, text: str) -> None:
        self._shown, self._edited_at = text, asyncio.get_running_loop().time()


def told(progress: Import, note: str, has_threads: bool) -> tuple[str, ui.View | None]:
    """Put an import into words, with the button that belongs below."""
    texts = texts_for(progress.language)
    lines = [texts.say(SENTENCES[_TITLES[progress.state]], channel=mention(progress.channel))]
    if has_threads:
        lines.append(texts.say(SENTENCES["threads_too"]))
    counts = {
        name: grouped(getattr(progress, name)) for name in ("seen", "added", "known", "refused")
    }
    lines += [texts.say(SENTENCES["import_counts"], **counts), note]
    return "\n".join(filter(None, lines)), _view(progress, texts)


def _view(progress: Import, texts: Texts) -> ui.View | None:
    if progress.state == "done":
        return None
    name, what = ("stop", "stop") if progress.state == "running" else ("go_on", "go")
    label = texts.say(SENTENCES[name])
    return fresh_view(ImportButton(label, f"lib:{what}:{progress.channel}"))
