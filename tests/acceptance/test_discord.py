"""A bot on Discord, from the command to the worker and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from PIL import Image

from bot.app import App
from bot.core.sentences import SENTENCES
from samples.emoji import render
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_running import discord_server, running_bot
from tests.acceptance.discord_server import DiscordServer


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with discord_server() as running:
        yield running
        assert running.misbehaviour == []


def drawn(emoji: str) -> UploadedFile:
    written = BytesIO()
    render(emoji).save(written, "PNG")
    return UploadedFile("picture.png", written.getvalue())


async def test_a_picture_that_is_added_is_found_here_and_nowhere_else(
    app: App, server: DiscordServer
) -> None:
    here, elsewhere = server.new_guild("Here"), server.new_guild("Elsewhere")
    admin = DiscordPerson(server, "Ada", here, is_admin=True)
    member = DiscordPerson(server, "Max", here, locale="de")
    stranger = DiscordPerson(server, "Eve", elsewhere)
    async with running_bot(app.conversation):
        for emoji, caption in (("🚗", "our car"), ("🐈", "our pet")):
            exchange = await admin.slash("library add", image1=drawn(emoji), caption=caption)
            added = await exchange.answer(lambda message: "was added" in message.content)
            assert added.content == "1 picture was added."

        found = await (await member.slash("search", query="ein rotes Auto")).answer()
        assert found.content == "Bilder zu „ein rotes Auto“ · 1 bis 2 von 2 Bildern"
        shown, other = found.files
        assert (shown.description, other.description) == ("our car", "our pet")
        with Image.open(BytesIO(shown.content)) as picture:
            assert (picture.format, picture.size) == ("WEBP", (136, 128))

        similar = await (await member.choose(found, "№ 1")).answer()
        assert similar.content == "Bilder wie „our car“ · 1 bis 1 von 1 Bild"
        assert [file.description for file in similar.files] == ["our pet"]

        asked = await member.post("", drawn("🐈"))
        like_it = await (await member.context_menu("Find similar", asked)).answer()
        assert like_it.files[0].description == "our pet"

        nothing = await (await stranger.slash("search", query="a red car")).answer()
        assert nothing.content == SENTENCES["empty_collection"]
        assert nothing.files == ()
