"""The commands people find below "/" and in the menu of a message."""

from __future__ import annotations

import logging
from typing import Any

import discord
from discord import app_commands

from bot.core.errors import NotAllowedError
from bot.core.messages import Add, Ask, FindSimilar, Request, Upload
from bot.frontends.discord_bot.answers import Answers
from bot.frontends.discord_bot.askers import Asker
from bot.frontends.discord_bot.pictures import download, first_picture

DOWNLOAD_TIMEOUT_S = 8.0
ADD_DOWNLOAD_TIMEOUT_S = 60.0
"""A picture to keep is worth waiting for; the person sees that it takes a while."""

logger = logging.getLogger(__name__)


class Tree(app_commands.CommandTree[Any]):
    """The commands, and what to say when Discord asks for one that is not there any more."""

    def __init__(self, client: discord.Client, answers: Answers, max_upload_bytes: int) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self._answers = answers
        for command in (
            _search(answers),
            _add(answers, max_upload_bytes),
            _find_similar(answers, max_upload_bytes),
        ):
            self.add_command(command)

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        """Answer a command of an older version kindly."""
        logger.warning("discord_command_failed", exc_info=error)
        if not interaction.response.is_done():
            await self._answers.say_expired(interaction)


def similar_to(attachment: discord.Attachment | None, max_bytes: int) -> Any:
    """Return what makes the request for pictures like this one."""

    async def make(_asker: Asker) -> Request:
        return FindSimilar(await download(attachment, max_bytes, DOWNLOAD_TIMEOUT_S))

    return make


def _search(answers: Answers) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(description="Find pictures by describing them, in any language")
    @app_commands.describe(query="What the picture should show")
    async def search(interaction: discord.Interaction[Any], query: str) -> None:
        await answers.to_interaction(interaction, Ask(query))

    return search


def _add(answers: Answers, max_upload_bytes: int) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(description="Add a picture to this server's collection")
    @app_commands.describe(image="The picture", caption="What it shows, for people and the search")
    @app_commands.default_permissions(manage_guild=True)
    async def add(
        interaction: discord.Interaction[Any], image: discord.Attachment, caption: str = ""
    ) -> None:
        async def make(asker: Asker) -> Request:
            # The server's settings can show the command to anybody.
            if not asker.person.is_admin:
                raise NotAllowedError
            content = await download(image, max_upload_bytes, ADD_DOWNLOAD_TIMEOUT_S)
            return Add((Upload(content, image.filename, caption),))

        await answers.to_interaction(interaction, make, only_for_them=True)

    return add


def _find_similar(answers: Answers, max_upload_bytes: int) -> app_commands.ContextMenu:
    @app_commands.context_menu(name="Find similar")
    async def find_similar(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        source = similar_to(first_picture(message.attachments), max_upload_bytes)
        await answers.to_interaction(interaction, source)

    return find_similar
