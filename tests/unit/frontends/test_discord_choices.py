"""What can be chosen below an answer: more like this, not this, show everyone, delete."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.messages import MoreLikeThis
from bot.core.sentences import SENTENCES
from bot.frontends.discord_bot.sentences import SENTENCES as DISCORD
from tests.acceptance.discord_people import DiscordPerson, Exchange
from tests.acceptance.discord_rules import ATTACH_FILES
from tests.acceptance.discord_running import running_bot
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Message, Overwrite
from tests.unit.frontends.discord_memory import MemoryConversation, captions, labels

pytestmark = pytest.mark.usefixtures("bot")
LIKE, NOT, DELETE, SHARE = "More like this …", "Not this …", "Delete …", "Show everyone"
VIEW_CHANNEL = 1 << 10


async def ask(person: DiscordPerson, **options: Any) -> Message:
    return await (await person.slash("search", query="cat", **options)).answer()


async def hide(person: DiscordPerson, answer: Message, number: int) -> None:
    await (await person.choose(answer, f"№ {number} ", select=NOT)).answer()


async def aside(exchange: Exchange, answer: Message) -> Message:
    said = await exchange.answer(lambda message: message is not answer)
    assert said.is_ephemeral
    return said


# More like this


async def test_more_like_one_of_the_pictures(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "red cat")
    blue = memory.add(collection, "blue cat " + "very " * 40)
    first = await ask(member)
    for person in (member, admin):
        answer = await (await person.choose(first, "№ 2", select=LIKE)).answer()
        assert memory.incoming[-1].request == MoreLikeThis(blue)
        assert captions(answer) == ["red cat"]
        assert answer.content.startswith("Pictures like “blue cat very")
        assert not answer.is_ephemeral
    assert captions(first)[0] == "red cat"


async def test_more_like_a_picture_of_a_private_answer_is_private(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 3)
    first = await ask(member, private=True)
    answer = await (await member.choose(first, "№ 1", select=LIKE)).answer()
    assert answer is not first
    assert answer.is_ephemeral
    assert SHARE in labels(answer)


async def test_more_like_a_picture_that_is_gone(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    first_id, _ = memory.fill(collection, 2)
    first = await ask(member)
    await memory.pictures.delete(collection, first_id)
    said = await aside(await member.choose(first, "№ 1", select=LIKE), first)
    assert said.content == SENTENCES["image_gone"]


# Not this


async def test_a_picture_not_wanted_never_comes_back(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 22)
    answer = await ask(member)
    await hide(member, answer, 2)
    assert captions(answer) == [f"cat {n}" for n in range(11) if n != 1]
    assert answer.content == "Pictures for “cat” · 1 to 10 of 21 pictures"
    await (await member.click(answer, "▶")).answer()
    await hide(member, answer, 11)
    async with running_bot(memory):
        await (await member.click(answer, "◀")).answer()
        await (await member.click(answer, "▶")).answer()
        await hide(member, answer, 11)
        seen = captions(answer)
        await (await member.click(answer, "◀")).answer()
        seen += captions(answer)
    assert not {"cat 1", "cat 11", "cat 12"} & set(seen)
    assert answer.content == "Pictures for “cat” · 1 to 10 of 19 pictures"


async def test_the_only_picture_not_wanted(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    answer = await ask(member)
    exchange = await member.choose(answer, "№ 1", select=NOT)
    assert await exchange.answer() is answer
    assert answer.content == SENTENCES["nothing_found"]
    assert not answer.files
    assert not answer.parts


async def test_the_last_picture_of_the_last_page_not_wanted(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 11)
    answer = await ask(member)
    await (await member.click(answer, "▶")).answer()
    await hide(member, answer, 11)
    assert answer.content == "Pictures for “cat” · 1 to 10 of 10 pictures"
    assert "cat 10" not in captions(answer)
    assert "▶" not in labels(answer)


async def test_others_may_not_take_pictures_out_of_an_answer(
    member: DiscordPerson, admin: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 2)
    answer = await ask(member)
    said = await aside(await admin.choose(answer, "№ 1", select=NOT), answer)
    assert said.content == DISCORD["not_yours"]
    assert len(answer.files) == 2


async def test_a_picture_not_wanted_is_left_out_of_pictures_like_another(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 4)
    first = await ask(member)
    answer = await (await member.choose(first, "№ 1", select=LIKE)).answer()
    assert captions(answer) == ["cat 1", "cat 2", "cat 3"]
    await hide(member, answer, 1)
    assert captions(answer) == ["cat 2", "cat 3"]
    assert answer.content == "Pictures like “cat 0” · 1 to 2 of 2 pictures"


# Show everyone


async def test_only_private_answers_can_be_shown_to_everyone(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 11)
    assert SHARE not in labels(await ask(member))
    private = await ask(member, private=True)
    await (await member.click(private, "▶")).answer()
    shared = await (await member.click(private, SHARE)).answer()
    assert not shared.is_ephemeral
    assert captions(shared) == ["cat 10"]
    assert SHARE not in labels(shared)
    assert private.is_ephemeral
    assert captions(private) == ["cat 10"]
    await (await member.click(shared, "◀")).answer()
    assert captions(shared)[0] == "cat 0"


async def test_pictures_taken_out_of_an_answer_are_not_shown_to_everyone(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.fill(collection, 3)
    private = await ask(member, private=True)
    await hide(member, private, 1)
    shared = await (await member.click(private, SHARE)).answer()
    assert captions(shared) == ["cat 1", "cat 2"]


async def test_everyone_is_shown_only_what_everyone_may_see(
    server: DiscordServer, guild: Guild, memory: MemoryConversation, collection: str
) -> None:
    role = await server.new_role(guild, "moderators")
    closed = [Overwrite(guild.id, deny=VIEW_CHANNEL), Overwrite(role.id, allow=VIEW_CHANNEL)]
    hidden = await server.new_channel(guild, "hidden", overwrites=closed)
    for number in range(12):
        memory.add(collection, f"secret cat {number}", b"s", str(hidden.id))
    moderator = DiscordPerson(server, "Mo", guild, roles=[role])
    private = await ask(moderator, private=True)
    await (await moderator.click(private, "▶")).answer()
    assert len(private.files) == 2
    said = await aside(await moderator.click(private, SHARE), private)
    assert said.content == DISCORD["nothing_to_share"]
    memory.add(collection, "open cat", b"o", str(guild.channel_id))
    shared = await (await moderator.click(private, SHARE)).answer()
    assert captions(shared) == ["open cat"]
    assert shared.content.startswith("Pictures for “cat” · 1 to 1 of 1 picture\n")


async def test_showing_everyone_takes_the_right_to_attach(
    guild: Guild, member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    memory.add(collection, "cat")
    guild.bot_permissions &= ~ATTACH_FILES
    private = await ask(member, private=True)
    assert captions(private) == ["cat"]
    said = await aside(await member.click(private, SHARE), private)
    assert said.content == DISCORD["cannot_attach"]
