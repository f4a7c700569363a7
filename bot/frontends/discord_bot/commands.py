"""The commands people find below "/" and in the menu of a message."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.core.messages import Ask, Filters, FindSimilar
from bot.core.texts import languages, texts_for
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.discord_bot.answers import Answers
from bot.frontends.discord_bot.askers import Asker, collection_of, person_id_of
from bot.frontends.discord_bot.forgetting import forgetme_command
from bot.frontends.discord_bot.limits import ATTACHMENTS, AUTOCOMPLETE_CHOICES, OPTION_CHARACTERS
from bot.frontends.discord_bot.picture_links import PictureLink, download, link_of, picture_of
from bot.frontends.discord_bot.sentences import SENTENCES
from bot.frontends.discord_bot.translation import translated

DOWNLOAD_TIMEOUT_S = 8.0
SUGGEST_WITHIN_S = 2.0
"""Suggestions that come later than after 3 s are an error message below the option."""

logger = logging.getLogger(__name__)

Command = app_commands.Command[Any, ..., None]


class Tree(app_commands.CommandTree[Any]):
    """The commands, and what to say when Discord asks for one that is not there any more."""

    def __init__(
        self,
        client: discord.Client,
        answers: Answers,
        conversation: ConversationPort,
        options: FrontendOptions,
        more: Iterable[Command | app_commands.Group | app_commands.ContextMenu] = (),
    ) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self._answers = answers
        self._mentions: dict[str, str] = {}
        for command in (
            _search(answers, conversation),
            _similar(answers, options),
            _find_similar(answers, options),
            _help(answers, self),
            _about(answers, self, options),
            forgetme_command(answers, conversation),
            *more,
        ):
            self.add_command(command)

    async def tell_discord(self) -> None:
        """Register the commands; raises discord.DiscordException and what the network raises."""
        for command in await self.sync():
            self._mentions[command.name] = command.mention

    def mention(self, name: str) -> str:
        """Return a command so that people can click on it, once Discord has told its id."""
        return self._mentions.get(name, f"/{name}")

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        """Answer a command of an older version kindly."""
        logger.warning("discord_command_failed", exc_info=error)
        if not interaction.response.is_done():
            await self._answers.say_expired(interaction)


def similar_to(
    link: PictureLink | None, options: FrontendOptions
) -> Callable[[Asker], Awaitable[FindSimilar]]:
    """Return what makes the request for pictures like this one."""

    async def make(_asker: Asker) -> FindSimilar:
        return FindSimilar(await download(link, options.max_upload_bytes, DOWNLOAD_TIMEOUT_S))

    return make


def _search(answers: Answers, conversation: ConversationPort) -> Command:
    @app_commands.command(description="Find pictures by describing them, in any language")
    @app_commands.describe(
        query="What the picture should show",
        count="How many pictures at a time",
        private="Only you see the answer",
        member="Only pictures that this person has added",
        tag="Only pictures with this tag",
    )
    @app_commands.rename(member="from")
    async def search(  # noqa: PLR0917 - the options of the command
        interaction: discord.Interaction[Any],
        query: str,
        count: app_commands.Range[int, 1, ATTACHMENTS] = 0,
        private: bool = False,
        member: discord.User | None = None,
        tag: str = "",
    ) -> None:
        uploader = person_id_of(member.id) if member is not None else ""
        request = Ask(query, Filters(tag, uploader), count)
        await answers.to_interaction(interaction, request, only_for_them=private)

    @search.autocomplete("query")
    async def suggest(
        interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        user_id = interaction.user.id
        collection = collection_of(interaction.guild_id, user_id)
        recent: list[str] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SUGGEST_WITHIN_S):
                recent = await conversation.suggest(collection, person_id_of(user_id), typed)
        short = [question for question in recent if len(question) <= OPTION_CHARACTERS]
        return [
            app_commands.Choice(name=question, value=question)
            for question in short[:AUTOCOMPLETE_CHOICES]
        ]

    return search


def _similar(answers: Answers, options: FrontendOptions) -> Command:
    @app_commands.command(description="Find pictures that look like one of yours")
    @app_commands.describe(image="Your picture", private="Only you see the answer")
    async def similar(
        interaction: discord.Interaction[Any], image: discord.Attachment, private: bool = False
    ) -> None:
        source = similar_to(link_of(image), options)
        await answers.to_interaction(interaction, source, only_for_them=private)

    return similar


def _find_similar(answers: Answers, options: FrontendOptions) -> app_commands.ContextMenu:
    @app_commands.context_menu(name="Find similar")
    async def find_similar(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await answers.to_interaction(interaction, similar_to(picture_of(message), options))

    return find_similar


def _help(answers: Answers, tree: Tree) -> Command:
    @app_commands.command(name="help", description="What I can do, and how to ask")
    async def help_command(interaction: discord.Interaction[Any]) -> None:
        names = ("search", "similar", "about", "forgetme")
        mentions = {name: tree.mention(name) for name in names}
        # A group of commands is nothing to click on; so it has its name in the person's language.
        library = translated("library", str(interaction.locale), Location.group_name)
        await _explain(answers, interaction, "help", library=f"/{library or 'library'}", **mentions)

    return help_command


def _about(answers: Answers, tree: Tree, options: FrontendOptions) -> Command:
    @app_commands.command(description="What I am, which languages I know, what I keep")
    async def about(interaction: discord.Interaction[Any]) -> None:
        await _explain(
            answers,
            interaction,
            "about",
            model=options.model,
            languages=len(languages()),
            forgetme=tree.mention("forgetme"),
        )

    return about


async def _explain(
    answers: Answers, interaction: discord.Interaction[Any], name: str, **params: object
) -> None:
    text = texts_for(str(interaction.locale)).say(SENTENCES[name], **params)
    await answers.tell(interaction, text)
