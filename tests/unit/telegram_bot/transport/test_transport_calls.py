"""Calls over aiohttp: what is sent, and what comes back."""

from __future__ import annotations

import asyncio
import gzip
import io
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, InputMediaPhoto
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.frontends.telegram_bot.transport import AiohttpRequest, may_have_arrived
from tests.unit.telegram_bot.transport.conftest import (
    ANSWER,
    HEAD,
    OK,
    SECRET,
    TOKEN,
    answering,
    bot_at,
    drained,
    failure,
    greet,
    raw,
)
from tests.unit.telegram_bot.waiting import until


async def test_parameters_arrive_as_they_are() -> None:
    heard: dict[str, Any] = {}

    async def handle(request: web.Request) -> web.Response:
        heard.update(await request.post())
        heard["path"], heard["agent"] = request.path, request.headers["User-Agent"]
        return web.json_response(OK)

    text = 'Ünï "cödé" 黒猫 🐈‍⬛\r\n--x\r\n& a=b + %20'
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("🔎 1", callback_data="l:1")]])
    async with answering(handle) as url, bot_at(url) as bot:
        # A lone surrogate must not be able to stop a bot.
        for said, meant in ((text, text), ("a\ud800b", "a?b")):
            await bot._post("sendMessage", {"chat_id": 5, "text": said, "reply_markup": keyboard})
            assert heard["text"] == meant
        assert heard["chat_id"] == "5"
        assert heard["path"] == f"/bot{TOKEN}/sendMessage"
        assert "python-telegram-bot" in heard["agent"]
        assert '"callback_data": "l:1"' in heard["reply_markup"]


@pytest.mark.parametrize("size_bytes", [0, 1, 2**16 - 1, 2**16, 2**16 + 1, 3 * 2**20])
async def test_files_arrive_as_they_are(size_bytes: int) -> None:
    heard: dict[str, Any] = {}

    async def handle(request: web.Request) -> web.Response:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                heard[name] = (value.filename, value.file.read())
            else:
                heard[name] = value
        return web.json_response(OK)

    content = bytes(n % 251 for n in range(size_bytes))
    name = 'a "naughty"\r\nname ä.jpg'
    async with answering(handle) as url, bot_at(url) as bot:
        await bot._post("sendPhoto", {"chat_id": 5, "photo": InputFile(content, name)})
        (filename, arrived) = heard.pop("photo")
        assert arrived == content
        assert "naughty" in filename
        assert filename.endswith("ä.jpg")
        assert heard == {"chat_id": "5"}

        album = [InputMediaPhoto(content, filename="1.jpg"), InputMediaPhoto("a_file_id")]
        await bot._post("sendMediaGroup", {"chat_id": 5, "media": album})
        (attached,) = (name for name in heard if name.startswith("attached"))
        assert heard[attached] == ("1.jpg", content)
        assert f"attach://{attached}" in heard["media"]
        assert "a_file_id" in heard["media"]

        handle_of_file = InputFile(io.BytesIO(content), "1.jpg", read_file_handle=False)
        await bot._post("sendPhoto", {"chat_id": 5, "photo": handle_of_file})
        assert heard["photo"] == ("1.jpg", content)


