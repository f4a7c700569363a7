"""Coming and going, imports, and being forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.communities import KEPT_AFTER_LEAVING_DAYS, Forgotten
from bot.core.community_ports import Import
from bot.core.errors import NotAllowedError, UnavailableError
from bot.core.messages import Ask, Upload
from bot.core.policy import DEFAULT_POLICY, Policy
from tests.unit.core.memory import ADMIN, MEMBER, MemoryBot
from tests.unit.core.memory_pictures import COLLECTION

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
POLICY = Policy(frozenset({"role:1"}), page_size=3, language="de")


@pytest.fixture
def bot() -> MemoryBot:
    return MemoryBot()


def _ids(bot: MemoryBot, collection: str = COLLECTION) -> list[int]:
    return list(bot.pictures.collections[collection])


# Settings


async def test_admins_change_the_settings_and_others_do_not(bot: MemoryBot) -> None:
    with pytest.raises(NotAllowedError):
        await bot.communities.change_policy(COLLECTION, MEMBER, POLICY)
    assert await bot.communities.policy(COLLECTION) == DEFAULT_POLICY
    await bot.communities.change_policy(COLLECTION, ADMIN, POLICY)
    assert await bot.communities.policy(COLLECTION) == POLICY
    assert await bot.communities.policy("elsewhere") == DEFAULT_POLICY


async def test_the_statistics_know_whose_pictures_are_whose(bot: MemoryBot) -> None:
    for uploader_id in (MEMBER.id, MEMBER.id, ADMIN.id):
        bot.pictures.put(uploader_id=uploader_id)
    counted = await bot.communities.statistics(COLLECTION, MEMBER)
    assert (counted.ready, counted.contributors, counted.mine) == (3, 2, 2)


# Messages


async def test_what_is_posted_is_taken_in_whoever_posts_it(bot: MemoryBot) -> None:
    uploads = [Upload(PNG, source_channel="1", source_message="7"), Upload(b"no picture")]
    taken = await bot.communities.take_in(COLLECTION, MEMBER, uploads)
    assert [item.refusal for item in taken] == [None, "not_a_picture"]
    assert _ids(bot) == [taken[0].image_id]


async def test_pictures_go_with_the_last_message_they_came_with(bot: MemoryBot) -> None:
    alone = bot.pictures.put("1")
    twice = bot.pictures.put("1", "2")
    for_all = bot.pictures.put("1")
    bot.pictures.collections[COLLECTION][for_all].confined = False
    other = bot.pictures.put("1")
    messages = [f"{image_id}0" for image_id in (alone, twice, for_all)]
    # The same number in another channel is another message.
    assert await bot.communities.messages_deleted(COLLECTION, "3", messages) == 0
    assert await bot.communities.messages_deleted(COLLECTION, "1", messages) == 1
    assert _ids(bot) == [twice, for_all, other]
    assert await bot.communities.messages_deleted(COLLECTION, "1", messages) == 0
    assert await bot.communities.messages_deleted(COLLECTION, "2", messages) == 1
    assert _ids(bot) == [for_all, other]
    assert await bot.communities.messages_deleted(COLLECTION, "", [f"{other}0"]) == 1
    assert _ids(bot) == [for_all]


# Coming and going


async def test_left_and_back_again(bot: MemoryBot) -> None:
    for key in ("discord:1", "discord:2", "discord:3", "telegram:1"):
        bot.pictures.put(collection=key)
    await bot.communities.left("discord:2")
    # A shard knows only of its own places.
    await bot.communities.present("discord:", ["discord:1"], all_of_them=False)
    assert set(bot.community_store.left_days) == {"discord:2"}
    await bot.communities.present("discord:", ["discord:1", "discord:2"], all_of_them=True)
    assert set(bot.community_store.left_days) == {"discord:3"}
    await bot.communities.present("discord:", [], all_of_them=True)
    assert set(bot.community_store.left_days) == {"discord:1", "discord:2", "discord:3"}


async def test_what_was_left_long_ago_is_dropped_with_all_its_pictures(bot: MemoryBot) -> None:
    for key, days in (("old", 0), ("young", -1), ("here", None)):
        for _ in range(450 if key == "old" else 2):  # more than one batch
            bot.pictures.put(collection=key)
        if days is not None:
            bot.community_store.left_days[key] = KEPT_AFTER_LEAVING_DAYS + days
    assert await bot.communities.drop_long_left() == 1
    assert bot.community_store.dropped == ["old"]
    assert "old" not in bot.pictures.collections
    assert [len(_ids(bot, key)) for key in ("young", "here")] == [2, 2]
    assert await bot.communities.drop_long_left() == 0


async def test_who_invites_the_bot_back_meanwhile_keeps_what_is_left(
    bot: MemoryBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(450):
        bot.pictures.put(collection="old")
    bot.community_store.left_days["old"] = KEPT_AFTER_LEAVING_DAYS
    delete = bot.pictures.delete

    async def delete_and_return(collection: str, image_id: int) -> bool:
        await bot.communities.present("", ["old"], all_of_them=False)
        return await delete(collection, image_id)

    monkeypatch.setattr(bot.pictures, "delete", delete_and_return)
    assert await bot.communities.drop_long_left() == 0
    assert 200 <= len(_ids(bot, "old")) < 450


# Being forgotten


@pytest.mark.parametrize("with_uploads", [False, True])
async def test_a_person_is_forgotten_everywhere(bot: MemoryBot, *, with_uploads: bool) -> None:
    for collection in (COLLECTION, "elsewhere"):
        for uploader_id in (MEMBER.id, ADMIN.id, MEMBER.id):
            bot.pictures.put(collection=collection, uploader_id=uploader_id)
    for person in (MEMBER, ADMIN):
        await bot.say(Ask("cat"), person=person, is_public=True)
    assert await bot.communities.uploads_of(MEMBER) == 4
    forgotten = await bot.communities.forget(MEMBER, with_uploads=with_uploads)
    assert forgotten == Forgotten(4 if with_uploads else 0)
    assert await bot.communities.uploads_of(MEMBER) == 0
    assert await bot.communities.uploads_of(ADMIN) == 2
    left = [kept.uploader_id for kept in bot.pictures.collections["elsewhere"].values()]
    assert left == ([ADMIN.id] if with_uploads else ["", ADMIN.id, ""])
    assert bot.history.own == bot.history.shared == [(COLLECTION, ADMIN.id, "cat")]
    # A second time there is nothing left to do.
    assert await bot.communities.forget(MEMBER, with_uploads=True) == Forgotten(0)


async def test_nobody_is_told_to_be_forgotten_who_is_not(bot: MemoryBot) -> None:
    bot.pictures.put(uploader_id=MEMBER.id)
    bot.history.is_down = True
    with pytest.raises(UnavailableError):
        await bot.communities.forget(MEMBER, with_uploads=True)
    assert await bot.communities.uploads_of(MEMBER) == 1


# Imports


async def test_imports_that_were_interrupted_are_known(bot: MemoryBot) -> None:
    assert await bot.communities.get_import(COLLECTION, "1") is None
    running = Import(COLLECTION, "1", "running", cursor="99", seen=7)
    for progress in (running, Import(COLLECTION, "2", "done"), Import("x", "1", "stopped")):
        await bot.communities.save_import(progress)
    assert await bot.communities.get_import(COLLECTION, "1") == running
    assert await bot.communities.running_imports() == [running]
    await bot.communities.save_import(replace(running, state="done"))
    assert await bot.communities.running_imports() == []
