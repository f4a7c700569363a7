"""Pictures that look like one: /similar, and "Find similar" in the menu of a message."""

from __future__ import annotations

import pytest

from bot.core.messages import FindSimilar
from bot.core.sentences import REFUSALS, SENTENCES
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_running import running_bot
from tests.acceptance.discord_server import DiscordServer, Fault
from tests.acceptance.discord_world import Guild, Message, PictureEmbed, Sticker
from tests.unit.frontends.discord_memory import MemoryConversation, captions, labels

PICTURE = UploadedFile("cat.png", b"\x89PNG cat")
TITLE = "Pictures that look like this · 1 to 1 of 1 picture"


@pytest.fixture(autouse=True)
def one_picture(memory: MemoryConversation, collection: str) -> None:
    memory.add(collection, "cat")


async def find(person: DiscordPerson, message: Message) -> Message:
    return await (await person.context_menu("Find similar", message)).answer()


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize(
    ("files", "more"),
    [
        ([UploadedFile("notes.txt", b"text"), PICTURE], {}),
        ([], {"embeds": [PictureEmbed(PICTURE)]}),
        ([], {"embeds": [PictureEmbed(PICTURE, place="thumbnail", kind="link")]}),
        ([], {"stickers": [Sticker("Cat", PICTURE.content)]}),
        ([UploadedFile("notes.txt", b"t")], {"stickers": [Sticker("Cat", PICTURE.content, 2)]}),
    ],
    ids=["attachment", "embed", "link preview", "sticker", "moving sticker"],
)
async def test_a_message_with_a_picture(
    member: DiscordPerson, memory: MemoryConversation, files: list[UploadedFile], more: object
) -> None:
    assert isinstance(more, dict)
    message = await member.post("look", *files, **more)
    answer = await find(member, message)
    assert memory.incoming[-1].request == FindSimilar(PICTURE.content)
    assert answer.content == TITLE
    assert captions(answer) == ["cat"]
    assert labels(answer) == ["More like this …", "Not this …"]


@pytest.mark.parametrize("is_animated", [False, True])
async def test_a_message_with_a_server_s_own_emoji(
    server: DiscordServer,
    guild: Guild,
    member: DiscordPerson,
    memory: MemoryConversation,
    is_animated: bool,
) -> None:
    emoji = server.add_emoji(guild, "cat", PICTURE.content, is_animated=is_animated)
    async with running_bot(memory):
        answer = await find(member, await member.post(f"look {emoji.text} 🐈"))
    assert memory.incoming[-1].request == FindSimilar(PICTURE.content)
    assert answer.content == TITLE


@pytest.mark.usefixtures("bot")
async def test_a_forwarded_picture(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation
) -> None:
    original = await member.post("look", PICTURE)
    message = await member.post("")
    payload = server.message_payload(original)
    payload_of = server.message_payload

    def with_snapshot(shown: Message) -> dict[str, object]:
        told = payload_of(shown)
        if shown is message:
            told["message_reference"] = {"type": 1, "channel_id": str(original.channel_id)}
            told["message_snapshots"] = [{"message": payload}]
        return told

    server.message_payload = with_snapshot  # type: ignore[method-assign]
    answer = await find(member, message)
    assert memory.incoming[-1].request == FindSimilar(PICTURE.content)
    assert answer.content == TITLE


@pytest.mark.usefixtures("bot")
async def test_messages_without_a_picture_to_read(
    server: DiscordServer, member: DiscordPerson, memory: MemoryConversation
) -> None:
    answer = await find(member, await member.post("no picture 🐈"))
    assert (answer.content, answer.is_ephemeral) == (REFUSALS["not_a_picture"], True)
    lottie = Sticker("Cat", b"{}", 3)
    answer = await find(member, await member.post("", stickers=[lottie]))
    assert (answer.content, answer.is_ephemeral) == (REFUSALS["unsupported"], True)
    message = await member.post("look", PICTURE)
    server.expire_links()
    del server.messages[message.id]
    answer = await find(member, message)
    assert answer.content == REFUSALS["missing"]
    assert memory.incoming == []


@pytest.mark.usefixtures("bot")
async def test_pictures_of_one_s_own(member: DiscordPerson, memory: MemoryConversation) -> None:
    answer = await (await member.slash("similar", image=PICTURE)).answer()
    assert memory.incoming[-1].request == FindSimilar(PICTURE.content)
    assert (answer.content, answer.is_ephemeral) == (TITLE, False)
    answer = await (await member.slash("similar", image=PICTURE, private=True)).answer()
    assert (answer.content, answer.is_ephemeral) == (TITLE, True)


@pytest.mark.usefixtures("bot")
async def test_a_picture_that_is_too_large_is_not_fetched(
    server: DiscordServer, member: DiscordPerson
) -> None:
    large = UploadedFile("big.png", bytes(30 * 2**20 + 1))
    answer = await (await member.slash("similar", image=large)).answer()
    assert (answer.content, answer.is_ephemeral) == (REFUSALS["too_large"], True)
    assert server.counts["file"] == 0


@pytest.mark.usefixtures("bot")
async def test_discord_s_files_are_down(server: DiscordServer, member: DiscordPerson) -> None:
    server.faults["file"] = [Fault(503)]
    answer = await (await member.slash("similar", image=PICTURE)).answer()
    assert (answer.content, answer.is_ephemeral) == (SENTENCES["unavailable"], True)


@pytest.mark.usefixtures("bot")
async def test_a_picture_is_not_suggested_as_a_question(
    member: DiscordPerson, memory: MemoryConversation
) -> None:
    await (await member.slash("similar", image=PICTURE)).answer()
    assert memory.history.own == []
    assert await member.autocomplete("search", "query", "") == []