async def test_files_are_fetched_and_connections_kept() -> None:
    peers = set()

    async def handle(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(body=b"\x00bot42:not-a-token")

    async with answering(handle) as url, bot_at(url) as bot:
        for _time in range(3):
            found = await bot.request.retrieve(f"{url}/file/bot{TOKEN}/photos/a%20b.jpg")
            assert found == b"\x00bot42:not-a-token"
    assert len(peers) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind", "arrived"),
    [
        (400, {"description": "Bad Request: chat not found"}, BadRequest, False),
        (401, {"description": "Unauthorized"}, InvalidToken, False),
        (403, {"description": "Forbidden: bot was blocked by the user"}, Forbidden, False),
        (409, {"description": "Conflict"}, Conflict, False),
        (429, {"description": "x", "parameters": {"retry_after": 7}}, RetryAfter, False),
        (400, {"description": "x", "parameters": {"migrate_to_chat_id": -9}}, ChatMigrated, False),
        (500, {"description": "Internal Server Error"}, NetworkError, True),
        (502, {"description": "Bad Gateway"}, NetworkError, True),
    ],
)
async def test_refusals_are_the_librarys_own(
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: dict[str, Any],
    kind: type[TelegramError],
    arrived: bool,
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")

    async def handle(_request: web.Request) -> web.Response:
        return web.json_response({"ok": False, "error_code": status, **body}, status=status)

    async with answering(handle) as url, bot_at(url) as bot:
        error = await failure(bot.delete_webhook())
    assert type(error) is kind
    assert may_have_arrived(error) is arrived
    if isinstance(error, RetryAfter):
        assert error.retry_after == timedelta(seconds=7)
    if isinstance(error, ChatMigrated):
        assert error.new_chat_id == -9


@pytest.mark.parametrize("status", [200, 302, 307, 404, 502])
async def test_pages_of_others_are_no_answers_and_show_no_token(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    calls = []

    async def handle(request: web.Request) -> web.Response:
        calls.append(request.path)
        page = f"<html>no such page: {request.url} {request.url.path.replace(':', '%3A')}</html>"
        headers = {"Location": "/elsewhere"} if status in {302, 307} else {}
        return web.Response(text=page, status=status, headers=headers)

    async with answering(handle) as url, bot_at(url) as bot:
        error = await failure(bot.delete_webhook())
    assert may_have_arrived(error) is (status != 404)
    # Redirects are not followed.
    assert len(calls) == 1
    assert SECRET not in caplog.text


async def test_an_idle_connection_that_was_closed_is_replaced() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await drained(reader)
        writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def is_open(bot: Bot) -> bool:
        idle: Any = bot.request._session.connector._conns  # type: ignore[attr-defined]
        return any(kept.is_connected() for pool in idle.values() for kept, _since in pool)

    async with raw(handle) as url, bot_at(url) as bot:
        for _time in range(3):
            assert await bot.delete_webhook()
            # Not only closed over there: a call that has begun on it is not made twice.
            await until(lambda: not is_open(bot))


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("more", [0, 1])
async def test_answers_have_a_limit(is_told: bool, more: int) -> None:
    limit = 100_000

    async def handle(request: web.Request) -> web.StreamResponse:
        body = ANSWER.ljust(limit + more)
        if is_told:
            return web.Response(body=body)
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(body)
        return response

    async with answering(handle) as url, bot_at(url, max_response_bytes=limit) as bot:
        if more:
            assert may_have_arrived(await failure(bot.delete_webhook()))
        else:
            assert await bot.delete_webhook()


async def test_small_answers_that_become_large_have_a_limit() -> None:
    async def handle(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(
            body=gzip.compress(ANSWER.ljust(2**20)), headers={"Content-Encoding": "gzip"}
        )

    async with answering(handle) as url:
        async with bot_at(url, max_response_bytes=2**20 - 1) as bot:
            assert may_have_arrived(await failure(bot.delete_webhook()))
        async with bot_at(url) as bot:
            assert await bot.delete_webhook()


async def test_it_opens_and_closes_any_number_of_times() -> None:
    async with answering(greet) as url:
        transport = AiohttpRequest(read_timeout=3)
        assert transport.read_timeout == 3
        address = f"{url}/bot{TOKEN}/getMe"
        await transport.shutdown()
        for _time in range(2):
            await transport.initialize()
            await transport.initialize()
            assert await transport.post(address) is True
            await transport.shutdown()
            await transport.shutdown()
            with pytest.raises(RuntimeError, match="shut down"):
                await transport.do_request(address, "POST")
        assert SECRET not in repr(transport)
