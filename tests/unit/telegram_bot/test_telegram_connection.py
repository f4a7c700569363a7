"""Starting, stopping, outages; and what never gets into a log."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable

import pytest
from aiohttp import ClientSession

from bot.frontends.base import FrontendError, FrontendOptions, load
from bot.frontends.telegram_bot import TelegramBot
from bot.frontends.telegram_bot.discretion import LIBRARIES
from bot.frontends.telegram_bot.webhook import SECRET_HEADER, address_of
from tests.acceptance.telegram_chats import Person, TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer
from tests.unit.telegram_bot.memory import MemoryConversation
from tests.unit.telegram_bot.waiting import until

NewBot = Callable[..., TelegramBot]


async def test_it_says_where_to_find_it(new_bot: NewBot, server: TelegramServer) -> None:
    assert await new_bot().start() == "https://t.me/BabelpixBot"
    assert server.calls[:2] == ["getMe", "deleteWebhook"]


def test_it_is_known_by_name(conversation: MemoryConversation) -> None:
    assert isinstance(load("telegram")(conversation, FrontendOptions()), TelegramBot)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"telegram_token": None}, "not set"),
        ({"telegram_token": "a b\n"}, "does not look like"),
        ({"telegram_token": "42:another-secret"}, "does not know TELEGRAM_TOKEN"),
        ({"telegram_api_url": "localhost:8081"}, "TELEGRAM_API_URL must begin"),
    ],
)
async def test_wrong_settings_are_explained_without_showing_them(
    new_bot: NewBot, options: dict[str, str | None], word: str
) -> None:
    with pytest.raises(FrontendError) as caught:
        await new_bot(**options).start()
    assert word in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    for value in options.values():
        assert value is None or value not in str(caught.value)


async def test_it_starts_without_telegram_and_connects_later(
    new_bot: NewBot, server: TelegramServer, world: World, ana: Person
) -> None:
    await server.stop()
    bot = new_bot()
    assert "cannot be reached yet" in await bot.start()
    await server.start()
    chat = world.private(ana)
    await world.send(ana, chat, "cat")
    await chat.next()


async def test_it_outlives_an_outage(
    new_bot: NewBot, server: TelegramServer, world: World, ana: Person
) -> None:
    await new_bot().start()
    await server.stop()
    await server.start()
    chat = world.private(ana)
    await world.send(ana, chat, "cat")
    await chat.next()


async def test_a_start_that_hears_nothing_ends(
    new_bot: NewBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.frontends.telegram_bot.connection.CONNECT_TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bot = new_bot(telegram_api_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "cannot be reached yet" in await bot.start()
        began = time.monotonic()
        await bot.stop()
        assert time.monotonic() - began < 2


async def test_what_was_answered_is_not_sent_again(
    new_bot: NewBot, server: TelegramServer, world: World, ana: Person
) -> None:
    first = new_bot()
    await first.start()
    chat = world.private(ana)
    await world.send(ana, chat, "cat")
    await chat.next()
    await first.stop()
    assert world.updates == []
    await new_bot().start()
    await world.send(ana, chat, "dog")
    await chat.next()


async def test_a_stop_waits_for_answers_but_not_for_ever(
    new_bot: NewBot, world: World, conversation: MemoryConversation, ana: Person
) -> None:
    gate = conversation.gates["soon"] = asyncio.Event()
    conversation.gates["never"] = asyncio.Event()
    bot = new_bot()
    await bot.start()
    chat = world.private(ana)
    bob = world.person("Bob")
    await world.send(ana, chat, "soon")
    await bob.send("never")
    await until(lambda: len(conversation.incoming) == 2)
    began = time.monotonic()
    stopping = asyncio.create_task(bot.stop())
    gate.set()
    await stopping
    assert time.monotonic() - began < 2
    assert len(chat.sent) == 1
    assert bob.private.sent == []


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
async def test_neither_token_nor_questions_reach_a_log(
    new_bot: NewBot,
    server: TelegramServer,
    ana: Person,
    caplog: pytest.LogCaptureFixture,
    level: int,
) -> None:
    caplog.set_level(level)
    world = server.world
    chat = world.private(ana)
    bot = new_bot()
    await bot.start()
    for name in (*LIBRARIES, "telegram.ext.ExtBot", "telegram.Bot", "httpcore.http11"):
        # Somebody looks for an error and turns everything on.
        logging.getLogger(name).setLevel(level)
    for question in ("private question", "explode"):
        await world.send(ana, chat, question)
        await chat.next()
    chat.has_blocked = True
    await world.send(ana, chat, "private question")
    await world.deliver({"message": {"text": "private question"}})
    await until(lambda: any(one.msg == "telegram_library" for one in caplog.records))
    await bot.stop()
    await server.stop()
    await new_bot().start()
    seen = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "telegram_update_failed" in seen
    assert "telegram_unreachable" in seen
    assert server.token not in seen
    assert server.token.split(":")[1] not in seen
    assert "private question" not in seen
    for name in ("telegram.ext.ExtBot", "telegram.Bot", "httpcore.http11"):
        logging.getLogger(name).setLevel(logging.NOTSET)


async def test_updates_are_brought_to_a_webhook(
    new_bot: NewBot, server: TelegramServer, ana: TelegramPerson
) -> None:
    server.webhook.hosts["bots.example.org"] = 0
    url = "https://bots.example.org/telegram"
    bot = new_bot(telegram_webhook_url=url, telegram_webhook_listen="127.0.0.1:0")
    await bot.start()
    assert bot.webhook is not None
    port = server.webhook.hosts["bots.example.org"] = bot.webhook.port
    assert server.webhook.secret == address_of(url, "127.0.0.1:0", server.token).secret
    for question in ("cat", "dog"):
        await ana.send(question)
        await ana.private.next()
    assert "getUpdates" not in server.calls
    async with ClientSession() as somebody:
        for headers in ({}, {SECRET_HEADER: "guessed"}):
            forged = somebody.post(f"http://127.0.0.1:{port}/telegram", json={}, headers=headers)
            async with forged as response:
                assert response.status == 403
        secret = {SECRET_HEADER: server.webhook.secret}
        nonsense = somebody.post(f"http://127.0.0.1:{port}/telegram", data="{", headers=secret)
        async with nonsense as response:
            assert response.status == 200
    await bot.stop()
    # What comes while the bot is away is brought later; polling takes the webhook back.
    await ana.send("bird")
    await new_bot().start()
    await ana.private.next()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"telegram_webhook_url": "http://bots.example.org/"}, "https://"),
        (
            {"telegram_webhook_url": "https://x.org/", "telegram_webhook_listen": "8081"},
            "TELEGRAM_WEBHOOK_LISTEN",
        ),
    ],
)
async def test_wrong_addresses_of_webhooks_are_explained(
    new_bot: NewBot, options: dict[str, str], word: str
) -> None:
    with pytest.raises(FrontendError, match=word):
        await new_bot(**options).start()


async def test_what_telegram_says_about_an_address_is_logged(
    new_bot: NewBot, server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    url = "https://nowhere.example.org/telegram"
    bot = new_bot(telegram_webhook_url=url, telegram_webhook_listen="127.0.0.1:0")
    assert "cannot be reached yet" in await bot.start()
    told = [getattr(one, "said", "") for one in caplog.records]
    assert any("failed to resolve host" in one.lower() for one in told)
    # Only the operator can know what is wrong with the address.
    server.misbehaviour.clear()
    await bot.stop()


async def test_a_port_that_is_taken_is_named(new_bot: NewBot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(FrontendError, match=listen):
            await new_bot(
                telegram_webhook_url="https://x.org/", telegram_webhook_listen=listen
            ).start()


async def test_a_second_process_with_the_token_is_named(
    new_bot: NewBot, ana: TelegramPerson, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await new_bot().start()
    await new_bot().start()
    await until(lambda: any(one.msg == "telegram_token_used_elsewhere" for one in caplog.records))
