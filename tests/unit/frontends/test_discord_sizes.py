"""Pictures that are too large for a server, or for Discord."""

from __future__ import annotations

import asyncio
import random
from io import BytesIO

import pytest
from PIL import Image

from bot.core.sentences import SENTENCES
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_server import DiscordServer, Fault
from tests.acceptance.discord_world import Guild, Message
from tests.unit.frontends.discord_memory import MemoryConversation, captions

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture
def guild(server: DiscordServer) -> Guild:
    return server.new_guild("Cats", preferred_locale="en-US")


def noise(side_px: int) -> bytes:
    """Make a picture that cannot be compressed well."""
    pixels = random.Random(side_px).randbytes(3 * side_px * side_px)  # noqa: S311
    out = BytesIO()
    Image.frombytes("RGB", (side_px, side_px), pixels).save(out, "WEBP", quality=90)
    return out.getvalue()


async def ask(person: DiscordPerson, query: str = "cat", *, private: bool = False) -> Message:
    return await (await person.slash("search", query=query, private=private)).answer()


async def say(person: DiscordPerson, text: str = "cat") -> Message:
    return await person.wait_for_answer(await person.mention(text))


# Permissions


async def test_pictures_as_large_as_a_server_takes_are_sent_as_they_are(
    guild: Guild, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    picture = noise(300)
    memory.add(collection, "cat", picture)
    for size, is_same in ((len(picture), True), (len(picture) - 1, False)):
        guild.attachment_size_limit = size
        (file,) = (await ask(member)).files
        assert (file.content == picture) == is_same
        assert len(file.content) <= size
        assert file.filename == "1.webp"
        assert file.description == "cat"


async def test_a_picture_that_can_be_made_no_smaller_is_left_out(
    guild: Guild, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    guild.attachment_size_limit = 1000
    memory.add(collection, "cat one", bytes(1001))
    assert (await ask(member)).content == SENTENCES["unavailable"]
    memory.add(collection, "cat two", bytes(1000))
    assert captions(await ask(member)) == ["cat two"]


@pytest.mark.parametrize("way", ["callback", "edit", "message"])
async def test_what_discord_finds_too_large_is_made_smaller(
    server: DiscordServer,
    member: DiscordPerson,
    memory: MemoryConversation,
    collection: str,
    way: str,
) -> None:
    picture = noise(300)
    memory.add(collection, "cat", picture)
    assert member.guild is not None
    member.guild.attachment_size_limit = len(picture)
    server.faults[way] = [Fault(413, 40005)]
    if way == "message":
        answer = await say(member)
    else:
        gate = memory.gates["cat"] = asyncio.Event()
        if way == "callback":
            gate.set()
        exchange = await member.slash("search", query="cat")
        if way == "edit":
            await exchange.acknowledged()
        gate.set()
        answer = await exchange.answer()
    assert captions(answer) == ["cat"]
    assert answer.content.startswith("Pictures for")
    if way != "message":  # what a server takes of messages is in its boosts
        assert len(answer.files[0].content) <= len(picture) // 2


async def test_what_stays_too_large_is_an_apology(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat", noise(100))
    server.faults["callback"] = [Fault(413, 40005), Fault(413, 40005)]
    answer = await ask(member)
    assert answer.content.startswith("Sorry, something went wrong here (incident ")
    assert answer.is_ephemeral
