"""Removing, listing and counting pictures, and where the bot is."""

from __future__ import annotations

import asyncio

import pytest

from bot.core import numbers
from bot.core.community_ports import Statistics
from bot.core.messages import Browse, Filters
from bot.core.policy import Policy
from bot.core.sentences import SENTENCES as CORE
from bot.core.texts import texts_for
from bot.frontends.discord_bot.library import statistics
from bot.frontends.discord_bot.library.presence import Presence
from bot.frontends.discord_bot.library.sentences import SENTENCES
from tests.acceptance.discord_people import NotShownError
from tests.acceptance.discord_world import Message
from tests.unit.frontends.library.conftest import Place, RunningBot, Scene, until


async def find(scene: Place, query: str = "cat") -> Message:
    answer = await (await scene.admin.slash("library remove", query=query)).answer()
    assert answer.is_ephemeral
    return answer


def labels(message: Message) -> list[str]:
    return [part["label"] for part in message.parts if part["type"] == 2]


async def test_several_are_deleted_after_a_second_look(scene: Scene) -> None:
    for name in ("red cat", "blue cat", "green_cat_"):
        scene.memory.add(scene.collection, name)
    message = await find(scene)
    assert [file.description for file in message.files] == ["red cat", "blue cat", "green_cat_"]
    (select,) = message.parts
    assert (select["min_values"], select["max_values"]) == (0, 3)
    await (await scene.admin.choose(message, "№ 1", "№ 3")).acknowledged()
    delete = f"{SENTENCES['remove_chosen']} (2)"
    await scene.server.wait_for(lambda: labels(message) == [delete])
    assert scene.memory.captions(scene.collection) == ["red cat", "blue cat", "green_cat_"]
    await (await scene.admin.click(message, delete)).acknowledged()
    await scene.server.wait_for(lambda: not message.parts)
    assert message.content == "“red cat” is deleted.\n“green\\_cat\\_” is deleted."
    assert message.files == ()
    assert scene.memory.captions(scene.collection) == ["blue cat"]


async def test_a_choice_can_be_taken_back(scene: Scene) -> None:
    scene.memory.add(scene.collection, "cat")
    message = await find(scene)
    await (await scene.admin.choose(message, "№ 1")).acknowledged()
    await scene.server.wait_for(lambda: bool(labels(message)))
    await (await scene.admin.choose(message)).acknowledged()
    await scene.server.wait_for(lambda: not labels(message))
    assert scene.memory.captions(scene.collection) == ["cat"]


async def test_deleting_works_after_a_restart(place: Place, running: RunningBot) -> None:
    gone = place.memory.add(place.collection, "old cat")
    place.memory.add(place.collection, "cat")
    async with running():
        message = await find(place)
    async with running():
        await (await place.admin.choose(message, "№ 1", "№ 2")).acknowledged()
        await place.server.wait_for(lambda: bool(labels(message)))
    # Somebody else was faster.
    del place.memory.kept.collections[place.collection][gone]
    async with running():
        await (await place.admin.click(message, labels(message)[0])).acknowledged()
        await place.server.wait_for(lambda: not message.parts)
    assert message.content.splitlines() == [CORE["image_gone"], "“cat” is deleted."]


async def test_nothing_to_remove(scene: Scene) -> None:
    message = await find(scene)
    assert message.content == CORE["empty_collection"]
    assert message.parts == []


async def test_more_than_ten_are_no_more_than_ten(scene: Scene) -> None:
    for number in range(11):
        scene.memory.add(scene.collection, f"cat {number}")
    message = await find(scene)
    assert len(message.files) == len(message.parts[0]["options"]) == 10


async def test_only_admins_remove_and_look(scene: Scene) -> None:
    scene.memory.add(scene.collection, "cat")
    for name, options in (("remove", {"query": "cat"}), ("list", {}), ("stats", {})):
        with pytest.raises(NotShownError):
            await scene.member.slash(f"library {name}", **options)
        exchange = await scene.member.slash(f"library {name}", even_if_hidden=True, **options)
        answer = await exchange.answer()
        assert answer.content == CORE["not_allowed"]
        assert answer.is_ephemeral
    message = await find(scene)
    scene.guild.members[scene.admin.id].role_ids.clear()
    told = await (await scene.admin.choose(message, "№ 1")).followup()
    assert told.content == CORE["not_allowed"]


