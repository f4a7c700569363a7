"""What happens on the fake Discord without the bot: servers, channels and roles change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.acceptance.discord_attachments import CustomEmoji
from tests.acceptance.discord_guilds import Guild
from tests.acceptance.discord_limits import UploadedFile
from tests.acceptance.discord_messages import Message
from tests.acceptance.discord_places import Channel, Member, Overwrite, Role
from tests.acceptance.discord_state import State


class Events(State):
    """Changes the world and tells of it."""

    def new_guild(self, name: str, **more: Any) -> Guild:
        """Found a server with the bot in it; before the bot connects."""
        guild = Guild(name, bot=self.bot, **more)
        self.gateway.guilds.append(guild)
        return guild

    async def join_guild(self, guild: Guild) -> None:
        """Tell the bot, which is connected, of a server it is now in."""
        if guild not in self.gateway.guilds:
            self.gateway.guilds.append(guild)
        payload = guild.payload()
        # That it is new, discord.py makes out from this not being said.
        del payload["unavailable"]
        await self.gateway.tell("GUILD_CREATE", payload, guild.id)

    async def remove_guild(self, guild: Guild) -> None:
        """Throw the bot out of a server."""
        self.gateway.guilds.remove(guild)
        await self.gateway.tell("GUILD_DELETE", {"id": str(guild.id)}, guild.id)

    async def take_down(self, guild: Guild) -> None:
        """Make a server unavailable, as in an outage."""
        guild.is_unavailable = True
        gone = {"id": str(guild.id), "unavailable": True}
        await self.gateway.tell("GUILD_DELETE", gone, guild.id)

    async def bring_back(self, guild: Guild) -> None:
        """Make a server available again."""
        guild.is_unavailable = False
        await self.gateway.tell("GUILD_CREATE", guild.payload(), guild.id)

    async def new_channel(self, guild: Guild, name: str, **more: Any) -> Channel:
        """Make a channel and tell of it; takes what ``Guild.add_channel`` takes."""
        channel = guild.add_channel(name, **more)
        await self.gateway.tell("CHANNEL_CREATE", guild.channel_payload(channel), guild.id)
        return channel

    async def change_channel(
        self,
        guild: Guild,
        channel: Channel,
        *,
        name: str | None = None,
        nsfw: bool | None = None,
        overwrites: Iterable[Overwrite] | None = None,
        is_archived: bool | None = None,
    ) -> None:
        """Change a channel or a thread and tell of it."""
        channel.name = channel.name if name is None else name
        channel.nsfw = channel.nsfw if nsfw is None else nsfw
        channel.overwrites = channel.overwrites if overwrites is None else tuple(overwrites)
        channel.is_archived = channel.is_archived if is_archived is None else is_archived
        event = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        await self.gateway.tell(event, guild.channel_payload(channel), guild.id)

    async def remove_channel(self, guild: Guild, channel: Channel) -> None:
        """Delete a channel or a thread, with its messages, and tell of it."""
        payload = guild.channel_payload(channel)
        below = [item for item in guild.channels.values() if item.parent_id == channel.id]
        for gone in (channel, *(item for item in below if item.is_thread)):
            del guild.channels[gone.id]
            for message in [m for m in self.messages.values() if m.channel_id == gone.id]:
                del self.messages[message.id]
        event = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        await self.gateway.tell(event, payload, guild.id)

    async def new_thread(
        self, guild: Guild, channel: Channel, name: str, private: bool = False
    ) -> Channel:
        """Make a thread, and tell of it if the bot can see it."""
        thread = guild.add_thread(channel, name, private=private)
        if guild.sees(self.application_id, thread):
            payload = {**guild.channel_payload(thread), "newly_created": True}
            await self.gateway.tell("THREAD_CREATE", payload, guild.id)
        return thread

    async def new_role(self, guild: Guild, name: str, permissions: int = 0) -> Role:
        """Make a role and tell of it."""
        role = guild.add_role(name, permissions)
        told = {"guild_id": str(guild.id), "role": role.payload()}
        await self.gateway.tell("GUILD_ROLE_CREATE", told, guild.id)
        return role

    async def change_role(
        self, guild: Guild, role: Role, *, name: str | None = None, permissions: int | None = None
    ) -> None:
        """Change a role, ``guild.everyone`` and ``guild.bot_role`` too, and tell of it."""
        role.name = role.name if name is None else name
        role.permissions = role.permissions if permissions is None else permissions
        told = {"guild_id": str(guild.id), "role": role.payload()}
        await self.gateway.tell("GUILD_ROLE_UPDATE", told, guild.id)

    async def remove_role(self, guild: Guild, role: Role) -> None:
        """Delete a role and tell of it."""
        del guild.roles[role.id]
        for member in guild.members.values():
            member.role_ids = [item for item in member.role_ids if item != role.id]
        told = {"guild_id": str(guild.id), "role_id": str(role.id)}
        await self.gateway.tell("GUILD_ROLE_DELETE", told, guild.id)

    async def give_roles(self, guild: Guild, user_id: int, roles: Sequence[Role]) -> None:
        """Set somebody's roles; of others than itself the bot is not told without an intent."""
        member = guild.members[user_id]
        member.role_ids = [role.id for role in roles]
        told = {"guild_id": str(guild.id), **member.payload()}
        await self.gateway.tell("GUILD_MEMBER_UPDATE", told, guild.id)

    async def remove_member(self, guild: Guild, user_id: int) -> Member:
        """Have somebody leave a server."""
        member = guild.members.pop(user_id)
        told = {"guild_id": str(guild.id), "user": member.user}
        await self.gateway.tell("GUILD_MEMBER_REMOVE", told, guild.id)
        return member

    async def bulk_delete(self, messages: Sequence[Message]) -> None:
        """Have a moderator delete several messages of a channel at once."""
        await self.remove_messages(list(messages), "MESSAGE_DELETE_BULK")

    def add_emoji(
        self, guild: Guild, name: str, content: bytes, *, is_animated: bool = False
    ) -> CustomEmoji:
        """Give a server an emoji of its own; before the bot connects."""
        emoji = CustomEmoji(name, content, is_animated)
        guild.emojis.append(emoji.payload())
        # The CDN serves every emoji under several endings.
        for ending in ("webp", "png", "gif" if is_animated else "jpg"):
            kept = UploadedFile(f"{name}.{ending}", content)
            self.pictures[f"/emojis/{emoji.id}.{ending}"] = kept
        return emoji

    def expire_links(self) -> None:
        """Let all addresses of attachments given out so far expire."""
        self.links.generation += 1
