"""Who may do and see what on the fake Discord, and what the bot is told of it."""

from __future__ import annotations

import discord
import pytest

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_bare import BareBot, connected
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_places import CATEGORY, JOINED
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Overwrite

VIEW, SEND = limits.VIEW_CHANNEL, limits.SEND_MESSAGES


@pytest.mark.parametrize(
    ("allowed", "overwrites", "expected"),
    [
        # topics/permissions: everyone's, then the roles' together, then the member's own.
        ("", "e-", False),
        ("", "e- r+", True),
        ("", "r- s+", True),
        ("", "e+ r-", False),
        ("", "r+ m-", False),
        ("", "e- r- m+", True),
        ("", "o-", True),
        ("admin", "e- r- m-", True),
        ("owner", "e- r- m-", True),
    ],
)
def test_permissions_add_up_as_documented(
    server: DiscordServer, guild: Guild, allowed: str, overwrites: str, expected: bool
) -> None:
    role, second, other = (guild.add_role(name) for name in ("r", "s", "o"))
    person = DiscordPerson(server, "Max", guild, roles=[role, second])
    ids = {"e": guild.id, "r": role.id, "s": second.id, "o": other.id, "m": person.id}
    channel = guild.add_channel(
        "hall",
        overwrites=[
            Overwrite(
                ids[text[0]],
                int(text[0] == "m"),
                VIEW if text[1] == "+" else 0,
                VIEW if text[1] == "-" else 0,
            )
            for text in overwrites.split()
        ],
    )
    role.permissions = limits.ADMINISTRATOR if allowed == "admin" else 0
    guild.owner_id = person.id if allowed == "owner" else guild.owner_id
    assert guild.sees(person.id, channel) is expected


async def test_discord_py_computes_the_same(server: DiscordServer, guild: Guild) -> None:
    role = guild.add_role("keepers", limits.MANAGE_MESSAGES)
    hidden = Overwrite(guild.id, 0, deny=VIEW)
    shown = Overwrite(role.id, 0, allow=VIEW, deny=SEND)
    category = guild.add_channel("Back", kind=CATEGORY)
    channel = guild.add_channel(
        "vault", nsfw=True, overwrites=[hidden, shown], parent_id=category.id
    )
    thread = guild.add_thread(guild.channels[guild.channel_id], "talk")
    unseen = guild.add_thread(channel, "whisper")
    guild.bot_permissions &= ~limits.ATTACH_FILES
    async with connected(BareBot()) as bot:
        known = bot.get_guild(guild.id)
        assert known is not None
        assert known.me.joined_at is not None
        assert JOINED.startswith(known.me.joined_at.strftime("%Y-%m-%dT%H:%M"))
        assert known.self_role is not None
        for item in guild.channels.values():
            if item is unseen:
                continue
            seen = known.get_channel_or_thread(item.id)
            assert seen is not None
            if item is not thread:
                mine = guild.permissions_of(server.application_id, item)
                # discord.py takes away what cannot be used without seeing the channel.
                allowed = seen.permissions_for(known.me)
                assert allowed.view_channel == bool(mine & VIEW)
                assert allowed.attach_files is False
        assert known.get_thread(unseen.id) is None
        vault = known.get_channel(channel.id)
        assert isinstance(vault, discord.TextChannel)
        assert vault.is_nsfw()
        assert vault.category_id == category.id
        person = DiscordPerson(server, "Max", guild, roles=[role])
        member = await known.fetch_member(person.id)
        expected = guild.permissions_of(person.id, channel)
        told = VIEW | SEND | limits.READ_MESSAGE_HISTORY | limits.MANAGE_MESSAGES
        assert vault.permissions_for(member).value & told == expected & told


async def test_changes_are_told(server: DiscordServer, guild: Guild) -> None:
    async with connected(BareBot()) as bot:
        known = bot.get_guild(guild.id)
        assert known is not None
        channel = await server.new_channel(guild, "attic")
        assert (await bot.hear("guild_channel_create")).id == channel.id
        hide = Overwrite(guild.id, 0, deny=VIEW)
        await server.change_channel(guild, channel, nsfw=True, overwrites=[hide])
        await bot.hear("guild_channel_update")
        attic = known.get_channel(channel.id)
        assert isinstance(attic, discord.TextChannel)
        assert attic.is_nsfw()
        assert not attic.permissions_for(known.me).view_channel
        general = guild.channels[guild.channel_id]
        thread = await server.new_thread(guild, general, "talk")
        assert (await bot.hear("thread_create")).id == thread.id
        await server.new_thread(guild, general, "secret", private=True)
        await server.change_channel(guild, thread, is_archived=True)
        assert (await bot.hear("thread_update")).id == thread.id
        role = await server.new_role(guild, "keepers")
        assert (await bot.hear("guild_role_create")).id == role.id
        await server.change_role(guild, role, permissions=limits.ADMINISTRATOR)
        assert (await bot.hear("guild_role_update")).id == role.id
        await server.give_roles(guild, server.application_id, [role])
        await bot.hear("member_update")
        assert attic.permissions_for(known.me).view_channel
        await server.remove_role(guild, role)
        await bot.hear("guild_role_delete")
        await server.remove_channel(guild, general)
        await bot.hear("guild_channel_delete")
        assert known.get_channel(general.id) is None
        assert thread.id not in guild.channels
    names = [name for name, _ in list(bot.heard._queue)]  # type: ignore[attr-defined]
    assert "thread_create" not in names


async def test_servers_come_and_go(server: DiscordServer, guild: Guild) -> None:
    async with connected(BareBot()) as bot:
        await server.take_down(guild)
        await bot.hear("guild_unavailable")
        await server.bring_back(guild)
        await bot.hear("guild_available")
        await server.remove_guild(guild)
        assert (await bot.hear("guild_remove")).id == guild.id
        await server.join_guild(guild)
        assert (await bot.hear("guild_join")).id == guild.id
        other = DiscordPerson(server, "Max", Guild("Elsewhere"))
        with pytest.raises(NotShownError):
            await other.post("x")


async def test_thousands_of_servers_are_cheap(server: DiscordServer) -> None:
    for number in range(2000):
        server.new_guild(f"Guild {number}")
    async with connected(BareBot()) as bot:
        assert len(bot.guilds) == 2000


async def test_nobody_does_anything_in_a_channel_they_do_not_see(
    server: DiscordServer, guild: Guild
) -> None:
    role = guild.add_role("keepers")
    hidden = Overwrite(guild.id, 0, deny=VIEW), Overwrite(role.id, 0, allow=VIEW)
    channel = guild.add_channel("vault", overwrites=hidden)
    quiet = guild.add_channel("quiet", overwrites=[Overwrite(guild.id, 0, deny=SEND)])
    outsider = DiscordPerson(server, "Max", guild)
    keeper = DiscordPerson(server, "Kim", guild, roles=[role])
    message = await keeper.in_channel(channel).post("here")
    assert message.channel_id == channel.id
    for attempt in (
        outsider.in_channel(channel).post("x"),
        outsider.in_channel(quiet).post("x"),
        outsider.in_channel(guild.add_thread(channel, "talk")).post("x"),
        outsider.delete(message),
        outsider.edit(message, "y"),
    ):
        with pytest.raises(NotShownError):
            await attempt
    private = await server.new_thread(guild, guild.channels[guild.channel_id], "us", private=True)
    with pytest.raises(NotShownError):
        await outsider.in_channel(private).post("x")
    private.member_ids.add(outsider.id)
    await outsider.in_channel(private).post("x")
