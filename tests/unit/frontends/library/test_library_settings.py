"""The settings: shown as they are, changed at once, by admins only, also after a restart."""

from __future__ import annotations

import pytest

from bot.core.policy import Policy
from bot.core.sentences import SENTENCES as CORE
from bot.frontends.discord_bot.library import languages
from bot.frontends.discord_bot.library.sentences import SENTENCES
from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_world import Message, Overwrite
from tests.unit.frontends.library.conftest import Place, RunningBot, Scene, picture, until

SEARCH, ADD, WATCH, COUNT, LANGUAGE = range(5)


async def panel(admin: DiscordPerson) -> Message:
    answer = await (await admin.slash("library settings")).answer()
    assert answer.is_ephemeral
    return answer


def menu(message: Message, which: int) -> str:
    return str(message.parts[which]["placeholder"])


def chosen(message: Message, which: int) -> list[str]:
    part = message.parts[which]
    defaults = [str(item["id"]) for item in part.get("default_values", ())]
    return defaults + [item["value"] for item in part.get("options", ()) if item.get("default")]


def policy(place: Place) -> Policy:
    return place.memory.kept.policies.get(place.collection, Policy())


async def test_what_holds_at_first(scene: Scene) -> None:
    message = await panel(scene.admin)
    assert message.content.splitlines() == [
        SENTENCES["settings"],
        "1 · Who may search: everybody",
        "2 · Who may add pictures besides those who manage the server: —",
        "3 · Watched channels: —",
        "4 · Pictures in an answer: as usual",
        "5 · Language of my answers to messages: as usual",
    ]
    assert [chosen(message, n) for n in range(5)] == [[], [], [], ["0"], ["auto"]]
    assert menu(message, SEARCH) == "1 · Who may search: everybody"


async def test_each_can_be_changed(scene: Scene) -> None:
    friends = await scene.server.new_role(scene.guild, "friends")
    curators = await scene.server.new_role(scene.guild, "curators")
    message, admin = await panel(scene.admin), scene.admin
    await (await admin.choose_roles(message, menu(message, SEARCH), [friends])).acknowledged()
    await until(lambda: policy(scene).search_groups == {str(friends.id)})
    await scene.server.wait_for(lambda: f"<@&{friends.id}>" in message.content)
    both = [friends, curators]
    await (await admin.choose_roles(message, menu(message, ADD), both)).acknowledged()
    await scene.server.wait_for(lambda: f"<@&{curators.id}>" in message.content)
    assert SENTENCES["show_commands"] in message.content
    channels = [scene.photos]
    await (await admin.choose_channels(message, menu(message, WATCH), channels)).acknowledged()
    await scene.server.wait_for(lambda: f"<#{scene.photos.id}>" in message.content)
    await (await admin.choose(message, "10", select=menu(message, COUNT))).acknowledged()
    await scene.server.wait_for(lambda: "4 · Pictures in an answer: 10" in message.content)
    await (await admin.choose(message, "Deutsch", select=menu(message, LANGUAGE))).acknowledged()
    await scene.server.wait_for(lambda: message.content.count("Deutsch") == 1)
    assert policy(scene) == Policy(
        search_groups=frozenset({str(friends.id)}),
        add_groups=frozenset({str(friends.id), str(curators.id)}),
        watched=frozenset({str(scene.photos.id)}),
        page_size=10,
        language="de",
    )
    again = await panel(scene.admin)
    for shown in (message, again):
        assert [chosen(shown, n) for n in range(5)] == [
            [str(friends.id)],
            [str(friends.id), str(curators.id)],
            [str(scene.photos.id)],
            ["10"],
            ["de"],
        ]
    # It holds at once.
    await scene.member.in_channel(scene.photos).post("a cat", picture("cat"))
    await until(lambda: scene.memory.captions(scene.collection) == ["a cat"])
    answer = await (await scene.member.slash("search", query="cat")).answer()
    assert answer.content == CORE["search_not_allowed"]
    await (await admin.choose_roles(again, menu(again, SEARCH), [])).acknowledged()
    await scene.server.wait_for(lambda: "1 · Who may search: everybody" in again.content)
    answer = await (await scene.member.slash("search", query="cat")).answer()
    assert answer.files


async def test_everyone_is_everybody(scene: Scene) -> None:
    friends = await scene.server.new_role(scene.guild, "friends")
    message = await panel(scene.admin)
    roles = [scene.guild.everyone, friends]
    await (await scene.admin.choose_roles(message, menu(message, SEARCH), roles)).acknowledged()
    await until(lambda: scene.collection in scene.memory.kept.policies)
    assert policy(scene).search_groups == frozenset()
    await (await scene.admin.choose_roles(message, menu(message, ADD), roles)).acknowledged()
    await until(lambda: policy(scene).add_groups == {str(friends.id)})


