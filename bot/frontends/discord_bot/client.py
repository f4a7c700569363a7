"""The connection to Discord, and what comes in over it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import aiohttp
import discord

from bot.core.messages import Ask
from bot.frontends.base import FrontendOptions
from bot.frontends.discord_bot.answers import Answers, RequestSource
from bot.frontends.discord_bot.commands import Tree, similar_to
from bot.frontends.discord_bot.components import ITEMS, is_known
from bot.frontends.discord_bot.pictures import first_picture

MAX_CONNECTIONS = 100
"""Without a limit, a thousand interactions a second bring the event loop to its knees."""
_WRITTEN_BY_A_PERSON = (discord.MessageType.default, discord.MessageType.reply)

logger = logging.getLogger(__name__)


class BotClient(discord.AutoShardedClient):
    """One login; a new one is made when it has failed."""

    def __init__(
        self, answers: Answers, options: FrontendOptions, on_connected: Callable[[], None]
    ) -> None:
        # None of these is privileged: what is said to the bot comes with its text anyway.
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        super().__init__(
            intents=intents,
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )
        self.answers = answers
        self._max_upload_bytes = options.max_upload_bytes
        self._on_connected = on_connected
        self._has_synced = False
        self.tree = Tree(self, answers, options.max_upload_bytes)

    async def setup_hook(self) -> None:
        """Make the buttons of earlier answers work."""
        self.add_dynamic_items(*ITEMS)

    async def on_connect(self) -> None:
        """Tell Discord the commands, once."""
        self._on_connected()
        if self._has_synced:
            return
        self._has_synced = True
        try:
            await self.tree.sync()
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            # The commands of last time stay; the next connection tries again.
            self._has_synced = False
            logger.warning("discord_commands_not_synced", extra={"error": type(error).__name__})

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer components that no version of today knows; the library ignores them."""
        if interaction.type is discord.InteractionType.component:
            data: Any = interaction.data
            if not is_known(data["custom_id"]):
                await self.answers.say_expired(interaction)

    async def on_message(self, message: discord.Message) -> None:
        """Answer what is said to the bot, in direct messages and by mentioning it."""
        if message.author.bot or message.type not in _WRITTEN_BY_A_PERSON or self.user is None:
            return
        mention = re.compile(rf"<@!?{self.user.id}>")
        is_direct = isinstance(message.channel, discord.DMChannel)
        if is_direct or (message.guild is not None and mention.search(message.content)):
            question = mention.sub(" ", message.content).strip()
            picture = first_picture(message.attachments)
            source: RequestSource = Ask(question)
            if picture is not None and not question:
                source = similar_to(picture, self._max_upload_bytes)
            await self.answers.to_message(message, source)


def invite_link(application_id: int) -> str:
    """Return the address that adds the bot to a server, with the least permissions."""
    permissions = discord.Permissions(
        view_channel=True,
        send_messages=True,
        attach_files=True,
        embed_links=True,
        use_application_commands=True,
    )
    return discord.utils.oauth_url(
        application_id, permissions=permissions, scopes=("bot", "applications.commands")
    )
