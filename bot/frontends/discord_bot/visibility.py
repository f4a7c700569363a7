"""Which channels' pictures may be shown, to whom and where.

A member gets no picture from a channel that they cannot see, and pictures from age-restricted
channels appear only in age-restricted ones. Where Discord has not told us enough to be certain,
nothing but the place itself is left.

Source of the rules: the page topics/permissions of discord-api-docs; reading messages in a voice
channel takes CONNECT besides VIEW_CHANNEL (resources/message, "Get Channel Messages").
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import discord

MAX_ENTRIES = 2000
"""Answers that are remembered, over all servers."""
_VIEW = discord.Permissions(view_channel=True).value
_CONNECT = discord.Permissions(connect=True).value
_ADMINISTRATOR = discord.Permissions(administrator=True).value
_OVERWRITE_OF_A_MEMBER = 1
_NOBODY = 0

Place = discord.abc.Snowflake
"""A channel or thread; any other thing with an id counts as a channel that is not known."""


def source_channel_of(channel: Place) -> str:
    """Return the id to keep with a picture posted there: a public thread's is its parent's."""
    if isinstance(channel, discord.Thread) and not channel.is_private():
        return str(channel.parent_id)
    return str(channel.id)


def source_message_of(channel: Place, message_id: int) -> str:
    """Return what to keep of the message a picture was posted with, so that a link leads there.

    With a picture that is kept as its thread's parent's, the thread belongs to the address.
    """
    is_here = source_channel_of(channel) == str(channel.id)
    return str(message_id) if is_here else f"{channel.id}/{message_id}"


def visible_to_member(guild: discord.Guild, member: discord.Member, place: Place) -> frozenset[str]:
    """Return the ids of the channels whose pictures a private answer in ``place`` may show."""
    return _visible(guild, member, place, to_all=False)


def visible_to_all_in(guild: discord.Guild, member: discord.Member, place: Place) -> frozenset[str]:
    """Return those of a public answer: everybody who sees ``place`` can see these channels too.

    Everybody means whoever could: any set of roles counts, whether somebody has it or not. People
    invited to a single voice channel as guests are the exception: what everybody else who is there
    may see is shown in front of them.
    """
    return _visible(guild, member, place, to_all=True)


def is_open_to_everybody(guild: discord.Guild, place: Place) -> bool:
    """Tell whether everybody in a server can read a channel or thread that is for all ages."""
    if isinstance(place, discord.Thread) and place.is_private():
        return False
    home = guild.get_channel(place.parent_id if isinstance(place, discord.Thread) else place.id)
    if home is None or not _is_known(guild) or home.is_nsfw():
        return False
    return all(right.is_everybodys for right in _Server(guild).needed_for(home))


class Visibility:
    """The same answers, remembered.

    They hold until ``forget`` is called, which is due on guild_available, guild_unavailable,
    guild_join, guild_remove, guild_update, guild_channel_create, guild_channel_update,
    guild_channel_delete, guild_role_create, guild_role_update and guild_role_delete. A member's
    roles need no event: they are part of the question.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        # With the server's object: after a new session there is another one, with other contents.
        self._known: OrderedDict[tuple[object, ...], tuple[discord.Guild, frozenset[str]]] = (
            OrderedDict()
        )
        self._open: OrderedDict[tuple[object, ...], tuple[discord.Guild, bool]] = OrderedDict()

    def visible_to_member(
        self, guild: discord.Guild, member: discord.Member, place: Place
    ) -> frozenset[str]:
        """Return the ids of the channels whose pictures a private answer in ``place`` may show."""
        return self._recall(guild, member, place, to_all=False)

    def visible_to_all_in(
        self, guild: discord.Guild, member: discord.Member, place: Place
    ) -> frozenset[str]:
        """Return those of a public answer: everybody who sees ``place`` can see these too."""
        return self._recall(guild, member, place, to_all=True)

    def is_open(self, guild: discord.Guild, place: Place) -> bool:
        """Tell whether whoever is in a server can read what is asked in ``place``."""
        if not _is_known(guild):
            return False
        key = (guild.id, place.id)
        known_guild, is_open = self._open.get(key, (None, False))
        if known_guild is not guild:
            is_open = is_open_to_everybody(guild, place)
            self._open[key] = guild, is_open
            if len(self._open) > self._max_entries:
                self._open.popitem(last=False)
        return is_open

    def forget(self, guild_id: int) -> None:
        """Forget all about a server."""
        for known in (self._known, self._open):
            for key in [key for key in known if key[0] == guild_id]:
                del known[key]

    def _recall(
        self, guild: discord.Guild, member: discord.Member, place: Place, *, to_all: bool
    ) -> frozenset[str]:
        if not _is_known(guild) or member.flags.guest:
            return _visible(guild, member, place, to_all=to_all)
        key = (guild.id, member.id, tuple(member._roles), place.id, to_all)
        known_guild, visible = self._known.get(key, (None, frozenset[str]()))
        if known_guild is not guild:
            visible = _visible(guild, member, place, to_all=to_all)
            self._known[key] = guild, visible
            if len(self._known) > self._max_entries:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return visible


