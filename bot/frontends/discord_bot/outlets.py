"""Where an answer goes: to an interaction, or into the message whose button was pressed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Any, Protocol

import aiohttp
import discord

from bot.frontends.discord_bot.limits import ALREADY_ACKNOWLEDGED

NETWORK_ERRORS = (aiohttp.ClientError, OSError)


class Outlet(Protocol):
    """Shows the answer to one request."""

    @property
    def max_file_bytes(self) -> int:
        """How large a file may be here."""
        ...

    @property
    def may_attach(self) -> bool:
        """Whether pictures can be shown here."""
        ...

    async def acknowledge(self) -> None:
        """Tell that there will be an answer, when it takes a moment."""
        ...

    async def show(
        self, text: str, files: list[discord.File], view: discord.ui.View | None
    ) -> None:
        """Show the answer; a second call replaces a first that has failed."""
        ...

    async def refuse(self, text: str) -> None:
        """Say why there is no answer, to nobody but the person where that can be."""
        ...

    async def show_progress(self, text: str) -> None:
        """Show a passing word where one can be taken back."""
        ...


class InteractionOutlet:
    """A new message in answer to a command or a button."""

    def __init__(self, interaction: discord.Interaction[Any], *, is_private: bool) -> None:
        self._interaction = interaction
        self._is_private = is_private
        self._answered = _Answered(interaction)

    @property
    def max_file_bytes(self) -> int:
        """How large a file may be here."""
        return self._interaction.filesize_limit

    @property
    def may_attach(self) -> bool:
        """Whether pictures can be shown here."""
        is_alone = self._interaction.guild_id is None or self._is_private
        return is_alone or self._interaction.app_permissions.attach_files

    async def acknowledge(self) -> None:
        """Show "thinking …"."""
        response, is_private = self._interaction.response, self._is_private
        await self._answered.acknowledge(
            lambda: response.defer(thinking=True, ephemeral=is_private)
        )

    async def show(
        self, text: str, files: list[discord.File], view: discord.ui.View | None
    ) -> None:
        """Answer at once, or replace "thinking …"."""
        response = self._interaction.response
        more: dict[str, Any] = {"ephemeral": self._is_private}
        if view is not None:
            more["view"] = not_kept(view)
        await self._answered.show(
            lambda: response.send_message(text, files=files, **more), text, files, view
        )

    async def refuse(self, text: str) -> None:
        """Say it to them alone, unless everybody sees "thinking …" already."""
        response = self._interaction.response
        await self._answered.show(
            lambda: response.send_message(text, ephemeral=True), text, [], None
        )

    async def show_progress(self, text: str) -> None:
        """Replace "thinking …" by a passing word."""
        if self._answered.once:
            await self._interaction.edit_original_response(content=text)


class PageOutlet:
    """The message whose button was pressed: the answer takes its place."""

    def __init__(self, interaction: discord.Interaction[Any]) -> None:
        self._interaction = interaction
        self._answered = _Answered(interaction)

    @property
    def max_file_bytes(self) -> int:
        """How large a file may be here."""
        return self._interaction.filesize_limit

    @property
    def may_attach(self) -> bool:
        """Whether pictures can be shown here."""
        message = self._interaction.message
        is_private = message is not None and message.flags.ephemeral
        is_alone = self._interaction.guild_id is None or is_private
        return is_alone or self._interaction.app_permissions.attach_files

    async def acknowledge(self) -> None:
        """Tell that the message is about to change."""
        await self._answered.acknowledge(self._interaction.response.defer)

    async def show(
        self, text: str, files: list[discord.File], view: discord.ui.View | None
    ) -> None:
        """Replace the message's text, pictures and buttons."""
        response = self._interaction.response
        view = not_kept(view)
        await self._answered.show(
            lambda: response.edit_message(content=text, attachments=files, view=view),
            text,
            files,
            view,
        )

    async def refuse(self, text: str) -> None:
        """Leave the message as it is; say it beside it, to them alone."""
        response = self._interaction.response
        await self._answered.add(
            lambda: response.send_message(text, ephemeral=True),
            lambda: self._interaction.followup.send(text, ephemeral=True),
        )

    async def show_progress(self, text: str) -> None:
        """Stay silent: the former page is still there to look at."""


def not_kept(view: discord.ui.View | None) -> discord.ui.View | None:
    """Keep the library from remembering a view, with a task, for each answer ever given.

    It finds dynamic items by their ids alone.
    """
    if view is not None:
        view.stop()
    return view


class _Lost(Enum):
    """What has been sent without anybody having told if it has arrived."""

    NOTHING = auto()
    PROMISE = auto()
    ANSWER = auto()


class _Answered:
    """Whether an interaction is answered yet; the first answer goes another way than the rest."""

    def __init__(self, interaction: discord.Interaction[Any]) -> None:
        self._interaction = interaction
        self.once = False
        self._lost = _Lost.NOTHING

    async def acknowledge(self, defer: Callable[[], Awaitable[object]]) -> None:
        """Promise an answer."""
        self.once, self._lost = True, _Lost.PROMISE
        try:
            await defer()
        except discord.HTTPException as error:
            self._lost = _Lost.NOTHING
            # What Discord has not taken can still be answered without a promise.
            self.once = error.code == ALREADY_ACKNOWLEDGED
            raise
        self._lost = _Lost.NOTHING

    async def add(
        self, respond: Callable[[], Awaitable[object]], follow_up: Callable[[], Awaitable[object]]
    ) -> None:
        """Respond, or say something beside what was responded before."""
        if not self.once or self._lost is _Lost.ANSWER:
            await self._respond(respond)
            return
        try:
            await follow_up()
        except discord.NotFound:
            if self._lost is _Lost.NOTHING:
                raise
            await self._respond(respond)

    async def show(
        self,
        respond: Callable[[], Awaitable[object]],
        text: str,
        files: list[discord.File],
        view: discord.ui.View | None,
    ) -> None:
        """Respond, or edit what was responded before."""
        if not self.once:
            await self._respond(respond)
            return
        edit = self._interaction.edit_original_response
        try:
            await edit(content=text, attachments=files, view=view)
        except discord.NotFound:
            if self._lost is _Lost.NOTHING:
                raise
            # What was sent first has not arrived after all.
            for file in files:
                file.reset()
            await self._respond(respond)

    async def _respond(self, respond: Callable[[], Awaitable[object]]) -> None:
        self.once, self._lost = True, _Lost.NOTHING
        try:
            await respond()
        except discord.HTTPException as error:
            # "Already" can be said by a repetition of what did arrive the first time.
            if error.code != ALREADY_ACKNOWLEDGED:
                self.once = False
                raise
        except NETWORK_ERRORS:
            self._lost = _Lost.ANSWER
            raise
