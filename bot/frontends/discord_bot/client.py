"""The connection to Discord, and what comes in over it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import discord

from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.discord_bot import components, forgetting, library
from bot.frontends.discord_bot.answers import Answers
from bot.frontends.discord_bot.commands import Tree
from bot.frontends.discord_bot.mentions import Mentions
from bot.frontends.discord_bot.outlets import NETWORK_ERRORS
from bot.frontends.discord_bot.presses import Presses
from bot.frontends.discord_bot.translation import Translator
from bot.frontends.discord_bot.visibility import Visibility

MAX_CONNECTIONS = 100
"""Without a limit, a thousand interactions a second bring the event loop to its knees."""
FIRST_SYNC_PAUSE_S = 5.0
LONGEST_SYNC_PAUSE_S = 600.0
"""Between attempts to register the commands; Discord counts those that it refuses."""

logger = logging.getLogger(__name__)

Guild = discord.Guild
Channel = discord.abc.GuildChannel
Role = discord.Role


class BotClient(discord.AutoShardedClient):
    """One login; a new one is made when it has failed."""

    def __init__(
        self,
        conversation: ConversationPort,
        answers: Answers,
        options: FrontendOptions,
        visibility: Visibility,
        on_connected: Callable[[], None],
        *,
        reads_messages: bool,
    ) -> None:
        # Only the content of messages is privileged, and only importing and watching need it:
        # what is said to the bot comes with its text anyway.
        intents = discord.Intents(
            guilds=True, guild_messages=True, dm_messages=True, message_content=reads_messages
        )
        super().__init__(
            intents=intents,
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            proxy=options.discord_proxy,
        )
        self.conversation = conversation
        self.answers = answers
        self.presses = Presses(answers)
        self._visibility = visibility
        self._mentions = Mentions(answers, conversation, options, visibility)
        self._on_connected = on_connected
        self._syncing: asyncio.Task[None] | None = None
        self.watcher = library.Watcher(self, conversation, options)
        self.importer = library.Importer(self, conversation, options, self.watcher.deletions)
        self._presence = library.Presence(self, conversation)
        more = (
            library.library_group(answers, conversation, options),
            library.add_to_library_menu(answers, conversation, options),
        )
        self.tree = Tree(self, answers, conversation, options, more)

    @property
    def may_read_messages(self) -> bool:
        """Whether the bot's owner has switched the message content intent on."""
        application = self.application
        flags = application.flags if application is not None else discord.ApplicationFlags()
        return flags.gateway_message_content or flags.gateway_message_content_limited

    async def setup_hook(self) -> None:
        """Make the buttons of earlier answers work, and the commands speak all languages."""
        self.add_dynamic_items(*components.ITEMS, *library.ITEMS, forgetting.ForgetButton)
        await self.tree.set_translator(Translator(self.tree))

    async def on_connect(self) -> None:
        """Tell Discord the commands, once."""
        self._on_connected()
        if self._syncing is None:
            self._syncing = asyncio.create_task(self._sync(), name="discord-commands")

    async def _sync(self) -> None:
        pause_s = FIRST_SYNC_PAUSE_S
        while True:
            try:
                await self.tree.tell_discord()
            except (discord.DiscordException, *NETWORK_ERRORS) as error:
                # The commands of last time stay until then.
                more = {"error": type(error).__name__, "pause_s": pause_s}
                logger.warning("discord_commands_not_synced", extra=more)
            else:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_SYNC_PAUSE_S)

    async def on_ready(self) -> None:
        """Tell where the bot is, and go on with what a stop has interrupted."""
        await self._presence.on_ready()
        await self.importer.resume()

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer components that no version of today knows; the library ignores them."""
        self._mentions.note_language(interaction.user.id, str(interaction.locale))
        if interaction.type is discord.InteractionType.component:
            data: Any = interaction.data
            if not self._knows(data["custom_id"]):
                await self.answers.say_expired(interaction)

    async def on_message(self, message: discord.Message) -> None:
        """Answer what is said to the bot, and take in what is posted where it watches."""
        watching = asyncio.create_task(self.watcher.on_message(message))
        if self.user is not None:
            await self._mentions.on_message(message, self.user.id)
        await watching

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Answer an edited question anew; a link's picture comes as an edit, too."""
        await self.watcher.on_edited(payload.message)
        if self.user is not None:
            await self._mentions.on_edit(payload.message, self.user.id)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Let pictures go with their message."""
        await self.watcher.on_deleted(payload.guild_id, payload.channel_id, {payload.message_id})

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Let pictures go with their messages."""
        await self.watcher.on_deleted(payload.guild_id, payload.channel_id, payload.message_ids)

    async def on_guild_available(self, guild: Guild) -> None:
        """Look anew at who sees what; so do the events below."""
        self._visibility.forget(guild.id)

    on_guild_unavailable = on_guild_available

    async def on_guild_join(self, guild: Guild) -> None:
        """Be welcome."""
        self._visibility.forget(guild.id)
        await self._presence.on_guild_join(guild)

    async def on_guild_remove(self, guild: Guild) -> None:
        """Be removed: the library is kept for a while."""
        self._visibility.forget(guild.id)
        await self._presence.on_guild_remove(guild)

    async def on_guild_update(self, _before: Guild, after: Guild) -> None:
        """Take note of another owner."""
        self._visibility.forget(after.id)

    async def on_guild_channel_create(self, channel: Channel) -> None:
        """Take note of a channel."""
        self._visibility.forget(channel.guild.id)

    on_guild_channel_delete = on_guild_channel_create

    async def on_guild_channel_update(self, _before: Channel, after: Channel) -> None:
        """Take note of who may see it now."""
        self._visibility.forget(after.guild.id)

    async def on_guild_role_create(self, role: Role) -> None:
        """Take note of a role."""
        self._visibility.forget(role.guild.id)

    on_guild_role_delete = on_guild_role_create

    async def on_guild_role_update(self, _before: Role, after: Role) -> None:
        """Take note of what it may do now."""
        self._visibility.forget(after.guild.id)

    async def close(self) -> None:
        """Let go of imports and of what is being taken in; the next start goes on with them."""
        if self._syncing is not None:
            self._syncing.cancel()
        await self.importer.stop()
        await self.watcher.stop()
        await super().close()

    def _knows(self, custom_id: str) -> bool:
        parts = (components, forgetting, library)
        return any(part.is_known(custom_id) for part in parts)


def invite_link(application_id: int) -> str:
    """Return the address that adds the bot to a server, with the least permissions."""
    permissions = discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        attach_files=True,
        read_message_history=True,
    )
    return discord.utils.oauth_url(
        application_id, permissions=permissions, scopes=("bot", "applications.commands")
    )
