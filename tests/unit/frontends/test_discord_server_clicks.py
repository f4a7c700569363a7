"""What people on the fake Discord can do with what is below a message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import ui

from tests.acceptance.discord_bare import BareBot, connected
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Message

pytestmark = pytest.mark.usefixtures("bot")


class Everything(ui.View):
    """All there is to press and choose from."""

    def __init__(self, roles: list[int], heard: list[Any]) -> None:
        super().__init__(timeout=None)
        self.heard = heard
        self.add_item(ui.Button(label="Site", url="https://example.org"))
        self.add_item(ui.Button(label="Off", custom_id="off", disabled=True))
        defaults = [
            discord.SelectDefaultValue(id=n, type=discord.SelectDefaultValueType.role)
            for n in roles
        ]
        listed: Any = ui.RoleSelect(placeholder="Who", max_values=2, default_values=defaults)
        listed.callback = self.chose_roles
        self.role_list = listed
        self.add_item(self.role_list)

    @ui.button(emoji="▶", custom_id="next")
    async def forward(self, interaction: discord.Interaction, _: Any) -> None:
        assert interaction.message is not None
        self.heard.append(interaction.message)
        await interaction.response.edit_message(content="page 2")

    @ui.button(label="Slow", custom_id="slow")
    async def slow(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="page 3")
        await interaction.followup.send("by the way", ephemeral=True)

    @ui.button(label="Ask", custom_id="ask")
    async def ask(self, interaction: discord.Interaction, _: Any) -> None:
        dialog: Any = ui.Modal(title="Name")
        name: Any = ui.TextInput(label="Your name", custom_id="name", max_length=5)
        dialog.add_item(name)

        async def hear(answered: discord.Interaction) -> None:
            await answered.response.send_message(f"Hello {name.value}", ephemeral=True)

        dialog.on_submit = hear
        await interaction.response.send_modal(dialog)

    @ui.select(
        placeholder="Which",
        min_values=2,
        max_values=2,
        options=[discord.SelectOption(label=f"№ {n}", value=str(n)) for n in range(1, 4)],
    )
    async def which(self, interaction: discord.Interaction, chosen: Any) -> None:
        await interaction.response.send_message(" ".join(chosen.values), ephemeral=True)

    @ui.select(cls=ui.ChannelSelect, placeholder="Where", channel_types=[discord.ChannelType.text])
    async def where(self, interaction: discord.Interaction, chosen: Any) -> None:
        await interaction.response.send_message(str(chosen.values[0].id))

    async def chose_roles(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(" ".join(str(r.id) for r in self.role_list.values))


@pytest.fixture
def heard() -> list[Any]:
    return []


@pytest.fixture
async def bot(server: DiscordServer, guild: Guild, heard: list[Any]) -> AsyncIterator[BareBot]:
    client = BareBot()

    @client.tree.command(description="x")
    async def show(interaction: discord.Interaction, private: bool = False) -> None:
        view = Everything([guild.admin_role_id], heard)
        await interaction.response.send_message("page 1", view=view, ephemeral=private)

    async with connected(client):
        yield client


@pytest.fixture
async def shown(member: DiscordPerson, bot: BareBot) -> Message:
    return await (await member.slash("show")).answer()


async def test_a_button_edits_its_message(
    member: DiscordPerson, shown: Message, heard: list[Any]
) -> None:
    exchange = await member.click(shown, "▶")
    answer = await exchange.answer()
    assert answer is shown
    assert shown.content == "page 2"
    assert await exchange.acknowledged() == 7
    (message,) = heard
    assert message.id == shown.id
    assert message.interaction_metadata.user.id == member.id
    slow = await member.click(shown, "Slow")
    assert (await slow.answer()).content == "page 3"
    aside = await slow.followup()
    assert (aside.content, aside.is_ephemeral) == ("by the way", True)


async def test_what_cannot_be_pressed(member: DiscordPerson, shown: Message) -> None:
    for label in ("Site", "Off", "Nothing"):
        with pytest.raises(NotShownError):
            await member.click(shown, label)


async def test_choosing_several(member: DiscordPerson, shown: Message) -> None:
    chosen = await (await member.choose(shown, "№ 1", "№ 3", select="Which")).answer()
    assert chosen.content == "1 3"
    for labels in (["№ 1"], ["№ 1", "№ 2", "№ 3"], ["№ 1", "№ 1"], ["№ 4", "№ 1"]):
        with pytest.raises(NotShownError):
            await member.choose(shown, *labels)
    with pytest.raises(NotShownError):
        await member.choose(shown, "№ 1", "№ 2", select="Who")


async def test_choosing_roles_and_channels(
    server: DiscordServer, guild: Guild, member: DiscordPerson, shown: Message
) -> None:
    roles = [guild.admin_role, guild.everyone]
    chosen = await (await member.choose_roles(shown, "Who", roles)).answer()
    assert sorted(chosen.content.split()) == sorted(str(role.id) for role in roles)
    listed = next(part for part in shown.parts if part["type"] == 6)
    assert listed["default_values"] == [{"id": guild.admin_role_id, "type": "role"}]
    general = guild.channels[guild.channel_id]
    chosen = await (await member.choose_channels(shown, "Where", [general])).answer()
    assert chosen.content == str(general.id)
    voice = await server.new_channel(guild, "voice", kind=2)
    with pytest.raises(NotShownError):
        await member.choose_channels(shown, "Where", [voice])
    with pytest.raises(NotShownError):
        await member.choose_roles(shown, "Where", roles)


async def test_ephemeral_messages_are_one_persons(
    server: DiscordServer, guild: Guild, member: DiscordPerson, admin: DiscordPerson
) -> None:
    answer = await (await member.slash("show", private=True)).answer()
    assert answer.seen_by == member.id
    with pytest.raises(NotShownError):
        await admin.click(answer, "▶")
    exchange = await member.click(answer, "▶")
    assert (await exchange.answer()).content == "page 2"
    assert answer.is_ephemeral
    assert exchange.interaction.payload["message"]["flags"] == 64
    await member.delete(answer)
    with pytest.raises(NotShownError):
        await member.click(answer, "▶")


async def test_a_dialog_is_filled_in(member: DiscordPerson, shown: Message) -> None:
    exchange = await member.click(shown, "Ask")
    assert (await exchange.modal())["title"] == "Name"
    answer = await (await member.submit(exchange, name="Max")).answer()
    assert answer.content == "Hello Max"
    with pytest.raises(NotShownError):
        await member.submit(exchange, name="Maximilian")
