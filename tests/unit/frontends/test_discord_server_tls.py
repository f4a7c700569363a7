"""discord.py, with nothing of it patched, on the fake Discord under the real addresses."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from pathlib import Path

import discord
import pytest
from aiohttp import ClientHttpProxyError, ClientSession, TCPConnector

from tests.acceptance.discord_bare import BareBot, connected
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_tls import discord_behind_tls
from tests.acceptance.discord_world import PictureEmbed, Sticker

PICTURE = UploadedFile("cat.png", b"\x89PNG cat")
PROCESS = """
import os, discord
from discord import app_commands

client = discord.Client(intents=discord.Intents.default(), proxy=os.environ["DISCORD_PROXY"])
tree = app_commands.CommandTree(client)

@tree.command(description="x")
async def echo(interaction: discord.Interaction, picture: discord.Attachment) -> None:
    await interaction.response.defer()
    file = await picture.to_file(filename="back.png")
    await interaction.followup.send("back", file=file)

@client.event
async def setup_hook() -> None:
    await tree.sync()

client.run(os.environ["DISCORD_TOKEN"], log_handler=None)
"""


async def test_a_bare_bot_needs_a_proxy_and_a_certificate_only(tmp_path: Path) -> None:
    async with discord_behind_tls(tmp_path) as (server, environment):
        guild = server.new_guild("Cats")
        person = DiscordPerson(server, "Max", guild)
        trusted = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
        bot = BareBot(
            connector=TCPConnector(ssl=trusted),
            proxy=environment["DISCORD_PROXY"],
        )
        got: list[bytes] = []

        @bot.tree.command(description="x")
        async def echo(interaction: discord.Interaction, picture: discord.Attachment) -> None:
            got.append(await picture.read())
            await interaction.response.send_message(picture.filename)

        async with connected(bot):
            answer = await (await person.slash("echo", picture=PICTURE)).answer()
            assert answer.content == "cat.png"
            assert got == [PICTURE.content]
            assert (await bot.hear("message")).author == bot.user
            animated = Sticker("wave", b"wave", 4)
            await person.mention("x", stickers=[animated], embeds=[PictureEmbed(PICTURE)])
            heard = await bot.hear("message")
            assert heard.stickers[0].url.startswith("https://media.discordapp.net/")
            assert await heard.stickers[0].read() == b"wave"
            shown = heard.embeds[0].image
            assert await bot.http.get_from_cdn(shown.proxy_url) == PICTURE.content
            server.gateway.cut()
            await bot.hear("resumed")
        assert server.misbehaviour == []


async def test_a_process_needs_its_environment_only(tmp_path: Path) -> None:
    async with discord_behind_tls(tmp_path) as (server, environment):
        person = DiscordPerson(server, "Max", server.new_guild("Cats"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROCESS, env=os.environ | environment
        )
        try:
            await server.wait_for(lambda: bool(server.gateway.sessions), 120)
            answer = await (await person.slash("echo", picture=PICTURE)).answer()
            assert (answer.content, answer.files[0].content) == ("back", PICTURE.content)
        finally:
            process.terminate()
            await process.wait()
        assert server.misbehaviour == []


async def test_the_proxy_leads_nowhere_else(tmp_path: Path) -> None:
    async with (
        discord_behind_tls(tmp_path) as (server, environment),
        ClientSession() as http,
    ):
        for host in ("pictures.invalid", "example.org"):
            with pytest.raises(ClientHttpProxyError):
                await http.get(f"https://{host}/", proxy=environment["DISCORD_PROXY"])
        assert server.misbehaviour == ["proxy: CONNECT example.org:443"]
