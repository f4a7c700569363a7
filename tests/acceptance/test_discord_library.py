"""What admins do on Discord, down to Postgres, the blob store and the worker."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from io import BytesIO

import pytest

from bot.app import App
from bot.core.sentences import SENTENCES as CORE
from bot.frontends.discord_bot.library.sentences import SENTENCES
from samples.emoji import render
from tests.acceptance.discord_limits import VIEW_CHANNEL, UploadedFile
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_running import discord_server, running_bot
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Message, Overwrite


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with discord_server() as running:
        running.message_content = True
        yield running
        assert running.misbehaviour == []


@pytest.fixture
def guild(server: DiscordServer) -> Guild:
    return server.new_guild("Here")


def drawn(emoji: str) -> UploadedFile:
    written = BytesIO()
    picture = render(emoji)
    # Another one in each run, so that nothing is left from the last.
    picture.putpixel((0, 0), tuple(os.urandom(3)) + (255,) * (len(picture.getbands()) - 3))
    picture.save(written, "PNG")
    return UploadedFile("picture.png", written.getvalue())


def captions(message: Message) -> list[str | None]:
    return [file.description for file in message.files]


async def told(server: DiscordServer, text: str) -> Message:
    """Wait until one of the bot's messages says something."""

    def found() -> Iterable[Message]:
        return (message for message in server.messages.values() if text in message.content)

    await server.wait_for(lambda: any(found()), 60)
    return next(iter(found()))


async def holds(app: App, guild: Guild, count: int) -> None:
    """Wait until so many pictures can be found; nobody tells of it."""
    async with asyncio.timeout(60):
        key = f"discord:guild:{guild.id}"
        while (await app.conversation.status(key)).image_count != count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def listed(admin: DiscordPerson) -> list[str | None]:
    return captions(await (await admin.slash("library list")).answer())


async def test_imported_watched_found_by_those_who_may_and_deleted_with_its_message(
    app: App, server: DiscordServer, guild: Guild
) -> None:
    photos = guild.add_channel("photos")
    curators = guild.add_role("curators", VIEW_CHANNEL)
    secret = guild.add_channel(
        "secret",
        overwrites=[
            Overwrite(guild.id, 0, deny=VIEW_CHANNEL),
            Overwrite(curators.id, 0, allow=VIEW_CHANNEL),
            Overwrite(server.application_id, 1, allow=VIEW_CHANNEL),
        ],
    )
    admin = DiscordPerson(server, "Ada", guild, is_admin=True, roles=[curators])
    member = DiscordPerson(server, "Max", guild)
    first = await member.in_channel(photos).post("our pet", drawn("🐈"))
    await admin.in_channel(secret).post("the surprise", drawn("🚗"))
    async with running_bot(app.conversation):
        for channel in (photos, secret):
            await (await admin.slash("library import", channel=channel)).answer()
            await told(server, SENTENCES["import_done"].format(channel=f"<#{channel.id}>"))
            await (await admin.slash("library watch", channel=channel)).answer()
        await holds(app, guild, 2)
        assert await listed(admin) == ["the surprise", "our pet"]
        mine = await (await member.slash("search", query="a picture", private=True)).answer()
        assert captions(mine) == ["our pet"]

        await member.in_channel(photos).post("our car", drawn("🚗"))
        await holds(app, guild, 3)
        assert await listed(admin) == ["our car", "the surprise", "our pet"]
        await member.in_channel(photos).delete(first)
        await holds(app, guild, 2)
        assert await listed(admin) == ["our car", "the surprise"]
    async with running_bot(app.conversation):
        stats = await (await admin.slash("library stats")).answer()
        assert stats.content.splitlines()[0] == "Pictures that can be found: 2"
        assert f"<#{photos.id}> <#{secret.id}>" in stats.content
        removal = await (await admin.slash("library remove", query="car")).answer()
        await (await admin.choose(removal, "№ 1", "№ 2")).acknowledged()
        delete = f"{SENTENCES['remove_chosen']} (2)"
        await server.wait_for(lambda: any(part.get("label") == delete for part in removal.parts))
        await (await admin.click(removal, delete)).acknowledged()
        await server.wait_for(lambda: "“our car” is deleted." in removal.content)
        empty = await (await admin.slash("search", query="car", private=True)).answer()
        assert empty.content == CORE["empty_collection"]


async def test_settings_hold(app: App, server: DiscordServer, guild: Guild) -> None:
    friends = guild.add_role("friends")
    admin = DiscordPerson(server, "Ada", guild, is_admin=True)
    member, friend = (
        DiscordPerson(server, "Max", guild),
        DiscordPerson(server, "Flo", guild, roles=[friends]),
    )
    async with running_bot(app.conversation):
        panel = await (await admin.slash("library settings")).answer()
        search, add, *_ = (part["placeholder"] for part in panel.parts)
        await (await admin.choose_roles(panel, search, [friends])).acknowledged()
        await server.wait_for(lambda: panel.content.count(f"<@&{friends.id}>") == 1)
        await (await admin.choose_roles(panel, add, [friends])).acknowledged()
        await server.wait_for(lambda: panel.content.count(f"<@&{friends.id}>") == 2)
        images = {f"image{n}": drawn(emoji) for n, emoji in enumerate("🐈🚗🍎", 1)}
        exchange = await friend.slash("library add", even_if_hidden=True, tags="new", **images)
        await exchange.answer(lambda message: message.content == "3 pictures were added.")
        refused = await (await member.slash("search", query="cat")).answer()
        assert refused.content == CORE["search_not_allowed"]
        answer = await (await friend.slash("search", query="cat", tag="new")).answer()
        assert len(answer.files) == 3
