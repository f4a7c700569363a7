"""Who asks, where and in which language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord

from bot.core.messages import Incoming, Person, Request


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody in a place on Discord."""

    collection: str
    person: Person
    language: str

    def asks(self, request: Request, page_size: int) -> Incoming:
        """Put a request into the form the core takes."""
        return Incoming(self.collection, self.person, self.language, request, page_size)


def asker_of_interaction(interaction: discord.Interaction[Any]) -> Asker:
    """Tell who has used a command or a button."""
    may_manage = interaction.permissions.manage_guild
    return _asker(interaction.user, interaction.guild_id, may_manage, str(interaction.locale))


def asker_of_message(message: discord.Message) -> Asker:
    """Tell who has written a message; Discord does not say which language they read."""
    guild, author = message.guild, message.author
    if guild is None:
        return _asker(author, None, False, "en")
    # During an outage of Discord a server has no roles, and nobody can be told to be an admin.
    is_known = guild.get_role(guild.id) is not None
    may_manage = (
        is_known and isinstance(author, discord.Member) and author.guild_permissions.manage_guild
    )
    return _asker(author, guild.id, may_manage, str(guild.preferred_locale))


def _asker(
    user: discord.User | discord.Member, guild_id: int | None, may_manage: bool, language: str
) -> Asker:
    # A direct conversation has a collection of its own, and the person is its admin.
    place = f"user:{user.id}" if guild_id is None else f"guild:{guild_id}"
    # Everybody has @everyone, whose id is the server's: no group.
    roles = user.roles if isinstance(user, discord.Member) else []
    groups = frozenset(str(role.id) for role in roles if role.id != guild_id)
    is_admin = may_manage or guild_id is None
    person = Person(f"discord:{user.id}", user.display_name, is_admin, groups)
    return Asker(f"discord:{place}", person, language)
