"""Commands, descriptions and tokens of the fake Telegram, at N and N + 1."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeChat,
)
from telegram.error import BadRequest, InvalidToken

from tests.acceptance.telegram_bare import bare_bot
from tests.acceptance.telegram_chats import TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer


@pytest.fixture
async def api(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bare_bot(server) as bot:
        yield bot


@pytest.fixture
def ben(world: World) -> TelegramPerson:
    return world.person("Ben", "pt-br")


async def test_commands(api: Bot, world: World, ben: TelegramPerson) -> None:
    group = world.group(ben)
    for good in ([("a" * 32, "d" * 256)], [(f"c{n}", "d") for n in range(100)]):
        assert await api.set_my_commands(good)
    for bad in ([("a" * 33, "d")], [("A", "d")], [("a-b", "d")], [("a", "")], [("a", "d" * 257)]):
        with pytest.raises(BadRequest):
            await api.set_my_commands(bad)
    with pytest.raises(BadRequest, match="Bot_commands_too_much"):
        await api.set_my_commands([(f"c{n}", "d") for n in range(101)])
    await api.set_my_commands([BotCommand("add", "Adicionar")], language_code="pt")
    for code in ("pt-br", "por", "PT"):
        with pytest.raises(BadRequest, match="language code"):
            await api.set_my_commands([("add", "d")], language_code=code)
    assert [one["description"] for one in ben.shown_commands()] == ["Adicionar"]
    await api.set_my_commands([("x", "d")], BotCommandScopeAllChatAdministrators())
    assert [one["command"] for one in ben.shown_commands(group)] == ["x"]
    await api.set_my_commands([("y", "d")], BotCommandScopeChat(ben.id))
    assert [one["command"] for one in ben.shown_commands()] == ["y"]
    assert await api.get_my_commands(BotCommandScopeChat(ben.id)) == (BotCommand("y", "d"),)
    await api.delete_my_commands(BotCommandScopeChat(ben.id))
    assert [one["command"] for one in ben.shown_commands()] == ["add"]


async def test_what_the_bot_says_of_itself(api: Bot, world: World) -> None:
    for setter, most in (
        (api.set_my_name, 64),
        (api.set_my_description, 512),
        (api.set_my_short_description, 120),
    ):
        await setter("x" * most)
        with pytest.raises(BadRequest):
            await setter("x" * (most + 1))
    assert (await api.get_my_short_description()).short_description == "x" * 120
    assert world.descriptions["Name", ""] == "x" * 64


@pytest.mark.parametrize("token", ["42:wrong", "nonsense"])
async def test_tokens(server: TelegramServer, token: str) -> None:
    bot = Bot(token, f"{server.url}/bot")
    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()
