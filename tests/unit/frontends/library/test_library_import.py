"""Importing what was posted before: begun, stopped, gone on with, killed, asked for again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.community_ports import Import
from bot.core.sentences import SENTENCES as CORE
from bot.core.texts import texts_for
from bot.frontends.discord_bot.library.sentences import SENTENCES
from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_faults import Fault
from tests.acceptance.discord_limits import UploadedFile
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Channel, Message, Overwrite
from tests.unit.frontends.library.conftest import Place, RunningBot, Scene, picture, until


async def begin(admin: DiscordPerson, channel: Channel) -> Message:
    """Import a channel; returns the message that shows how far it is."""
    answer = await (await admin.slash("library import", channel=channel)).answer()
    assert answer.content == SENTENCES["import_begun"]
    assert answer.is_ephemeral
    await admin.server.wait_for(lambda: bool(shown(admin)))
    return shown(admin)[-1]


def shown(admin: DiscordPerson) -> list[Message]:
    """Return the bot's messages in the admin's channel that are no answers to commands."""
    return [
        message
        for message in admin.server.messages.values()
        if message.author["id"] == admin.server.bot["id"]
        and message.channel_id == admin.channel_id
        and not message.interaction_metadata
    ]


async def ended(server: DiscordServer, message: Message, name: str = "import_done") -> list[str]:
    """Wait until a message tells of the end; returns its lines."""
    begins = SENTENCES[name].split("{channel}")[1]
    await server.wait_for(lambda: begins in message.content)
    return message.content.splitlines()


async def labels(message: Message) -> list[str]:
    return [part["label"] for part in message.parts]


def counts(seen: int, added: int, known: int = 0, refused: int = 0) -> str:
    numbers = {"seen": seen, "added": added, "known": known, "refused": refused}
    return SENTENCES["import_counts"].format(**numbers)


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


async def test_the_token_of_the_command_is_not_needed(scene: Scene) -> None:
    await scene.member.in_channel(scene.photos).post("cat", picture("cat"))
    scene.memory.kept.held = asyncio.Event()
    exchange = await scene.admin.slash("library import", channel=scene.photos)
    await exchange.answer()
    exchange.age(limits.TOKEN_LIFE_S + 1)
    scene.memory.kept.held.set()
    await scene.server.wait_for(lambda: bool(shown(scene.admin)))
    await ended(scene.server, shown(scene.admin)[0])


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


async def test_progress_is_told_in_the_admins_language(scene: Scene) -> None:
    admin = DiscordPerson(scene.server, "Ada", scene.guild, is_admin=True, locale="de")
    await (await admin.slash("library import", channel=scene.photos)).answer()
    key = scene.collection, str(scene.photos.id)
    await until(lambda: key in scene.memory.store.imports)
    assert scene.memory.store.imports[key].language == "de"
    done = texts_for("de").say(SENTENCES["import_done"], channel=f"<#{scene.photos.id}>")
    await scene.server.wait_for(lambda: bool(shown(admin)) and done in shown(admin)[0].content)
