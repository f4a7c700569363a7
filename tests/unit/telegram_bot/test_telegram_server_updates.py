"""Updates of the fake Telegram: by polling and by webhook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import Bot, Update
from telegram.error import BadRequest, Conflict

from tests.acceptance.telegram_bare import bare_bot, hear
from tests.acceptance.telegram_chats import TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer

URL = "https://bot.example.org/telegram"


@pytest.fixture
async def api(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bare_bot(server) as bot:
        yield bot


@pytest.fixture
def ben(world: World) -> TelegramPerson:
    return world.person("Ben")


class Listener:
    """The bot's end of a webhook."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.texts: list[str] = []
        self.secrets: set[str | None] = set()
        self.statuses: list[int] = []
        """What to answer first; then 200."""
        self.gates: dict[str, asyncio.Event] = {}

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        assert request.path == "/telegram"
        self.heard.append(update["update_id"])
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        text = update["message"]["text"]
        self.texts.append(text)
        if text in self.gates:
            await self.gates[text].wait()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def listener(server: TelegramServer) -> AsyncIterator[Listener]:
    listener = Listener()
    application = web.Application()
    application.router.add_post("/{path:.*}", listener.handle)
    async with TestServer(application) as running:
        assert running.port is not None
        server.webhook.hosts["bot.example.org"] = running.port
        yield listener
        await server.webhook.stop()


async def test_offsets(api: Bot, ben: TelegramPerson, world: World) -> None:
    for number in range(4):
        await ben.send(str(number))
    first, second, *_ = await api.get_updates()
    assert second.update_id == first.update_id + 1
    assert [len(await api.get_updates(limit=limit)) for limit in (1, 100)] == [1, 4]
    (last,) = await api.get_updates(-1)
    assert last.message is not None
    assert last.message.text == "3"
    assert len(world.updates) == 1


async def test_only_what_is_wanted_comes(api: Bot, ben: TelegramPerson, world: World) -> None:
    message = await ben.send("before")
    await api.get_updates(allowed_updates=[Update.CALLBACK_QUERY])
    await ben.send("unwanted")
    (update,) = await api.get_updates()
    assert update.message is not None
    assert update.message.text == "before"
    await api.get_updates(allowed_updates=[])
    await ben.edit(message, "after")
    assert len(await api.get_updates()) == 2


async def test_polls_that_are_too_long_or_large(api: Bot, server: TelegramServer) -> None:
    polling = asyncio.create_task(api.get_updates(timeout=50))
    await server.world.until(lambda: server.world.queue.polls == 1)
    assert server.misbehaviour == []
    async with bare_bot(server) as other:
        longer = asyncio.create_task(other.get_updates(timeout=51, limit=101))
        with pytest.raises(Conflict, match="other getUpdates"):
            await polling
        await server.world.person("Ben").send("x")
        await longer
    assert server.misbehaviour == [
        "getUpdates: timeout=51 is cut",
        "getUpdates: limit=101 is ignored",
    ]


async def test_a_webhook_brings_updates_with_its_secret(
    api: Bot, ben: TelegramPerson, server: TelegramServer, listener: Listener, world: World
) -> None:
    await ben.send("before")
    await api.set_webhook(URL, secret_token="s" * 256, max_connections=1)
    await ben.send("after")
    await world.until(lambda: world.updates == [])
    assert listener.texts == ["before", "after"]
    assert listener.secrets == {"s" * 256}
    with pytest.raises(Conflict, match="webhook is active"):
        await api.get_updates()
    assert (await api.get_webhook_info()).url == URL
    await api.delete_webhook()
    await ben.send("polled")
    assert len(await hear(api, 1)) == 1


async def test_what_is_not_taken_comes_again(
    api: Bot, ben: TelegramPerson, server: TelegramServer, listener: Listener, world: World
) -> None:
    listener.statuses = [500, 302, 404]
    await api.set_webhook(URL)
    await ben.send("first")
    await ben.send("second")
    await world.until(lambda: world.updates == [])
    assert listener.texts == ["first"] * 4 + ["second"]
    assert len(set(listener.heard)) == 2
    assert listener.secrets == {None}
    assert [one.status for one in server.webhook.deliveries] == [500, 302, 404, 200, 200]
    assert (await api.get_webhook_info()).last_error_message is not None


async def test_what_was_taken_may_come_again(
    api: Bot, ben: TelegramPerson, listener: Listener, world: World
) -> None:
    await api.set_webhook(URL)
    await ben.send("x")
    await world.until(lambda: world.updates == [])
    world.queue.repeat()
    await world.until(lambda: world.updates == [])
    assert listener.texts == ["x", "x"]
    assert len(set(listener.heard)) == 1


async def test_a_bot_that_is_away_hears_it_later(
    api: Bot, ben: TelegramPerson, server: TelegramServer, listener: Listener, world: World
) -> None:
    port = server.webhook.hosts["bot.example.org"]
    server.webhook.hosts["bot.example.org"] = 1
    await api.set_webhook(URL)
    await ben.send("x")
    await world.until(lambda: server.webhook.deliveries)
    assert (await api.get_webhook_info()).pending_update_count == 1
    server.webhook.hosts["bot.example.org"] = port
    await world.until(lambda: world.updates == [])
    assert listener.texts == ["x"]


async def test_one_chat_waits_and_others_do_not(
    api: Bot, ben: TelegramPerson, listener: Listener, world: World
) -> None:
    listener.gates["slow"] = asyncio.Event()
    await api.set_webhook(URL)
    await ben.send("slow")
    await ben.send("behind it")
    await world.person("Cleo").send("quick")
    await world.until(lambda: len(world.updates) == 2)
    assert sorted(listener.texts) == ["quick", "slow"]
    listener.gates["slow"].set()
    await world.until(lambda: world.updates == [])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://bot.example.org/", "HTTPS"),
        ("https://bot.example.org:8080/", "ports"),
        ("https://127.0.0.1/", "reserved"),
        ("https://other.example.org/", "resolve"),
    ],
)
async def test_webhooks_that_cannot_be(
    api: Bot, server: TelegramServer, url: str, words: str
) -> None:
    server.webhook.hosts["bot.example.org"] = 1
    with pytest.raises(BadRequest, match=f"(?i){words}"):
        await api.set_webhook(url)


async def test_settings_of_webhooks(api: Bot, ben: TelegramPerson, listener: Listener) -> None:
    for bad in ("s" * 257, "a b"):
        with pytest.raises(BadRequest, match="unallowed"):
            await api.set_webhook(URL, secret_token=bad)
    for number in (0, 101):
        with pytest.raises(BadRequest, match="Max_connections"):
            await api.set_webhook(URL, max_connections=number)
    await ben.send("dropped")
    await api.set_webhook(URL, drop_pending_updates=True)
    assert (await api.get_webhook_info()).pending_update_count == 0
    assert listener.texts == []
