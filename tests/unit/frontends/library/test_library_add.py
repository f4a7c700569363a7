"""Adding pictures: by command, from the menu of a message, by those who may."""

from __future__ import annotations

import pytest

from bot.core.policy import Policy
from bot.core.sentences import REFUSALS, SENTENCES
from tests.acceptance.discord_attachments import PictureEmbed
from tests.acceptance.discord_faults import Fault
from tests.acceptance.discord_limits import UploadedFile
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild
from tests.unit.frontends.library.conftest import picture
from tests.unit.frontends.library.memory import LibraryMemory

pytestmark = pytest.mark.usefixtures("bot")
MENU = "Add to library"


async def test_ten_pictures_at_once_and_no_more(
    admin: DiscordPerson, memory: LibraryMemory, collection: str
) -> None:
    images = {f"image{n}": picture(f"p{n}") for n in range(1, 11)}
    answer = await (
        await admin.slash("library add", **images, caption="our cats", tags="#cat, pet  house")
    ).answer()
    assert answer.content == "10 pictures were added."
    assert answer.is_ephemeral
    assert memory.captions(collection) == ["our cats"] * 10
    upload = memory.kept.uploads[0]
    assert upload.tags == ("cat", "pet", "house")
    assert (upload.source_channel, upload.source_message) == (None, None)
    assert memory.kept.people[1].id == f"discord:{admin.id}"
    with pytest.raises(NotShownError):
        await admin.slash("library add", **images, image11=picture("p11"))


async def test_each_refused_file_is_named_with_its_reason(
    admin: DiscordPerson, memory: LibraryMemory, collection: str
) -> None:
    await (await admin.slash("library add", image1=picture("old"))).answer()
    answer = await (
        await admin.slash(
            "library add",
            image1=picture("new"),
            image2=picture("old"),
            image3=UploadedFile("notes_1.txt", b"just text"),
            image4=UploadedFile("huge.png", b"\x89PNG\r\n\x1a\n" + bytes(30 * 2**20)),
        )
    ).answer()
    assert answer.content.splitlines() == [
        "1 picture was added.",
        "1 picture was here already.",
        rf"notes\_1.txt: {REFUSALS['not_a_picture']}",
        f"huge.png: {REFUSALS['too_large']}",
    ]


async def test_a_picture_that_cannot_be_fetched(
    server: DiscordServer, admin: DiscordPerson, memory: LibraryMemory
) -> None:
    server.faults["file"] = [Fault(status=404)]
    answer = await (await admin.slash("library add", image1=picture("gone"))).answer()
    assert answer.content == f"gone.jpg: {REFUSALS['missing']}"
    server.faults["file"] = [Fault(status=503)]
    answer = await (await admin.slash("library add", image1=picture("later"))).answer()
    assert answer.content == f"later.jpg: {SENTENCES['unavailable']}"
    assert memory.kept.uploads == []


async def test_the_store_is_not_there(
    admin: DiscordPerson, memory: LibraryMemory, collection: str
) -> None:
    memory.kept.fails = 1
    answer = await (await admin.slash("library add", image1=picture("cat"))).answer()
    assert answer.content == SENTENCES["unavailable"]


async def test_members_are_refused_before_anything_is_fetched(
    server: DiscordServer, member: DiscordPerson, memory: LibraryMemory
) -> None:
    with pytest.raises(NotShownError):
        await member.slash("library add", image1=picture("cat"))
    exchange = await member.slash("library add", even_if_hidden=True, image1=picture("cat"))
    assert (await exchange.answer()).content == SENTENCES["not_allowed"]
    assert memory.incoming == []
    assert server.counts["file"] == 0


