"""An import needs rights: the bot's, the admin's, and the intent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.community_ports import Import
from bot.frontends.discord_bot.library.sentences import SENTENCES
from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_people import NotShownError
from tests.acceptance.discord_world import Message, Overwrite
from tests.unit.frontends.library.conftest import (
    Place,
    RunningBot,
    Scene,
    begin,
    counts,
    ended,
    picture,
    until,
)


async def test_where_the_bot_may_not_write(scene: Scene) -> None:
    mute = Overwrite(scene.server.application_id, 1, deny=limits.SEND_MESSAGES)
    quiet = await scene.server.new_channel(scene.guild, "quiet", overwrites=[mute])
    there = scene.admin.in_channel(quiet)
    answer = await (await there.slash("library import", channel=scene.photos)).answer()
    assert answer.content == SENTENCES["cannot_write_here"]
    assert scene.memory.store.imports == {}


async def test_without_the_message_content_intent(place: Place, running: RunningBot) -> None:
    place.server.message_content = False
    async with running():
        answer = await (await place.admin.slash("library import", channel=place.photos)).answer()
        assert "docs/discord.md#message-content" in answer.content
        answer = await (await place.admin.slash("library watch", channel=place.photos)).answer()
        assert "docs/discord.md#message-content" in answer.content
    assert place.memory.store.imports == {}
    # One that was begun with it waits for somebody to switch it on again.
    interrupted = Import(place.collection, str(place.photos.id), "running", "5")
    place.memory.store.imports[place.collection, str(place.photos.id)] = interrupted
    async with running():
        await until(lambda: bool(place.memory.store.saves))
    assert place.memory.store.imports[place.collection, str(place.photos.id)] == replace(
        interrupted, state="stopped"
    )


async def test_what_the_bot_may_not_see_or_read(scene: Scene) -> None:
    for denied, name in (
        (limits.VIEW_CHANNEL, "bot_cannot_see"),
        (limits.READ_MESSAGE_HISTORY, "bot_cannot_read"),
    ):
        overwrites = [Overwrite(scene.server.application_id, 1, deny=denied)]
        channel = await scene.server.new_channel(scene.guild, name, overwrites=overwrites)
        answer = await (await scene.admin.slash("library import", channel=channel)).answer()
        assert answer.content == SENTENCES[name].format(channel=f"<#{channel.id}>")


async def test_what_the_admin_cannot_see(scene: Scene) -> None:
    secret = await scene.server.new_channel(
        scene.guild,
        "secret",
        overwrites=[
            Overwrite(scene.guild.id, 0, deny=limits.VIEW_CHANNEL),
            Overwrite(scene.server.application_id, 1, allow=limits.VIEW_CHANNEL),
        ],
    )
    with pytest.raises(NotShownError):
        await scene.admin.slash("library import", channel=secret)
    button = {"type": 2, "style": 2, "label": "Continue", "custom_id": f"lib:go:{secret.id}"}
    rows = [{"type": 1, "components": [button]}]
    forged = Message(scene.admin.channel_id, scene.server.bot, "import", components=rows)
    scene.server.messages[forged.id] = forged
    told = await (await scene.admin.click(forged, "Continue")).followup()
    assert told.content == SENTENCES["you_cannot_see"].format(channel=f"<#{secret.id}>")
    assert scene.memory.store.imports == {}


async def test_rights_that_are_taken_away_meanwhile(scene: Scene) -> None:
    for number in range(101):
        files = [picture(f"p{number}")] if number in {0, 100} else []
        await scene.member.in_channel(scene.photos).post(f"cat {number}", *files)
    scene.memory.kept.held = asyncio.Event()
    message = await begin(scene.admin, scene.photos)
    await until(lambda: scene.memory.kept.started)
    denied = Overwrite(scene.server.application_id, 1, deny=limits.READ_MESSAGE_HISTORY)
    await scene.server.change_channel(scene.guild, scene.photos, overwrites=[denied])
    client = scene.bot.client
    channel = client.get_channel(scene.photos.id)
    await until(lambda: not channel.permissions_for(channel.guild.me).read_message_history)
    scene.memory.kept.held.set()
    lines = await ended(scene.server, message, "import_stopped")
    name = f"<#{scene.photos.id}>"
    assert lines[1:] == [counts(100, 1), SENTENCES["bot_cannot_read"].format(channel=name)]
    await scene.server.change_channel(scene.guild, scene.photos, overwrites=[])
    await until(lambda: channel.permissions_for(channel.guild.me).read_message_history)
    await (await scene.admin.click(message, SENTENCES["go_on"])).acknowledged()
    assert (await ended(scene.server, message))[-1] == counts(101, 2)