async def test_it_works_after_a_restart(place: Place, running: RunningBot) -> None:
    async with running():
        message = await panel(place.admin)
    async with running():
        await (await place.admin.choose(message, "3", select=menu(message, COUNT))).acknowledged()
        await place.server.wait_for(lambda: "4 · Pictures in an answer: 3" in message.content)


async def test_only_for_admins(scene: Scene) -> None:
    with pytest.raises(NotShownError):
        await scene.member.slash("library settings")
    exchange = await scene.member.slash("library settings", even_if_hidden=True)
    assert (await exchange.answer()).content == CORE["not_allowed"]
    # Somebody who was an admin when the panel was opened, and is none any more.
    message = await panel(scene.admin)
    scene.guild.members[scene.admin.id].role_ids.clear()
    for press in (
        scene.admin.choose_roles(message, menu(message, ADD), []),
        scene.admin.choose(message, "3", select=menu(message, COUNT)),
    ):
        told = await (await press).followup()
        assert told.content == CORE["not_allowed"]
        assert told.is_ephemeral
    assert scene.memory.kept.policies == {}


async def test_channels_that_cannot_be_watched_are_left_out(scene: Scene) -> None:
    blind = Overwrite(scene.server.application_id, 1, deny=limits.VIEW_CHANNEL)
    hidden = await scene.server.new_channel(scene.guild, "hidden", overwrites=[blind])
    message = await panel(scene.admin)
    channels = [scene.photos, hidden]
    exchange = await scene.admin.choose_channels(message, menu(message, WATCH), channels)
    told = await exchange.followup()
    assert told.content == SENTENCES["bot_cannot_see"].format(channel=f"<#{hidden.id}>")
    assert policy(scene).watched == {str(scene.photos.id)}
    assert chosen(message, WATCH) == [str(scene.photos.id)]


async def test_without_the_message_content_intent_nothing_new_is_watched(
    place: Place, running: RunningBot
) -> None:
    place.server.message_content = False
    place.memory.kept.policies[place.collection] = Policy(watched=frozenset({"5"}))
    async with running():
        message = await panel(place.admin)
        channels = [place.photos]
        exchange = await place.admin.choose_channels(message, menu(message, WATCH), channels)
        assert "docs/discord.md#message-content" in (await exchange.followup()).content
    assert policy(place).watched == frozenset()


async def test_roles_and_channels_that_are_gone_do_no_harm(scene: Scene) -> None:
    gone = Policy(
        search_groups=frozenset({"77"}), add_groups=frozenset({"78"}), watched=frozenset({"79"})
    )
    scene.memory.kept.policies[scene.collection] = gone
    message = await panel(scene.admin)
    assert [chosen(message, n) for n in range(3)] == [[], [], []]
    # Nobody in such a role is left, and the settings do not hide that.
    assert "1 · Who may search: <@&77>" in message.content


async def test_as_many_as_can_be_chosen(scene: Scene) -> None:
    roles = [await scene.server.new_role(scene.guild, f"role {n}") for n in range(26)]
    channels = [await scene.server.new_channel(scene.guild, f"more {n}") for n in range(26)]
    message, admin = await panel(scene.admin), scene.admin
    for which in (SEARCH, ADD):
        await (await admin.choose_roles(message, menu(message, which), roles[:25])).acknowledged()
        await until(lambda: len(policy(scene).add_groups | policy(scene).search_groups) == 25)
        with pytest.raises(NotShownError):
            await admin.choose_roles(message, menu(message, which), roles)
    exchange = await admin.choose_channels(message, menu(message, WATCH), channels[:25])
    await exchange.acknowledged()
    await until(lambda: len(policy(scene).watched) == 25)
    with pytest.raises(NotShownError):
        await admin.choose_channels(message, menu(message, WATCH), channels)
    again = await panel(scene.admin)
    assert [len(chosen(again, n)) for n in range(3)] == [25, 25, 25]
    assert again.content.count("<@&") == 30
    assert again.content.splitlines()[-1] == SENTENCES["show_commands"]


async def test_the_database_is_gone(scene: Scene) -> None:
    message = await panel(scene.admin)
    scene.memory.store.fails = 1
    press = scene.admin.choose(message, "3", select=menu(message, COUNT))
    assert (await (await press).followup()).content == CORE["unavailable"]


def test_languages_fit_into_one_menu() -> None:
    offered = languages.offered()
    assert len(offered) == 24
    assert list(offered)[:2] == ["en", "es"]
    assert languages.name_of("fi") == "Suomi"
    assert languages.name_of("") == ""
    assert languages.name_of("tlh") == "tlh"