async def test_a_role_can_be_granted_to_add(
    server: DiscordServer, guild: Guild, memory: LibraryMemory, collection: str
) -> None:
    role = guild.add_role("curators")
    curator = DiscordPerson(server, "Cleo", guild, roles=[role])
    memory.kept.policies[collection] = Policy(add_groups=frozenset({str(role.id)}))
    message = await curator.post("see", picture("menu"))
    answer = await (
        await curator.slash("library add", even_if_hidden=True, image1=picture("cat"))
    ).answer()
    assert answer.content == "1 picture was added."
    server.commands = [
        command | {"default_member_permissions": None} for command in server.commands
    ]
    answer = await (await curator.context_menu(MENU, message)).answer()
    assert answer.content == "1 picture was added."
    for name, options in (
        ("stats", {}),
        ("settings", {}),
        ("list", {}),
        ("remove", {"query": "cat"}),
        ("watch", {"channel": guild.channels[guild.channel_id]}),
        ("unwatch", {"channel": guild.channels[guild.channel_id]}),
        ("import", {"channel": guild.channels[guild.channel_id]}),
    ):
        refused = await (await curator.slash(f"library {name}", **options)).answer()
        assert refused.content == SENTENCES["not_allowed"], name
        assert refused.is_ephemeral


async def test_what_is_added_among_adults_stays_there(
    server: DiscordServer, guild: Guild, admin: DiscordPerson, memory: LibraryMemory
) -> None:
    adults = await server.new_channel(guild, "adults", nsfw=True)
    thread = await server.new_thread(guild, adults, "more")
    for number, place in enumerate((adults, thread), 1):
        there = admin.in_channel(place)
        await (await there.slash("library add", image1=picture(f"p{number}"))).answer()
        upload = memory.kept.uploads[-1]
        assert (upload.source_channel, upload.source_message) == (str(adults.id), None)


async def test_it_is_no_command_of_direct_conversations(
    server: DiscordServer, admin: DiscordPerson
) -> None:
    assert "library" in await admin.shown_commands()
    with pytest.raises(NotShownError):
        await admin.in_direct().slash("library add", image1=picture("cat"))


async def test_all_pictures_of_a_message_from_its_menu(
    admin: DiscordPerson, member: DiscordPerson, memory: LibraryMemory, collection: str
) -> None:
    described = picture("one", "a sleeping cat")
    embed = PictureEmbed(picture("three"), kind="image")
    said = "**Look** at <:smile:123456789012345678> what our cat did"
    message = await member.post(said, described, picture("two"), embeds=[embed])
    answer = await (await admin.context_menu(MENU, message)).answer()
    assert answer.content == "3 pictures were added."
    assert answer.is_ephemeral
    assert memory.captions(collection) == [
        "a sleeping cat",
        "Look at what our cat did",
        "Look at what our cat did",
    ]
    for upload in memory.kept.uploads:
        assert upload.source_channel == str(message.channel_id)
        assert upload.source_message == str(message.id)
    assert {person.id for person in memory.kept.people.values()} == {f"discord:{admin.id}"}


async def test_long_texts_are_cut_between_words(
    admin: DiscordPerson, member: DiscordPerson, memory: LibraryMemory, collection: str
) -> None:
    message = await member.post("word, " * 60, picture("cat"))
    await (await admin.context_menu(MENU, message)).answer()
    (caption,) = memory.captions(collection)
    assert caption == "word, " * 32 + "word …"
    message = await member.post("x" * 300, picture("dog"))
    await (await admin.context_menu(MENU, message)).answer()
    assert memory.captions(collection)[1] == "x" * 199 + "…"


async def test_an_emoji_only_where_there_is_nothing_else(
    server: DiscordServer,
    guild: Guild,
    admin: DiscordPerson,
    memory: LibraryMemory,
    collection: str,
) -> None:
    emoji = server.add_emoji(guild, "blobcat", b"\xff\xd8\xffblob")
    await (await admin.context_menu(MENU, await admin.post(emoji.text))).answer()
    assert memory.captions(collection) == ["blobcat"]


async def test_a_message_without_pictures(admin: DiscordPerson, member: DiscordPerson) -> None:
    message = await member.post("nothing to see")
    answer = await (await admin.context_menu(MENU, message)).answer()
    assert answer.content == SENTENCES["nothing_to_add"]


async def test_captions_have_a_limit(admin: DiscordPerson) -> None:
    options = {"image1": picture("cat")}
    await (await admin.slash("library add", **options, caption="x" * 1000)).answer()
    with pytest.raises(NotShownError):
        await admin.slash("library add", **options, caption="x" * 1001)