# --- How it is decided ----------------------------------------------------------------------
#
# discord.py's own overwrites take 40 ms per hundred channels to be made, and its rules know
# nothing of "everybody". What they are made from (``_roles``, ``_overwrites``) is read instead;
# the tests hold the outcome against the library's ``permissions_for``.


@dataclass(frozen=True, slots=True)
class _Right:
    """Who has one permission in one channel. Sets of roles are the bits of a number."""

    always: bool
    """Whether it takes no role: @everyone has it, or is allowed it here."""
    granted: int = 0
    """Roles that have it throughout the server, unless it is taken from @everyone here."""
    allowed: int = 0
    """Roles that are allowed it here, which outweighs all that are denied it."""
    denied: int = 0
    members: Mapping[int, bool] = field(default_factory=dict)
    """Members who are allowed (True) or denied it here, whatever their roles."""

    @property
    def is_everybodys(self) -> bool:
        """Whether nobody lacks it."""
        return self.always and not self.denied and all(self.members.values())

    def has(self, member_id: int, roles: int) -> bool:
        """Tell whether a member with these roles has it."""
        right = self.of(member_id)
        if roles & right.allowed:
            return True
        return (right.always or bool(roles & right.granted)) and not roles & right.denied

    def of(self, member_id: int) -> _Right:
        """Return what it is for one member, whose roles are not known."""
        decided = self.members.get(member_id)
        if decided is None:
            return self
        return _EVERYBODY_HAS_IT if decided else _NOBODY_HAS_IT


_EVERYBODY_HAS_IT = _Right(always=True)
_NOBODY_HAS_IT = _Right(always=False)


def _implies(one: _Right, other: _Right, left_out: int) -> bool:
    """Tell whether every set of roles that has one right has the other one, too.

    Exact: looks for a set of roles, none of those left out, that has ``one`` and lacks
    ``other``. To lack it, no role may be allowed it, and either nothing gives it or a role is
    denied it; to have ``one``, a role is allowed it, or something gives it and none is denied it.
    """
    free = ~left_out & ~other.allowed
    open_here = free & ~one.denied
    if free & one.allowed and free & other.denied:
        return False
    if open_here & other.denied and (one.always or open_here & one.granted):
        return False
    if other.always:
        return True
    bare = free & ~other.granted
    return not (one.always or bare & one.allowed or bare & ~one.denied & one.granted)


