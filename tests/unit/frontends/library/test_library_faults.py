"""When Discord does not do what it should, in the middle of what admins do."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bot.core.policy import Policy
from bot.core.sentences import SENTENCES as CORE
from bot.frontends.discord_bot.library import adding
from bot.frontends.discord_bot.library.sentences import SENTENCES
from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_faults import Fault
from tests.acceptance.discord_world import Message
from tests.unit.frontends.library.conftest import Place, RunningBot, Scene, picture, until


async def panel(scene: Place) -> Message:
    return await (await scene.admin.slash("library settings")).answer()


@pytest.mark.parametrize("fault", [Fault(loses_answer=True), Fault(status=500, does_it=True)])
async def test_an_acknowledgement_whose_receipt_is_lost(scene: Scene, fault: Fault) -> None:
    message = await panel(scene)
    scene.server.faults["callback"] = [fault]
    await scene.admin.choose(message, "7")
    await scene.server.wait_for(lambda: "4 · Pictures in an answer: 7" in message.content)
    scene.server.misbehaviour.clear()  # the bot cannot know, and tries both ways


async def test_an_acknowledgement_that_is_lost(scene: Scene) -> None:
    message = await panel(scene)
    scene.server.faults["callback"] = [Fault(loses_request=True)]
    await scene.admin.choose(message, "7")
    await scene.server.wait_for(lambda: "4 · Pictures in an answer: 7" in message.content)
    scene.server.misbehaviour.clear()  # the bot cannot know, and tries both ways


async def test_a_press_that_comes_too_late(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    message = await panel(scene)
    scene.server.faults["callback"] = [Fault(status=404, code=10062)]
    with caplog.at_level(logging.INFO):
        await scene.admin.choose(message, "7")
        await until(lambda: "discord_acknowledgement_refused" in caplog.text)
    assert scene.memory.kept.policies == {}
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_what_nobody_has_foreseen(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    message = await panel(scene)
    scene.memory.kept.policies[scene.collection] = Policy(watched=frozenset({"no number"}))
    told = await (await scene.admin.choose(message, "7")).followup()
    assert told.content.startswith("Sorry, something went wrong here")
    assert "discord_press_failed" in caplog.text


async def test_the_history_is_not_there_for_a_moment(scene: Scene) -> None:
    await scene.member.in_channel(scene.photos).post("a cat", picture("cat"))
    # The library itself tries five times.
    scene.server.faults["history"] = [Fault(loses_request=True)]
    await (await scene.admin.slash("library import", channel=scene.photos)).answer()
    await until(lambda: scene.memory.captions(scene.collection) == ["a cat"])


async def test_too_many_edits_of_the_progress_message(scene: Scene) -> None:
    for number in range(20):
        await scene.member.in_channel(scene.photos).post("", picture(f"p{number}"))
    scene.server.faults["change"] = [Fault(status=429, retry_after=0.05), Fault(status=400)]
    await (await scene.admin.slash("library import", channel=scene.photos)).answer()
    done = SENTENCES["import_done"].format(channel=f"<#{scene.photos.id}>")
    await scene.server.wait_for(
        lambda: any(done in message.content for message in scene.server.messages.values())
    )


async def test_a_progress_message_that_cannot_be_written_yet(scene: Scene) -> None:
    await scene.member.in_channel(scene.photos).post("", picture("cat"))
    scene.server.faults["write"] = [Fault(status=400)]
    answer = await (await scene.admin.slash("library import", channel=scene.photos)).answer()
    assert answer.content == SENTENCES["import_begun"]
    done = SENTENCES["import_done"].format(channel=f"<#{scene.photos.id}>")
    await scene.server.wait_for(
        lambda: any(done in message.content for message in scene.server.messages.values())
    )


async def test_slow_downloads_tell_how_far_they_are(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "PROGRESS_EVERY_S", 0)
    gate = asyncio.Event()
    scene.server.faults["file"] = [Fault(), Fault(held=gate)]
    images = {"image1": picture("one"), "image2": picture("two")}
    exchange = await scene.admin.slash("library add", **images)
    told = CORE["adding"].format(done=1, total=2)
    assert await exchange.answer(lambda message: message.content == told)
    gate.set()
    await exchange.answer(lambda message: message.content == "2 pictures were added.")


async def test_the_bot_is_stopped_while_pictures_are_fetched(
    place: Place, running: RunningBot
) -> None:
    gate = asyncio.Event()
    place.server.faults["file"] = [Fault(held=gate)]
    async with running():
        exchange = await place.admin.slash("library add", image1=picture("one"))
        await place.server.wait_for(lambda: place.server.counts["file"] == 1)
    gate.set()
    assert (await exchange.answer()).content == CORE["unavailable"]


async def test_the_answer_comes_after_the_token_has_expired(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.memory.kept.held = asyncio.Event()
    exchange = await scene.admin.slash("library add", image1=picture("one"))
    await until(lambda: scene.memory.kept.started)
    exchange.age(limits.TOKEN_LIFE_S + 1)
    with caplog.at_level(logging.INFO):
        scene.memory.kept.held.set()
        await until(lambda: "discord_answer_came_too_late" in caplog.text)
    assert len(scene.memory.captions(scene.collection)) == 1


async def test_a_deletion_in_a_thread_that_is_not_known_any_more(scene: Scene) -> None:
    thread = await scene.server.new_thread(scene.guild, scene.photos, "kittens")
    scene.memory.kept.policies[scene.collection] = Policy(watched=frozenset({str(scene.photos.id)}))
    there = scene.member.in_channel(thread)
    message = await there.post("kitten", picture("kitten"))
    await until(lambda: scene.memory.captions(scene.collection) == ["kitten"])
    guild = scene.bot.client.get_guild(scene.guild.id)
    assert guild is not None
    guild._threads.pop(thread.id)
    await there.delete(message)
    await until(lambda: scene.memory.captions(scene.collection) == [])


async def test_an_archived_thread_can_be_imported_by_name(scene: Scene) -> None:
    thread = await scene.server.new_thread(scene.guild, scene.photos, "kittens")
    await scene.member.in_channel(thread).post("kitten", picture("kitten"))
    guild = scene.bot.client.get_guild(scene.guild.id)
    assert guild is not None
    await until(lambda: guild.get_thread(thread.id))
    guild._threads.pop(thread.id)
    await (await scene.admin.slash("library import", channel=thread)).answer()
    await until(lambda: scene.memory.captions(scene.collection) == ["kitten"])
