"""Watched channels: pictures come as they are posted and leave with their message."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.messages import Person
from bot.core.policy import Policy
from bot.core.sentences import SENTENCES as CORE
from bot.frontends.discord_bot.library.sentences import SENTENCES
from bot.frontends.discord_bot.library.watch_list import MAX_WATCHED
from bot.frontends.discord_bot.library.watching import Policies
from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_attachments import PictureEmbed
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_world import CATEGORY, Channel, Overwrite
from tests.unit.frontends.library.conftest import Place, RunningBot, Scene, picture, until
from tests.unit.frontends.library.memory import LibraryMemory


async def watch(scene: Scene, channel: Channel, name: str = "watch") -> str:
    answer = await (await scene.admin.slash(f"library {name}", channel=channel)).answer()
    assert answer.is_ephemeral
    return answer.content


def watched(place: Place) -> frozenset[str]:
    return place.memory.kept.policies.get(place.collection, Policy()).watched


def said(name: str, channel: Channel) -> str:
    return SENTENCES[name].format(channel=f"<#{channel.id}>")


async def test_begun_and_ended(scene: Scene) -> None:
    photos = scene.photos
    assert await watch(scene, photos) == said("watching", photos)
    assert watched(scene) == {str(photos.id)}
    assert await watch(scene, photos) == said("watching", photos)
    there = scene.member.in_channel(photos)
    message = await there.post("a cat", picture("cat"))
    await until(lambda: scene.memory.captions(scene.collection) == ["a cat"])
    upload = scene.memory.kept.uploads[0]
    assert (upload.source_channel, upload.source_message) == (str(photos.id), str(message.id))
    assert scene.memory.kept.people[1].id == f"discord:{scene.member.id}"
    await scene.member.post("elsewhere", picture("dog"))
    assert await watch(scene, photos, "unwatch") == said("unwatched", photos)
    assert await watch(scene, photos, "unwatch") == said("unwatched", photos)
    await there.post("too late", picture("late"))
    await there.delete(message)
    await until(lambda: scene.memory.captions(scene.collection) == [])
    assert len(scene.memory.kept.uploads) == 1


async def test_what_is_there_already_is_offered(scene: Scene) -> None:
    await scene.member.in_channel(scene.photos).post("a cat", picture("cat"))
    answer = await (await scene.admin.slash("library watch", channel=scene.photos)).answer()
    begun = await (await scene.admin.click(answer, SENTENCES["import_there"])).answer()
    assert begun.content == SENTENCES["import_begun"]
    await until(lambda: scene.memory.captions(scene.collection) == ["a cat"])


async def test_bots_are_not_heard_and_words_cost_nothing(scene: Scene) -> None:
    await watch(scene, scene.photos)
    robot = DiscordPerson(scene.server, "Robo", scene.guild).in_channel(scene.photos)
    robot.user["bot"] = True
    await robot.post("by a bot", picture("machine"))
    there = scene.member.in_channel(scene.photos)
    await there.post("only words")
    await there.post("last", picture("last"))
    await until(lambda: scene.memory.captions(scene.collection) == ["last"])


async def test_a_picture_whose_address_was_posted(scene: Scene) -> None:
    await watch(scene, scene.photos)
    message = await scene.member.in_channel(scene.photos).post("https://pictures.invalid/cat.jpg")
    embed = PictureEmbed(picture("cat"), kind="image", place="thumbnail")
    scene.member._serve([], [embed])
    message.embeds = [embed]
    await scene.server.tell_message("MESSAGE_UPDATE", message)
    await until(lambda: len(scene.memory.captions(scene.collection)) == 1)
    # What its author has changed is not looked at again.
    await scene.member.in_channel(scene.photos).edit(message, "another word")
    await scene.member.in_channel(scene.photos).post("last", picture("last"))
    await until(lambda: len(scene.memory.captions(scene.collection)) == 2)
    assert len(scene.memory.kept.uploads) == 2


async def test_threads_count_as_their_channel(scene: Scene) -> None:
    thread = await scene.server.new_thread(scene.guild, scene.photos, "kittens")
    private = await scene.server.new_thread(scene.guild, scene.photos, "secret", private=True)
    private.member_ids |= {scene.server.application_id, scene.member.id}
    await watch(scene, scene.photos)
    with pytest.raises(NotShownError):
        await scene.admin.slash("library watch", channel=thread)
    await scene.member.in_channel(private).post("secret", picture("secret"))
    message = await scene.member.in_channel(thread).post("kitten", picture("kitten"))
    await until(lambda: scene.memory.captions(scene.collection) == ["kitten"])
    upload = scene.memory.kept.uploads[0]
    assert upload.source_channel == str(scene.photos.id)
    found = await (await scene.member.slash("search", query="kitten")).answer()
    # A link to the message leads through the thread: the channel does not know it.
    assert f"/channels/{scene.guild.id}/{thread.id}/{message.id}>" in found.content
    await scene.member.in_channel(thread).delete(message)
    await until(lambda: scene.memory.captions(scene.collection) == [])


async def test_many_are_deleted_at_once(scene: Scene) -> None:
    await watch(scene, scene.photos)
    there = scene.member.in_channel(scene.photos)
    messages = [await there.post(f"cat {n}", picture(f"p{n}")) for n in range(3)]
    again = await there.post("cat 0 again", picture("p0"))
    await until(lambda: len(scene.memory.kept.uploads) == 4)
    await scene.server.bulk_delete(messages)
    # The first one is still there: it came with another message, too.
    await until(lambda: scene.memory.captions(scene.collection) == ["cat 0"])
    await there.delete(again)
    await until(lambda: scene.memory.captions(scene.collection) == [])


async def test_deleted_before_it_was_safe(scene: Scene) -> None:
    await watch(scene, scene.photos)
    scene.memory.kept.held = asyncio.Event()
    there = scene.member.in_channel(scene.photos)
    message = await there.post("oops", picture("oops"))
    await until(lambda: scene.memory.kept.started)
    await there.delete(message)
    await until(lambda: scene.memory.store.deletions)
    scene.memory.kept.held.set()
    await until(lambda: len(scene.memory.store.deletions) == 2)
    await until(lambda: scene.memory.captions(scene.collection) == [])


async def test_the_store_is_gone_for_a_moment(scene: Scene) -> None:
    await watch(scene, scene.photos)
    scene.memory.kept.fails = 3
    await scene.member.in_channel(scene.photos).post("a cat", picture("cat"))
    await until(lambda: scene.memory.captions(scene.collection) == ["a cat"])


async def test_the_store_is_gone_for_long(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await watch(scene, scene.photos)
    scene.memory.kept.fails = 4
    await scene.member.in_channel(scene.photos).post("a cat", picture("cat"))
    await until(lambda: "discord_picture_not_taken" in caplog.text)
    assert scene.memory.captions(scene.collection) == []


async def test_no_more_than_can_be_shown_in_the_settings(scene: Scene) -> None:
    others = frozenset(str(number) for number in range(1, MAX_WATCHED))
    scene.memory.kept.policies[scene.collection] = Policy(watched=others)
    assert await watch(scene, scene.photos) == said("watching", scene.photos)
    assert len(watched(scene)) == MAX_WATCHED
    more = await scene.server.new_channel(scene.guild, "more")
    refused = SENTENCES["too_many_watched"].format(limit=MAX_WATCHED)
    assert await watch(scene, more) == refused
    assert len(watched(scene)) == MAX_WATCHED


async def test_what_cannot_be_seen_is_not_watched(scene: Scene) -> None:
    blind = Overwrite(scene.server.application_id, 1, deny=limits.VIEW_CHANNEL)
    hidden = await scene.server.new_channel(scene.guild, "hidden", overwrites=[blind])
    assert await watch(scene, hidden) == said("bot_cannot_see", hidden)
    # New pictures come by themselves: what was posted before is not needed for that.
    mute = Overwrite(scene.server.application_id, 1, deny=limits.READ_MESSAGE_HISTORY)
    fresh = await scene.server.new_channel(scene.guild, "fresh", overwrites=[mute])
    assert await watch(scene, fresh) == said("watching", fresh)
    category = scene.guild.add_channel("category", kind=CATEGORY)
    with pytest.raises(NotShownError):
        await scene.admin.slash("library watch", channel=category)


async def test_members_cannot(scene: Scene) -> None:
    for name in ("watch", "unwatch", "import"):
        options = {"channel": scene.photos}
        with pytest.raises(NotShownError):
            await scene.member.slash(f"library {name}", **options)
        exchange = await scene.member.slash(f"library {name}", even_if_hidden=True, **options)
        assert (await exchange.answer()).content == CORE["not_allowed"]
    assert scene.memory.kept.policies == {}


async def test_it_goes_on_after_a_restart(place: Place, running: RunningBot) -> None:
    watching = Policy(watched=frozenset({str(place.photos.id)}))
    place.memory.kept.policies[place.collection] = watching
    async with running():
        await place.member.in_channel(place.photos).post("a cat", picture("cat"))
        await until(lambda: place.memory.captions(place.collection) == ["a cat"])


async def test_settings_are_remembered_for_a_moment_only() -> None:
    memory = LibraryMemory()
    policies = Policies(memory, 30)
    assert (await policies.get("c")).watched == frozenset()
    memory.kept.policies["c"] = Policy(watched=frozenset({"1"}))
    assert (await policies.get("c")).watched == frozenset()
    policies.forget("c")
    assert (await policies.get("c")).watched == {"1"}
    changed = await policies.change(
        "c",
        Person("a", "Ada", is_admin=True),
        lambda policy: replace(policy, watched=frozenset({"2"})),
    )
    assert changed.watched == (await policies.get("c")).watched == {"2"}
    old = Policies(memory, 0)
    memory.kept.policies["c"] = Policy()
    assert (await old.get("c")).watched == frozenset()
