"""Where the answer to an ordinary message goes: below it, or into the place of a former one."""

from __future__ import annotations

import contextlib
from typing import Any

import discord

from bot.frontends.discord_bot.limits import FILE_BYTES, NO_REPLY_WITHOUT_HISTORY
from bot.frontends.discord_bot.outlets import NETWORK_ERRORS, not_kept


class MessageOutlet:
    """A reply to a message."""

    def __init__(self, message: discord.Message) -> None:
        self._message = message
        self.answer: discord.Message | None = None
        """What was written."""

    @property
    def max_file_bytes(self) -> int:
        """How large a file may be here."""
        guild = self._message.guild
        return FILE_BYTES if guild is None else guild.filesize_limit

    @property
    def may_attach(self) -> bool:
        """Whether pictures can be shown here."""
        return may_attach(self._message)

    async def acknowledge(self) -> None:
        """Show that somebody is typing."""
        with contextlib.suppress(discord.DiscordException, *NETWORK_ERRORS):
            await self._message.channel.typing()

    async def show(
        self, text: str, files: list[discord.File], view: discord.ui.View | None
    ) -> None:
        """Reply; where replies are not allowed, write into the channel."""
        reference = self._message.to_reference(fail_if_not_exists=False)
        try:
            self.answer = await self._send(text, files, view, reference)
        except discord.HTTPException as error:
            if error.code != NO_REPLY_WITHOUT_HISTORY:
                raise
            for file in files:
                file.reset()
            self.answer = await self._send(text, files, view, None)

    async def refuse(self, text: str) -> None:
        """Say it below the message."""
        await self.show(text, [], None)

    async def show_progress(self, text: str) -> None:
        """Stay silent: one answer below a message is enough."""

    async def _send(
        self,
        text: str,
        files: list[discord.File],
        view: discord.ui.View | None,
        reference: discord.MessageReference | None,
    ) -> discord.Message:
        # With the nonce, a repetition of what did arrive is not shown twice.
        given = {"reference": reference, "view": not_kept(view)}
        more: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return await self._message.channel.send(text, files=files, nonce=self._message.id, **more)


class EditedOutlet:
    """The answer to a message that was edited: it changes with its question."""

    def __init__(self, message: discord.Message, answer: discord.PartialMessage) -> None:
        self._message = message
        self._answer = answer

    @property
    def max_file_bytes(self) -> int:
        """How large a file may be here."""
        guild = self._message.guild
        return FILE_BYTES if guild is None else guild.filesize_limit

    @property
    def may_attach(self) -> bool:
        """Whether pictures can be shown here."""
        return may_attach(self._message)

    async def acknowledge(self) -> None:
        """Stay silent: the former answer is still there to look at."""

    async def show(
        self, text: str, files: list[discord.File], view: discord.ui.View | None
    ) -> None:
        """Replace the former answer."""
        await self._answer.edit(content=text, attachments=files, view=not_kept(view))

    async def refuse(self, text: str) -> None:
        """Replace the former answer."""
        await self.show(text, [], None)

    async def show_progress(self, text: str) -> None:
        """Stay silent."""


def may_attach(message: discord.Message) -> bool:
    """Tell whether the bot can show pictures where a message was written."""
    guild, channel = message.guild, message.channel
    if guild is None or guild.get_role(guild.id) is None:
        return True  # nothing is known that would speak against it
    me: discord.Member | None = guild.me
    if me is not None and isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return channel.permissions_for(me).attach_files
    return True
