"""Channels that can be imported and watched, and who may see them."""

from __future__ import annotations

from typing import Annotated, Any, TypeGuard, cast

import discord
from discord import app_commands

from bot.frontends.discord_bot.library.parts import RefusedError, mention

CONTENT_HELP = "docs/discord.md#message-content"
Readable = (
    discord.TextChannel
    | discord.VoiceChannel
    | discord.StageChannel
    | discord.ForumChannel
    | discord.Thread
)
Walkable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
"""What holds messages itself; a forum only has threads."""
CHANNEL_TYPES = (
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
    discord.ChannelType.forum,
    discord.ChannelType.media,
)
_THREAD_TYPES = (
    discord.ChannelType.public_thread,
    discord.ChannelType.news_thread,
    discord.ChannelType.private_thread,
)


class _ChannelOption(app_commands.Transformer):
    """Takes any channel that is offered, whether the library knows it or not."""

    def __init__(self, *more: discord.ChannelType) -> None:
        self._types = [*CHANNEL_TYPES, *more]

    @property
    def type(self) -> discord.AppCommandOptionType:
        """The kind of option."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """The kinds of channels that Discord offers."""
        return self._types

    async def transform(self, _interaction: discord.Interaction[Any], value: Any, /) -> int:
        """Return the channel's id."""
        return int(value.id)


ChannelId = Annotated[int, _ChannelOption()]
ChannelOrThreadId = Annotated[int, _ChannelOption(*_THREAD_TYPES)]


def check_content(client: discord.Client) -> None:
    """Raise RefusedError where Discord keeps back what is posted."""
    if not client.intents.message_content:
        raise RefusedError("no_content", help=CONTENT_HELP)


async def find_channel(client: discord.Client, guild: discord.Guild, channel_id: int) -> Readable:
    """Look a channel up, archived threads too; raises RefusedError."""
    channel: object = guild.get_channel_or_thread(channel_id)
    if channel is None:
        try:
            channel = await client.fetch_channel(channel_id)
        except discord.Forbidden as error:
            raise RefusedError("bot_cannot_see", channel=mention(channel_id)) from error
        except (discord.NotFound, discord.InvalidData) as error:
            raise RefusedError("no_such_channel") from error
    if not _is_readable(channel) or channel.guild.id != guild.id:
        raise RefusedError("no_such_channel")
    return channel


def check_bot(channel: Readable, *, history: bool) -> None:
    """Raise RefusedError where the bot may not look."""
    name, me = mention(channel.id), cast("discord.Member | None", channel.guild.me)
    if me is None:
        return  # nothing is known that would speak against it
    allowed = permissions(channel, me)
    if not _sees(channel, allowed):
        raise RefusedError("bot_cannot_see", channel=name)
    # Without it, Discord answers that there is nothing.
    if history and not allowed.read_message_history:
        raise RefusedError("bot_cannot_read", channel=name)


def check_admin(channel: Readable, interaction: discord.Interaction[Any]) -> None:
    """Raise RefusedError for a channel that its admin cannot see."""
    if channel.id == interaction.channel_id:
        return
    member = interaction.user
    if isinstance(member, discord.Member):
        allowed = permissions(channel, member)
        is_private = isinstance(channel, discord.Thread) and channel.is_private()
        if _sees(channel, allowed) and (not is_private or allowed.manage_threads):
            return
    raise RefusedError("you_cannot_see", channel=mention(channel.id))


def permissions(channel: Readable, member: discord.Member) -> discord.Permissions:
    """Tell what somebody may in a channel; nothing where that cannot be told."""
    try:
        return channel.permissions_for(member)
    except discord.ClientException:
        return discord.Permissions.none()


def threads_of(channel: Readable) -> list[discord.Thread]:
    """Return the active threads that everybody sees who sees the channel, oldest first."""
    if isinstance(channel, discord.TextChannel | discord.ForumChannel):
        threads = (thread for thread in channel.threads if not thread.is_private())
        return sorted(threads, key=lambda thread: thread.id)
    return []


def age_restricted(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether a command was used where only adults are; in doubt it was."""
    guild, channel_id = interaction.guild, interaction.channel_id
    # From the cache: Discord does not promise that the interaction's own tells it.
    channel: Any = guild.get_channel_or_thread(channel_id) if guild and channel_id else None
    channel = channel or interaction.channel
    if isinstance(channel, discord.Thread):
        channel = channel.parent
    if isinstance(channel, discord.abc.GuildChannel):
        return bool(getattr(channel, "nsfw", False))
    return True


def _is_readable(channel: object) -> TypeGuard[Readable]:
    return isinstance(channel, Readable)


def _sees(channel: Readable, allowed: discord.Permissions) -> bool:
    is_voice = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return allowed.view_channel and (not is_voice or allowed.connect)
