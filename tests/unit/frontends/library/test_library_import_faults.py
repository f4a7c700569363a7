"""An import when something fails, is busy, or goes away meanwhile."""

from __future__ import annotations

import asyncio

from bot.core.sentences import SENTENCES as CORE
from bot.frontends.discord_bot.library.sentences import SENTENCES
from tests.acceptance.discord_faults import Fault
from tests.unit.frontends.library.conftest import (
    Scene,
    begin,
    counts,
    ended,
    picture,
    shown,
    until,
)


async def test_a_channel_that_is_deleted_meanwhile(scene: Scene) -> None:
    for number in range(101):
        await scene.member.in_channel(scene.photos).post("", *([] if number else [picture("p")]))
    scene.memory.kept.held = asyncio.Event()
    message = await begin(scene.admin, scene.photos)
    await until(lambda: scene.memory.kept.started)
    await scene.server.remove_channel(scene.guild, scene.photos)
    await until(lambda: scene.bot.client.get_channel(scene.photos.id) is None)
    scene.memory.kept.held.set()
    lines = await ended(scene.server, message, "import_stopped")
    assert lines[-1] == SENTENCES["no_such_channel"]
    told = await (await scene.admin.click(message, SENTENCES["go_on"])).followup()
    assert told.content == SENTENCES["no_such_channel"]


async def test_what_fails_for_a_moment_is_tried_again(scene: Scene) -> None:
    for number in range(5):
        await scene.member.in_channel(scene.photos).post("", picture(f"p{number}"))
    scene.server.faults["file"] = [Fault(status=503), Fault(loses_answer=True)]
    scene.memory.kept.fails = 2
    message = await begin(scene.admin, scene.photos)
    # Of those taken in before the store was gone, some are known the second time.
    lines = await ended(scene.server, message)
    assert "Messages read: 5" in lines[-1]
    assert "refused: 0" in lines[-1]
    assert len(scene.memory.kept.contents) == 5


async def test_a_picture_that_is_gone_from_the_cdn_is_refused(scene: Scene) -> None:
    for number in range(3):
        await scene.member.in_channel(scene.photos).post("", picture(f"p{number}"))
    scene.server.faults["file"] = [Fault(status=404)]
    assert (await ended(scene.server, await begin(scene.admin, scene.photos)))[-1] == counts(
        3, 2, 0, 1
    )


async def test_it_waits_while_the_workers_are_behind(scene: Scene) -> None:
    await scene.member.in_channel(scene.photos).post("", picture("cat"))
    scene.memory.pending = 3
    message = await begin(scene.admin, scene.photos)
    await scene.server.wait_for(lambda: SENTENCES["import_busy"] in message.content)
    assert scene.memory.kept.uploads == []
    scene.memory.pending = 2
    assert (await ended(scene.server, message))[-1] == counts(1, 1)


async def test_the_database_is_gone_when_it_is_asked_for(scene: Scene) -> None:
    scene.memory.store.fails = 1
    answer = await (await scene.admin.slash("library import", channel=scene.photos)).answer()
    assert answer.content == CORE["unavailable"]
    (message,) = shown(scene.admin)
    await ended(scene.server, message, "import_stopped")
    await (await scene.admin.click(message, SENTENCES["go_on"])).acknowledged()
    await ended(scene.server, message)


async def test_it_does_without_its_message(scene: Scene) -> None:
    await scene.member.in_channel(scene.photos).post("", picture("cat"))
    scene.memory.kept.held = asyncio.Event()
    message = await begin(scene.admin, scene.photos)
    await scene.admin.delete(message)
    scene.memory.kept.held.set()
    key = scene.collection, str(scene.photos.id)
    await until(lambda: scene.memory.store.imports[key].state == "done")


async def test_a_message_deleted_while_it_is_imported(scene: Scene) -> None:
    there = scene.member.in_channel(scene.photos)
    gone, kept = (
        await there.post("gone", picture("gone")),
        await there.post("kept", picture("kept")),
    )
    scene.memory.kept.held = asyncio.Event()
    message = await begin(scene.admin, scene.photos)
    await until(lambda: scene.memory.kept.started == 1)
    await there.delete(gone)
    await until(lambda: bool(scene.memory.store.deletions))
    scene.memory.kept.held.set()
    await ended(scene.server, message)
    assert scene.memory.captions(scene.collection) == ["kept"]
    assert not kept.is_deleted


async def test_thrown_out_in_the_middle(scene: Scene) -> None:
    for number in range(101):
        await scene.member.in_channel(scene.photos).post("", *([] if number else [picture("p")]))
    scene.memory.kept.held = asyncio.Event()
    await begin(scene.admin, scene.photos)
    await until(lambda: scene.memory.kept.started)
    await scene.server.remove_guild(scene.guild)
    await until(lambda: bool(scene.memory.store.left_days))
    scene.memory.kept.held.set()
    key = scene.collection, str(scene.photos.id)
    await until(lambda: scene.memory.store.imports[key].state == "stopped")