async def test_the_list_is_newest_first(scene: Scene) -> None:
    uploader = f"discord:{scene.member.id}"
    scene.memory.add(scene.collection, "old", tags=("pet",))
    scene.memory.add(scene.collection, "new", uploader_id=uploader)
    answer = await (await scene.admin.slash("library list")).answer()
    assert answer.is_ephemeral
    assert [file.description for file in answer.files] == ["new", "old"]
    answer = await (
        await scene.admin.slash("library list", tag="#Pet", **{"from": scene.member})
    ).answer()
    assert answer.content == CORE["nothing_found"]
    assert scene.memory.incoming[-1].request == Browse(Filters("#Pet", uploader))
    answer = await (await scene.admin.slash("library list", tag="#Pet")).answer()
    assert [file.description for file in answer.files] == ["old"]


async def test_statistics(scene: Scene) -> None:
    scene.memory.add(scene.collection, "cat")
    watching = Policy(watched=frozenset({str(scene.photos.id)}))
    scene.memory.kept.policies[scene.collection] = watching
    answer = await (await scene.admin.slash("library stats")).answer()
    assert answer.is_ephemeral
    lines = answer.content.splitlines()
    assert lines[0] == "Pictures that can be found: 1"
    assert lines[-1] == f"Watched channels: <#{scene.photos.id}>"
    assert "encoder" not in answer.content
    scene.memory.kept.preparing_now = (0, 1)
    answer = await (await scene.admin.slash("library stats")).answer()
    assert "The new encoder is being prepared: 0 of 1 pictures" in answer.content.splitlines()


def test_statistics_in_words() -> None:
    counted = Statistics(12345, 6, 7, 3_456_789_012, 8, (("_pet_", 1234), ("cat", 5)), 0)
    text = statistics.told(counted, Policy(watched=frozenset({"11", "9"})), ["7"], texts_for("en"))
    assert text.splitlines() == [
        "Pictures that can be found: 12\u202f345",
        "Being prepared: 6",
        "Could not be read: 7",
        "Size: 3.5\u00a0GB",
        "People who added some: 8",
        "Tags: \\_pet\\_ (1\u202f234), cat (5)",
        "Watched channels: <#9> <#11>",
        "Being imported: <#7>",
    ]


@pytest.mark.parametrize(
    ("size_bytes", "written"),
    [
        (0, "0\u00a0B"),
        (999, "999\u00a0B"),
        (1000, "1\u00a0kB"),
        (999_499, "999\u00a0kB"),
        (999_500, "1.0\u00a0MB"),
        (12_345_678, "12.3\u00a0MB"),
        (123_456_789, "123\u00a0MB"),
        (5 * 10**15, "5000\u00a0TB"),
    ],
)
def test_sizes(size_bytes: int, written: str) -> None:
    assert numbers.size(size_bytes) == written


async def test_servers_left_while_nobody_was_listening(place: Place, running: RunningBot) -> None:
    memory = place.memory
    for key in ("discord:guild:1", "discord:user:2", place.collection):
        memory.add(key, "cat")
    memory.store.left_days[place.collection] = 3
    async with running():
        await until(lambda: memory.store.left_days == {"discord:guild:1": 0})


async def test_thrown_out_and_back(scene: Scene) -> None:
    scene.memory.store.fails = 1
    await scene.server.remove_guild(scene.guild)
    await until(lambda: scene.memory.store.left_days == {scene.collection: 0})
    scene.guild.bot_id = scene.server.application_id
    await scene.server.join_guild(scene.guild)
    await until(lambda: scene.memory.store.left_days == {})


async def test_an_outage_is_no_leaving(scene: Scene) -> None:
    await scene.server.take_down(scene.guild)
    await until(lambda: all(guild.unavailable for guild in scene.bot.client.guilds))
    await Presence(scene.bot.client, scene.memory).on_ready()
    assert scene.memory.store.left_days == {}


async def test_one_of_several_processes_speaks_for_its_servers_only(scene: Scene) -> None:
    scene.memory.add("discord:guild:1", "cat")
    scene.bot.client.shard_ids = [0]
    await Presence(scene.bot.client, scene.memory).on_ready()
    assert scene.memory.store.left_days == {}
    scene.bot.client.shard_ids = None
    scene.bot.client.shard_count = 2
    await Presence(scene.bot.client, scene.memory).on_ready()
    assert scene.memory.store.left_days == {}
    scene.bot.client.shard_count = 1
    await asyncio.wait_for(Presence(scene.bot.client, scene.memory).on_ready(), 60)
    assert scene.memory.store.left_days == {"discord:guild:1": 0}
