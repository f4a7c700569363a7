"""Who asks, where, in which language, and what they may be shown there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import discord

from bot.core.messages import Incoming, Person, Request
from bot.frontends.discord_bot.visibility import Place, Visibility


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody in a place on Discord."""

    collection: str
    person: Person
    language: str
    is_public: bool = False
    """Whether others see the answer."""
    is_open: bool = False
    """Whether everybody in the server can, so that the question may be suggested to them."""
    look: Callable[[], frozenset[str] | None] = lambda: None
    """Returns the channels whose pictures may be shown; it costs a little, so only when asked."""

    def asks(self, request: Request, page_size: int) -> Incoming:
        """Put a request into the form the core takes."""
        return Incoming(
            self.collection,
            self.person,
            self.language,
            request,
            page_size,
            sees=self.look(),
            is_public=self.is_open,
            from_anybody=True,
        )


def asker_of_interaction(
    interaction: discord.Interaction[Any], visibility: Visibility, *, is_private: bool
) -> Asker:
    """Tell who has used a command or a button."""
    user, guild = interaction.user, interaction.guild
    may_manage = interaction.permissions.manage_guild
    language = str(interaction.locale)
    if guild is None or not isinstance(user, discord.Member):
        return _asker(user, None, may_manage, language)
    place: Place = interaction.channel or discord.Object(interaction.channel_id or 0)
    look = _look(visibility, guild, user, place, is_private=is_private)
    asker = _asker(user, guild.id, may_manage, language, is_public=not is_private, look=look)
    return replace(asker, is_open=asker.is_public and visibility.is_open(guild, place))


def asker_of_message(message: discord.Message, visibility: Visibility, language: str) -> Asker:
    """Tell who has written a message, which everybody there will see the answer to.

    Discord does not say which language its author reads.
    """
    guild, author = message.guild, message.author
    if guild is None:
        return _asker(author, None, False, language)
    if not isinstance(author, discord.Member):
        # A server that Discord has told us nothing about: whoever that is, they are no admin.
        place = frozenset({str(message.channel.id)})
        return _asker(author, guild.id, False, language, is_public=True, look=lambda: place)
    # During an outage of Discord a server has no roles, and nobody can be told to be an admin.
    is_known = guild.get_role(guild.id) is not None
    may_manage = is_known and author.guild_permissions.manage_guild
    look = _look(visibility, guild, author, message.channel, is_private=False)
    asker = _asker(author, guild.id, may_manage, language, is_public=True, look=look)
    return replace(asker, is_open=visibility.is_open(guild, message.channel))


def collection_of(guild_id: int | None, user_id: int) -> str:
    """Return the key of a server's collection, or of a person's own."""
    return f"discord:user:{user_id}" if guild_id is None else f"discord:guild:{guild_id}"


def person_id_of(user_id: int) -> str:
    """Return who somebody on Discord is to the core."""
    return f"discord:{user_id}"


def _look(
    visibility: Visibility,
    guild: discord.Guild,
    member: discord.Member,
    place: Place,
    *,
    is_private: bool,
) -> Callable[[], frozenset[str] | None]:
    visible = visibility.visible_to_member if is_private else visibility.visible_to_all_in
    return lambda: visible(guild, member, place)


def _asker(
    user: discord.User | discord.Member,
    guild_id: int | None,
    may_manage: bool,
    language: str,
    *,
    is_public: bool = False,
    look: Callable[[], frozenset[str] | None] = lambda: None,
) -> Asker:
    # Everybody has @everyone, whose id is the server's: no group. A direct conversation has a
    # collection of its own, and the person is its admin.
    roles = user._roles if isinstance(user, discord.Member) else ()
    groups = frozenset(str(role_id) for role_id in roles if role_id != guild_id)
    is_admin = may_manage or guild_id is None
    person = Person(person_id_of(user.id), user.display_name, is_admin, groups)
    collection = collection_of(guild_id, user.id)
    return Asker(collection, person, language, is_public=is_public, look=look)
