"""``python -m bot discord`` as an operator runs it: environment, TLS, nothing patched."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bot.app import App, opened
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from samples.emoji import render
from tests import pictures
from tests.acceptance.discord_faults import Fault
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_tls import discord_behind_tls
from tests.acceptance.discord_world import Message
from tests.acceptance.test_discord_library import holds
from tests.stack import Stack, new_data_dir


def drawn(emoji: str, caption: str = "") -> UploadedFile:
    """Draw a picture to upload."""
    written = BytesIO()
    render(emoji).save(written, "PNG")
    return UploadedFile(f"{caption or 'picture'}.png".replace(" ", "_"), written.getvalue())


@asynccontextmanager
async def process(folder: Path) -> AsyncIterator[tuple[DiscordServer, Stack]]:
    """Lend a Discord and a bot's process that is about to be started for it."""
    async with discord_behind_tls(folder) as (server, environment):
        stack = Stack(new_data_dir(), samples=False)
        stack.program = "discord"
        stack.environment |= environment | {"LIMIT_PER_PERSON": "10000/minute"}
        try:
            yield server, stack
            assert server.misbehaviour == []
        finally:
            await asyncio.to_thread(stack.kill_everything)
            shutil.rmtree(stack.data_dir, ignore_errors=True)


async def add(admin: DiscordPerson, *pictures: tuple[str, str]) -> list[Message]:
    """Add pictures, each with its caption."""
    answers = []
    for emoji, caption in pictures:
        exchange = await admin.slash("library add", image1=drawn(emoji), caption=caption)
        answers.append(await exchange.answer(lambda message: "was added" in message.content))
    return answers


def captions(message: Message) -> list[str]:
    """Return what the pictures of an answer are said to show."""
    return [file.description or "" for file in message.files]


async def test_from_the_first_start_to_an_old_button_after_a_restart(tmp_path: Path) -> None:
    async with process(tmp_path) as (server, stack):
        guild = server.new_guild("Cats and cars")
        admin = DiscordPerson(server, "Ada", guild, is_admin=True)
        member = DiscordPerson(server, "Max", guild, locale="de")
        await asyncio.to_thread(stack.start)
        said = stack.said()
        link = next(word for word in said.split() if word.startswith("https://discord.com/"))
        assert parse_qs(urlsplit(link).query)["client_id"] == [str(server.application_id)]
        assert "127.0.0.1" not in said, "the web chat was not asked for"

        empty = await (await member.slash("search", query="eine Katze")).answer()
        assert empty.content == texts_for("de").say(SENTENCES["empty_collection"])
        await add(admin, ("🐈", "our pet"), ("🚗", "our car"), ("🌻", "our garden"))
        found = await (await member.slash("search", query="ein rotes Auto", count=1)).answer()
        assert captions(found) == ["our car"]

        await asyncio.to_thread(stack.stop)
        await asyncio.to_thread(stack.start)
        await member.click(found, "▶")
        await server.wait_for(lambda: captions(found) != ["our car"])
        assert len(captions(found)) == 1
        token = stack.environment["DISCORD_TOKEN"]
        assert token not in stack.said() + stack.logs()


async def test_an_import_goes_on_after_a_kill(tmp_path: Path) -> None:
    count = 130
    async with process(tmp_path) as (server, stack):
        server.message_content = True
        guild = server.new_guild("Long history")
        admin = DiscordPerson(server, "Ada", guild, is_admin=True)
        poster = DiscordPerson(server, "Max", guild)
        for number in range(count):
            content = pictures.jpeg(colour=(number, 2 * number % 256, 200))
            await poster.post(f"picture {number}", UploadedFile("picture.jpg", content))
        # The first page of 100 messages is taken in, the second never comes to its end.
        stuck = Fault(held=asyncio.Event())
        server.faults["file"] = [*[Fault()] * (count - 5), stuck]
        await asyncio.to_thread(stack.start)
        await (
            await admin.slash("library import", channel=guild.channels[guild.channel_id])
        ).answer()
        await server.wait_for(lambda: not server.faults["file"], 60)
        await asyncio.to_thread(stack.kill_everything)
        (told,) = [one for one in server.messages.values() if "Importing" in one.content]
        await asyncio.to_thread(stack.start)
        await server.wait_for(lambda: "complete" in told.content, 60)
        # What was safe before the kill, but not noted yet, is there already.
        added, known = (
            int(number) for number in re.findall(r"(?:added|already): (\d+)", told.content)
        )
        assert added + known == count
        async with opened(App(stack.settings, stack.urls)) as app:
            await holds(app, guild, count)
        found = await (await poster.slash("search", query="picture 7")).answer()
        assert f"of {count} pictures" in found.content
        assert "https://discord.com/channels/" in found.content
