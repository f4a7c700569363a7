"""Where an answer goes: to an interaction, or below a message."""

from __future__ import annotations

from typing import Any, Protocol

import discord

from bot.frontends.discord_bot.limits import FILE_BYTES, NO_REPLY_WITHOUT_HISTORY


class Outlet(Protocol):
    """Shows the answer to one request."""

    @property
    def max_file_bytes(self) -> int:
        """How large a file may be here."""
        ...

    async def show(
        self, text: str, files: list[discord.File], view: discord.ui.View | None
    ) -> None:
        """Show the answer; a second call replaces a first that has failed."""
        ...

    async def show_progress(self, text: str) -> None:
        """Show a passing word where one can be taken back."""
        ...


class InteractionOutlet:
    """The message that stands for "thinking …" after an acknowledgement."""

    def __init__(self, interaction: discord.Interaction[Any]) -> None:
        self._interaction = interaction

    @property
    def max_file_bytes(self) -> int:
        """How large a file may be here."""
        return self._interaction.filesize_limit

    async def show(
        self, text: str, files: list[discord.File], view: discord.ui.View | None
    ) -> None:
        """Replace "thinking …" by the answer."""
        await self._interaction.edit_original_response(content=text, attachments=files, view=view)

    async def show_progress(self, text: str) -> None:
        """Replace "thinking …" by a passing word."""
        await self._interaction.edit_original_response(content=text)


class MessageOutlet:
    """A reply to a message."""

    def __init__(self, message: discord.Message) -> None:
        self._message = message

    @property
    def max_file_bytes(self) -> int:
        """How large a file may be here."""
        guild = self._message.guild
        return FILE_BYTES if guild is None else guild.filesize_limit

    async def show(
        self, text: str, files: list[discord.File], view: discord.ui.View | None
    ) -> None:
        """Reply; where replies are not allowed, write into the channel."""
        reference = self._message.to_reference(fail_if_not_exists=False)
        try:
            await self._send(text, files, view, reference)
        except discord.HTTPException as error:
            if error.code != NO_REPLY_WITHOUT_HISTORY:
                raise
            for file in files:
                file.reset()
            await self._send(text, files, view, None)

    async def show_progress(self, text: str) -> None:
        """Stay silent: one answer below a message is enough."""

    async def _send(
        self,
        text: str,
        files: list[discord.File],
        view: discord.ui.View | None,
        reference: discord.MessageReference | None,
    ) -> None:
        # With the nonce, a repetition of what did arrive is not shown twice.
        given = {"reference": reference, "view": view}
        more: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        await self._message.channel.send(text, files=files, nonce=self._message.id, **more)