class _Server:
    """A server's roles and overwrites, as far as they decide who sees what."""

    def __init__(self, guild: discord.Guild) -> None:
        self._guild = guild
        self._numbers: dict[int, int] = {}
        self._everyone = guild.default_role.permissions.value
        self._granted = {_VIEW: 0, _CONNECT: 0, _ADMINISTRATOR: 0}
        # No person can have a bot's own role, and what bots see harms nobody.
        self._bots = set[int]()
        self._roles_of_bots = 0
        for role in guild._roles.values():
            if role.id != guild.id:
                for permission in self._granted:
                    if role._permissions & permission:
                        self._granted[permission] |= self._bit(role.id)
            if role.tags is not None and role.tags.bot_id is not None:
                self._roles_of_bots |= self._bit(role.id)
                self._bots.add(role.tags.bot_id)

    def is_all_powerful(self, member_id: int, roles: int) -> bool:
        """Tell whether no overwrite can stop a member."""
        return (
            member_id == self._guild.owner_id
            or bool(self._everyone & _ADMINISTRATOR)
            or bool(roles & self._granted[_ADMINISTRATOR])
        )

    def roles_of(self, member: discord.Member) -> int:
        """Return a member's roles as bits."""
        return sum({self._bit(role_id) for role_id in member._roles})

    def needed_for(self, channel: discord.guild.GuildChannel) -> Sequence[_Right]:
        """Return the rights that together let people see what is posted in a channel."""
        needed = [self._right(channel, _VIEW)]
        if isinstance(channel, discord.VoiceChannel | discord.StageChannel):
            needed.append(self._right(channel, _CONNECT))
        return needed

    def all_see_too(self, place: Sequence[_Right], source: Sequence[_Right]) -> bool:
        """Tell whether whoever has all rights for a place has all of those for a source."""
        if self._everyone & _ADMINISTRATOR:
            return True
        someones = {_NOBODY}.union(*(right.members for right in (*place, *source)))
        someones -= {self._guild.owner_id, *self._bots}
        # Administrators see everything, as the owner does.
        left_out = self._granted[_ADMINISTRATOR] | self._roles_of_bots
        return all(
            any(_implies(one.of(someone), other.of(someone), left_out) for one in place)
            for other in source
            for someone in someones
        )

    def _right(self, channel: discord.guild.GuildChannel, permission: int) -> _Right:
        always, granted = bool(self._everyone & permission), self._granted[permission]
        allowed = denied = 0
        members: dict[int, bool] = {}
        for overwrite in channel._overwrites:
            if not (overwrite.allow | overwrite.deny) & permission:
                continue
            is_allowed = bool(overwrite.allow & permission)
            if overwrite.type == _OVERWRITE_OF_A_MEMBER:
                members[overwrite.id] = is_allowed
            elif overwrite.id == self._guild.id:
                always, granted = is_allowed, 0
            elif is_allowed:
                allowed |= self._bit(overwrite.id)
            else:
                denied |= self._bit(overwrite.id)
        return _Right(always, granted, allowed, denied, members)

    def _bit(self, role_id: int) -> int:
        return 1 << self._numbers.setdefault(role_id, len(self._numbers))


def _is_known(guild: discord.Guild) -> bool:
    """Tell whether Discord has told us about a server; during an outage it has no roles."""
    return not guild.unavailable and guild.get_role(guild.id) is not None


def _visible(
    guild: discord.Guild, member: discord.Member, place: Place, *, to_all: bool
) -> frozenset[str]:
    # The channel from the cache: what comes with an interaction lacks the overwrites.
    home = guild.get_channel(place.parent_id if isinstance(place, discord.Thread) else place.id)
    if home is None or not _is_known(guild) or member.flags.guest:
        return frozenset({source_channel_of(place)})
    visible = set(_sources(guild, member, home, to_all=to_all))
    if isinstance(place, discord.Thread) and place.is_private():
        # Who is in it sees its parent, too, and it is a source of its own.
        visible.add(str(place.id))
    return frozenset(visible)


def _sources(
    guild: discord.Guild, member: discord.Member, home: discord.guild.GuildChannel, *, to_all: bool
) -> Iterator[str]:
    server = _Server(guild)
    roles = server.roles_of(member)
    sees_all = server.is_all_powerful(member.id, roles)
    needed_here = server.needed_for(home)
    is_restricted = home.is_nsfw()
    for channel in guild.channels:
        if channel.is_nsfw() and not is_restricted:
            continue
        needed = server.needed_for(channel)
        if (sees_all or all(right.has(member.id, roles) for right in needed)) and (
            not to_all or server.all_see_too(needed_here, needed)
        ):
            yield str(channel.id)
