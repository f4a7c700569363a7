"""Calls that fail: what is known of them, and what is told."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket

import pytest
from aiohttp import web
from telegram import InputFile
from telegram.error import NetworkError, TelegramError, TimedOut

from bot.frontends.telegram_bot.transport import NotSentError, NotSentInTimeError, may_have_arrived
from tests.unit.telegram_bot.transport.conftest import (
    ANSWER,
    HEAD,
    OK,
    SECRET,
    answering,
    bot_at,
    drained,
    failure,
    raw,
    unused_port,
)


async def test_nobody_there_means_not_sent() -> None:
    async with bot_at(f"http://127.0.0.1:{unused_port()}") as bot:
        error = await failure(bot.delete_webhook())
    assert type(error) is NotSentError
    assert isinstance(error.__cause__, ConnectionRefusedError)
    assert not may_have_arrived(error)


async def test_an_unknown_name_means_not_sent() -> None:
    async with bot_at("http://babelpix.invalid") as bot:
        error = await failure(bot.delete_webhook())
    assert type(error) is NotSentError
    assert isinstance(error.__cause__, OSError)


async def test_an_impossible_address_means_not_sent() -> None:
    async with bot_at("http://127.0.0.1:99999999") as bot:
        error = await failure(bot.delete_webhook())
    assert not may_have_arrived(error)


async def test_a_cut_before_the_answer_may_have_arrived() -> None:
    async def handle(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await drained(reader)

    async with raw(handle) as url, bot_at(url) as bot:
        error = await failure(bot.delete_webhook())
    assert type(error) is NetworkError
    assert may_have_arrived(error)


async def test_a_cut_within_the_answer_may_have_arrived() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await drained(reader)
        writer.write(HEAD + b"Content-Length: 100\r\n\r\n" + ANSWER)
        await writer.drain()

    async with raw(handle) as url, bot_at(url) as bot:
        error = await failure(bot.delete_webhook())
    assert type(error) is NetworkError
    assert may_have_arrived(error)


async def test_a_cut_within_the_upload_may_have_arrived() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2**17)
        writer.transport.abort()

    async with raw(handle) as url, bot_at(url) as bot:
        photo = InputFile(bytes(8 * 2**20))
        error = await failure(bot._post("sendPhoto", {"chat_id": 5, "photo": photo}))
    assert may_have_arrived(error)


async def test_nonsense_is_an_error() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await drained(reader)
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        await writer.drain()

    async with raw(handle) as url, bot_at(url) as bot:
        error = await failure(bot.delete_webhook())
    assert may_have_arrived(error)


async def test_a_late_answer_may_have_arrived() -> None:
    async def handle(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.json_response(OK)

    async with answering(handle) as url, bot_at(url, read_timeout=0.05) as bot:
        error = await failure(bot.delete_webhook())
        assert type(error) is TimedOut
        assert may_have_arrived(error)
    async with answering(handle) as url, bot_at(url) as bot:
        # A call's own timeout comes first.
        assert type(await failure(bot.delete_webhook(read_timeout=0.05))) is TimedOut


async def test_an_upload_that_stops_may_have_arrived() -> None:
    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    photo = InputFile(bytes(16 * 2**20))
    async with raw(handle) as url:
        async with bot_at(url, media_write_timeout=0.05, write_timeout=None) as bot:
            error = await failure(bot._post("sendPhoto", {"chat_id": 5, "photo": photo}))
            assert type(error) is TimedOut
            assert may_have_arrived(error)
        async with bot_at(url, media_write_timeout=None) as bot:
            call = bot._post("sendPhoto", {"chat_id": 5, "photo": photo}, write_timeout=0.05)
            assert type(await failure(call)) is TimedOut


async def test_no_connection_in_time_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, contextlib.ExitStack() as full:
        # TLS begins with a word of the server, which never comes.
        port = deaf.getsockname()[1]
        async with bot_at(f"https://127.0.0.1:{port}", connect_timeout=0.05) as bot:
            error = await failure(bot.delete_webhook())
        full.close()
    assert type(error) is NotSentInTimeError
    assert isinstance(error, TimedOut)
    assert not may_have_arrived(error)


async def test_a_full_pool_means_not_sent_and_is_empty_afterwards() -> None:
    gate = asyncio.Event()
    inside = asyncio.Event()

    async def handle(_request: web.Request) -> web.Response:
        inside.set()
        await gate.wait()
        return web.json_response(OK)

    async with answering(handle) as url, bot_at(url, pool_size=1, pool_timeout=0.05) as bot:
        first = asyncio.create_task(bot.delete_webhook())
        await inside.wait()
        error = await failure(bot.delete_webhook())
        assert type(error) is NotSentInTimeError
        # Who gives up makes room.
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        gate.set()
        waiting = [bot.delete_webhook(pool_timeout=10) for _n in range(5)]
        assert await asyncio.gather(*waiting) == [True] * 5


async def test_no_failure_is_logged_with_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.DEBUG)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with raw(handle) as url, bot_at(url) as bot:
        for _time in range(3):
            await failure(bot._post("sendPhoto", {"chat_id": 5, "photo": InputFile(bytes(2**22))}))
    # What nobody has asked about is reported when it is thrown away.
    gc.collect()
    for name in ("aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    told = [one for one in caplog.records if not one.name.startswith("telegram")]
    assert SECRET not in "".join(f"{one.getMessage()} {one.exc_info}" for one in told)


@pytest.mark.parametrize("error", [ValueError(), TimeoutError(), TelegramError("Invalid response")])
def test_what_is_not_known_may_have_arrived(error: Exception) -> None:
    assert may_have_arrived(error)
