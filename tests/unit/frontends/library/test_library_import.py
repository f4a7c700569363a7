"""Importing what was posted before: what is taken in, and what the admin is told."""

from __future__ import annotations

import asyncio

from bot.core.texts import texts_for
from bot.frontends.discord_bot.library.sentences import SENTENCES
from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_limits import UploadedFile
from tests.acceptance.discord_people import DiscordPerson
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


async def test_everything_from_the_oldest_on(scene: Scene) -> None:
    collection = f"discord:guild:{scene.photos.guild_id}"
    there = scene.member.in_channel(scene.photos)
    messages = [await there.post(f"cat {n}", picture(f"p{n}")) for n in range(3)]
    await there.post("no picture")
    await there.post("again", picture("p0"))
    await there.post("two", picture("a", "the left one"), picture("b"))
    await there.post("broken", UploadedFile("broken.png", b"no picture at all"))
    message = await begin(scene.admin, scene.photos)
    lines = await ended(scene.server, message)
    assert lines == [
        SENTENCES["import_done"].format(channel=f"<#{scene.photos.id}>"),
        counts(7, 5, 1, 1),
    ]
    assert await labels(message) == []
    assert scene.memory.captions(collection) == ["cat 0", "cat 1", "cat 2", "the left one", "two"]
    first = scene.memory.kept.uploads[0]
    assert first.source_channel == str(scene.photos.id)
    assert first.source_message == str(messages[0].id)
    assert {person.id for person in scene.memory.kept.people.values()} == {
        f"discord:{scene.member.id}"
    }
    assert scene.memory.kept.people[1].name == "Max"


async def test_more_than_a_page_and_then_only_what_is_new(scene: Scene) -> None:
    there = scene.member.in_channel(scene.photos)
    for number in range(101):
        files = [picture(f"p{number}")] if number % 10 == 0 else []
        await there.post(f"cat {number}", *files)
    lines = await ended(scene.server, await begin(scene.admin, scene.photos))
    assert lines[-1] == counts(101, 11)
    assert scene.server.counts["history"] == 2
    await there.post("new", picture("new"))
    lines = await ended(scene.server, await begin(scene.admin, scene.photos))
    assert lines[-1] == counts(1, 1)
    assert scene.server.counts["history"] == 3
    lines = await ended(scene.server, await begin(scene.admin, scene.photos))
    assert lines[-1] == counts(0, 0)


async def test_bots_and_previews_are_left_out(scene: Scene) -> None:
    from tests.acceptance.discord_attachments import PictureEmbed

    there = scene.member.in_channel(scene.photos)
    machine = DiscordPerson(scene.server, "Robo", scene.guild).in_channel(scene.photos)
    machine.user["bot"] = True
    await machine.post("by a bot", picture("machine"))
    await there.post("article", embeds=[PictureEmbed(picture("preview"), kind="article")])
    await there.post(
        "link", embeds=[PictureEmbed(picture("bare"), kind="image", place="thumbnail")]
    )
    lines = await ended(scene.server, await begin(scene.admin, scene.photos))
    assert lines[-1] == counts(3, 1)
    assert [upload.filename for upload in scene.memory.kept.uploads] == ["bare.jpg"]


async def test_threads_are_part_of_their_channel(scene: Scene) -> None:
    thread = await scene.server.new_thread(scene.guild, scene.photos, "kittens")
    private = await scene.server.new_thread(scene.guild, scene.photos, "private", private=True)
    await scene.member.in_channel(scene.photos).post("cat", picture("cat"))
    await scene.member.in_channel(thread).post("kitten", picture("kitten"))
    await until(lambda: scene.bot.client.get_channel(thread.id) is not None)
    private.member_ids.add(scene.server.application_id)
    message = await begin(scene.admin, scene.photos)
    assert SENTENCES["threads_too"] in message.edits[0]
    assert (await ended(scene.server, message))[-1] == counts(2, 2)
    assert scene.memory.captions(scene.collection) == ["cat", "kitten"]
    assert {upload.source_channel for upload in scene.memory.kept.uploads} == {str(scene.photos.id)}
    # Each goes on after what was taken in of it.
    await scene.member.in_channel(scene.photos).post("cat 2", picture("cat 2"))
    await scene.member.in_channel(thread).post("kitten 2", picture("kitten 2"))
    assert (await ended(scene.server, await begin(scene.admin, scene.photos)))[-1] == counts(2, 2)
    assert (await ended(scene.server, await begin(scene.admin, thread)))[-1] == counts(0, 0)


async def test_a_forum_is_its_threads(place: Place, running: RunningBot) -> None:
    forum = place.guild.add_channel("gallery", kind=15)
    threads = [place.guild.add_thread(forum, f"post {n}") for n in range(3)]
    for number, thread in enumerate(threads):
        await place.member.in_channel(thread).post(f"cat {number}", picture(f"p{number}"))
    async with running():
        message = await begin(place.admin, forum)
        assert (await ended(place.server, message))[-1] == counts(3, 3)
    assert place.memory.captions(place.collection) == ["cat 0", "cat 1", "cat 2"]
    assert {upload.source_channel for upload in place.memory.kept.uploads} == {str(forum.id)}


async def test_several_at_once_but_not_twice_the_same(scene: Scene) -> None:
    others = [await scene.server.new_channel(scene.guild, f"more-{n}") for n in range(3)]
    channels = [scene.photos, *others]
    for number, channel in enumerate(channels):
        await scene.member.in_channel(channel).post("", picture(f"p{number}"))
    scene.memory.kept.held = asyncio.Event()
    messages = [await begin(scene.admin, channel) for channel in channels]
    assert scene.bot.client.importer.running_in(scene.collection) == [
        str(one.id) for one in channels
    ]
    answer = await (await scene.admin.slash("library import", channel=scene.photos)).answer()
    assert answer.content == SENTENCES["import_running"].format(channel=f"<#{scene.photos.id}>")
    stats = await (await scene.admin.slash("library stats")).answer()
    assert f"<#{scene.photos.id}>" in stats.content.splitlines()[-1]
    scene.memory.kept.held.set()
    for message in messages:
        assert (await ended(scene.server, message))[-1] == counts(1, 1)


async def test_the_token_of_the_command_is_not_needed(scene: Scene) -> None:
    await scene.member.in_channel(scene.photos).post("cat", picture("cat"))
    scene.memory.kept.held = asyncio.Event()
    exchange = await scene.admin.slash("library import", channel=scene.photos)
    await exchange.answer()
    exchange.age(limits.TOKEN_LIFE_S + 1)
    scene.memory.kept.held.set()
    await scene.server.wait_for(lambda: bool(shown(scene.admin)))
    await ended(scene.server, shown(scene.admin)[0])


async def test_progress_is_told_in_the_admins_language(scene: Scene) -> None:
    admin = DiscordPerson(scene.server, "Ada", scene.guild, is_admin=True, locale="de")
    await (await admin.slash("library import", channel=scene.photos)).answer()
    key = scene.collection, str(scene.photos.id)
    await until(lambda: key in scene.memory.store.imports)
    assert scene.memory.store.imports[key].language == "de"
    done = texts_for("de").say(SENTENCES["import_done"], channel=f"<#{scene.photos.id}>")
    await scene.server.wait_for(lambda: bool(shown(admin)) and done in shown(admin)[0].content)
