"""What people on the fake Discord can fill into commands, and how the bot gets it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.acceptance.discord_bare import BareBot, connected
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Overwrite

pytestmark = pytest.mark.usefixtures("bot")
PICTURE = UploadedFile("cat.png", b"\x89PNG cat")


class German(app_commands.Translator):
    """Knows two words."""

    async def translate(self, string: Any, locale: Any, context: Any) -> str | None:
        known = {"search": "suche", "query": "anfrage"}
        return known.get(string.message) if locale is discord.Locale.german else None


@pytest.fixture
def got() -> dict[str, Any]:
    """What the last command was given."""
    return {}


@pytest.fixture
async def bot(server: DiscordServer, guild: Guild, got: dict[str, Any]) -> AsyncIterator[BareBot]:
    client = BareBot()
    library = app_commands.Group(
        name="library",
        description="x",
        default_permissions=discord.Permissions(manage_guild=True),
        guild_only=True,
    )
    nested = app_commands.Group(name="watch", description="x", parent=library)

    async def keep(interaction: discord.Interaction, **given: Any) -> None:
        got.clear()
        got.update(given, user=interaction.user, interaction=interaction)
        await interaction.response.send_message("done")

    async def offers(
        interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        got["namespace"] = interaction.namespace
        return [app_commands.Choice(name=f"{current}{n}", value=f"v{n}") for n in range(25)]

    @client.tree.command(name=app_commands.locale_str("search"), description="x")
    @app_commands.rename(query=app_commands.locale_str("query"))
    @app_commands.autocomplete(query=offers)
    @app_commands.choices(size=[app_commands.Choice(name="big", value=2)])
    async def search(  # noqa: PLR0917
        interaction: discord.Interaction,
        query: str,
        count: app_commands.Range[int, 1, 10] = 5,
        size: int = 1,
        private: bool = False,
        whom: discord.Member | None = None,
        ratio: float = 1.0,
    ) -> None:
        await keep(
            interaction,
            query=query,
            count=count,
            size=size,
            private=private,
            whom=whom,
            ratio=ratio,
        )

    @nested.command(name="add", description="x")
    async def add(
        interaction: discord.Interaction,
        channel: discord.TextChannel,
        role: discord.Role | None = None,
        picture: discord.Attachment | None = None,
        either: discord.Role | discord.Member | None = None,
    ) -> None:
        content = await picture.read() if picture else None
        await keep(interaction, channel=channel, role=role, content=content, either=either)

    client.tree.add_command(library)
    await client.tree.set_translator(German())
    async with connected(client):
        yield client


async def test_values_come_as_their_types(
    member: DiscordPerson, admin: DiscordPerson, got: dict[str, Any]
) -> None:
    exchange = await member.slash(
        "search", query="cat", count=10, size="big", private=True, whom=admin, ratio=0.5
    )
    assert (await exchange.answer()).content == "done"
    assert (got["query"], got["count"], got["size"]) == ("cat", 10, 2)
    assert (got["private"], got["ratio"]) == (True, 0.5)
    assert isinstance(got["whom"], discord.Member)
    assert got["whom"].id == admin.id
    assert got["user"].id == member.id


@pytest.mark.parametrize(
    "given",
    [
        {"query": "x", "count": 0},
        {"query": "x", "count": 11},
        {"query": "x", "count": 1.5},
        {"query": "x", "size": "small"},
        {"query": "x", "private": "yes"},
        {"query": "x", "unknown": 1},
        {"query": ""},
        {"query": "x" * 6001},
        {"query": "x", "whom": PICTURE},
        {"count": 1},
    ],
)
async def test_what_the_client_does_not_let_one_send(
    member: DiscordPerson, given: dict[str, Any]
) -> None:
    with pytest.raises(NotShownError):
        await member.slash("search", **given)


async def test_subcommands_nest(
    server: DiscordServer, guild: Guild, admin: DiscordPerson, got: dict[str, Any]
) -> None:
    role = await server.new_role(guild, "keepers")
    general = guild.channels[guild.channel_id]
    exchange = await admin.slash(
        "library watch add", channel=general, role=role, picture=PICTURE, either=role
    )
    await exchange.answer()
    assert got["channel"].id == general.id
    assert got["role"].id == got["either"].id == role.id
    assert got["content"] == PICTURE.content
    interaction = got["interaction"]
    assert interaction.permissions.manage_guild
    assert interaction.app_permissions.value == guild.permissions_of(server.application_id, general)
    (group,) = exchange.interaction.payload["data"]["options"]
    assert (group["name"], group["type"], group["options"][0]["type"]) == ("watch", 2, 1)
    for name in ("library", "library watch", "library add", "watch add"):
        with pytest.raises(NotShownError):
            await admin.slash(name, channel=general)


async def test_channels_are_of_the_types_that_are_asked_for_and_seen(
    server: DiscordServer, guild: Guild, admin: DiscordPerson
) -> None:
    voice = await server.new_channel(guild, "voice", kind=2)
    hidden = await server.new_channel(
        guild, "vault", overwrites=[Overwrite(guild.id, 0, deny=1 << 10)]
    )
    for channel in (voice, hidden):
        with pytest.raises(NotShownError):
            await admin.slash("library watch add", channel=channel)


async def test_commands_are_shown_to_whom_they_are_for(
    server: DiscordServer, guild: Guild, member: DiscordPerson, admin: DiscordPerson
) -> None:
    general = guild.channels[guild.channel_id]
    assert await member.shown_commands() == ["search"]
    assert await admin.shown_commands() == ["search", "library"]
    assert await admin.in_direct().shown_commands() == ["search"]
    with pytest.raises(NotShownError):
        await member.slash("library watch add", channel=general)
    hidden = await member.slash("library watch add", even_if_hidden=True, channel=general)
    await hidden.answer()
    await server.change_channel(guild, general, overwrites=[Overwrite(guild.id, 0, deny=1 << 31)])
    assert await member.shown_commands() == []


async def test_names_in_the_persons_language(server: DiscordServer, guild: Guild) -> None:
    person = DiscordPerson(server, "Max", guild, locale="de")
    assert (await person.shown_commands())[0] == "suche"
    exchange = await person.slash("suche", anfrage="x")
    await exchange.answer()
    data = exchange.interaction.payload["data"]
    assert (data["name"], data["options"][0]["name"]) == ("search", "query")
    with pytest.raises(NotShownError):
        await DiscordPerson(server, "Kim", guild).slash("suche", anfrage="x")


async def test_typing_is_completed(member: DiscordPerson, got: dict[str, Any]) -> None:
    offered = await member.autocomplete("search", "query", "ca", count=3)
    assert len(offered) == 25
    assert offered[1] == {"name": "ca1", "value": "v1"}
    assert got["namespace"].count == 3
    with pytest.raises(NotShownError):
        await member.autocomplete("search", "count", "1")


async def test_interactions_in_threads(
    server: DiscordServer, guild: Guild, member: DiscordPerson, got: dict[str, Any]
) -> None:
    thread = await server.new_thread(guild, guild.channels[guild.channel_id], "talk")
    await (await member.in_channel(thread).slash("search", query="x")).answer()
    assert isinstance(got["interaction"].channel, discord.Thread)
    assert got["interaction"].channel.parent_id == guild.channel_id
    assert got["user"].id == member.id
