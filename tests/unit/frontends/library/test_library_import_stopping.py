"""An import that is stopped, gone on with, or killed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.core.sentences import SENTENCES as CORE
from bot.frontends.discord_bot.library.sentences import SENTENCES
from tests.unit.frontends.library.conftest import (
    Place,
    RunningBot,
    Scene,
    begin,
    counts,
    ended,
    labels,
    picture,
    shown,
    until,
)


async def test_stop_and_go_on(scene: Scene) -> None:
    there = scene.member.in_channel(scene.photos)
    for number in range(30):
        await there.post(f"cat {number}", picture(f"p{number}"))
    scene.memory.kept.held = asyncio.Event()
    message = await begin(scene.admin, scene.photos)
    assert await labels(message) == [SENTENCES["stop"]]
    refused = await (await scene.member.click(message, SENTENCES["stop"])).followup()
    assert refused.content == CORE["not_allowed"]
    assert refused.is_ephemeral
    await (await scene.admin.click(message, SENTENCES["stop"])).acknowledged()
    scene.memory.kept.held.set()
    lines = await ended(scene.server, message, "import_stopped")
    # What was being stored is finished first, and no more than that.
    assert lines[-1] == counts(10, 10)
    kept = scene.memory.store.imports[scene.collection, str(scene.photos.id)]
    assert (kept.state, kept.seen) == ("stopped", 10)
    assert await labels(message) == [SENTENCES["go_on"]]
    await (await scene.admin.click(message, SENTENCES["go_on"])).acknowledged()
    assert (await ended(scene.server, message))[-1] == counts(30, 30)
    assert len(scene.memory.kept.uploads) == 30


async def test_it_goes_on_after_a_restart_and_loses_nothing(
    place: Place, running: RunningBot
) -> None:
    there = place.member.in_channel(place.photos)
    for number in range(130):
        await there.post(f"cat {number}", picture(f"p{number}"))
    async with running():
        message = await begin(place.admin, place.photos)
        # Killed in the middle of the second page, with pictures on their way.
        await place.server.wait_for(lambda: len(place.memory.kept.uploads) >= 100)
        place.memory.kept.held = asyncio.Event()
        before = place.memory.kept.started
        await until(lambda: place.memory.kept.started > before)
    assert place.memory.store.imports[place.collection, str(place.photos.id)].state == "running"
    place.memory.kept.held = None
    async with running():
        lines = await ended(place.server, message)
    assert set(place.memory.captions(place.collection)) == {f"cat {n}" for n in range(130)}
    assert len(place.memory.kept.contents) == 130
    assert "Messages read: 130" in lines[-1]
    assert shown(place.admin) == [message]


async def test_after_a_restart_its_buttons_work(place: Place, running: RunningBot) -> None:
    for number in range(12):
        await place.member.in_channel(place.photos).post(f"cat {number}", picture(f"p{number}"))
    place.memory.kept.held = asyncio.Event()
    async with running():
        message = await begin(place.admin, place.photos)
    async with running():
        await place.server.wait_for(lambda: place.server.counts["history"] == 2)
        await (await place.admin.click(message, SENTENCES["stop"])).acknowledged()
        place.memory.kept.held.set()
        await ended(place.server, message, "import_stopped")
    async with running():
        await (await place.admin.click(message, SENTENCES["go_on"])).acknowledged()
        await ended(place.server, message)
    assert len(place.memory.captions(place.collection)) == 12


async def test_a_stop_button_that_is_older_than_it_looks(scene: Scene) -> None:
    message = await begin(scene.admin, scene.photos)
    await ended(scene.server, message)
    key = scene.collection, str(scene.photos.id)
    scene.memory.store.imports[key] = replace(scene.memory.store.imports[key], state="running")
    button = {"type": 2, "style": 2, "label": "Stop", "custom_id": f"lib:stop:{scene.photos.id}"}
    message.components = [{"type": 1, "components": [button]}]
    await (await scene.admin.click(message, "Stop")).acknowledged()
    await ended(scene.server, message, "import_stopped")
    assert scene.memory.store.imports[key].state == "stopped"
