"""A Telegram bot over a conversation in memory, connected to the fake server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from bot.frontends.base import FrontendOptions
from bot.frontends.telegram_bot import TelegramBot, pacing
from tests.acceptance.telegram_chats import TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer, telegram_server
from tests.unit.telegram_bot.memory import MemoryConversation
from tests.unit.telegram_bot.waiting import kept_loggers

StartBot = Callable[..., Awaitable[TelegramBot]]


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    with kept_loggers():
        yield


@pytest.fixture(autouse=True)
def _as_in_a_running_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the library as the connection sets it, also where a test makes none."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture(autouse=True)
def _patient_telegram(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let people talk without pauses; tests of floods set their own pace."""
    monkeypatch.setattr(pacing, "BURST_S", 1000)


@pytest.fixture
def conversation() -> MemoryConversation:
    return MemoryConversation()


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with telegram_server() as running:
        yield running


@pytest.fixture
async def new_bot(
    conversation: MemoryConversation, server: TelegramServer
) -> AsyncIterator[Callable[..., TelegramBot]]:
    bots = []

    def new(**options: Any) -> TelegramBot:
        defaults: dict[str, Any] = {
            "telegram_token": server.token,
            "telegram_api_url": server.url,
        }
        bot = TelegramBot(conversation, FrontendOptions(**{**defaults, **options}))
        bots.append(bot)
        return bot

    yield new
    for bot in bots:
        await bot.stop()
    assert [one for one in server.misbehaviour if "Unauthorized" not in one] == []


@pytest.fixture
async def bot(new_bot: Callable[..., TelegramBot]) -> TelegramBot:
    running = new_bot()
    await running.start()
    return running


@pytest.fixture
def world(server: TelegramServer) -> World:
    return server.world


@pytest.fixture
def ana(world: World) -> TelegramPerson:
    return world.person("Ana", "de")


@pytest.fixture
def bob(world: World) -> TelegramPerson:
    return world.person("Bob")
