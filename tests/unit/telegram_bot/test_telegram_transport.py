"""Calls over aiohttp: what is sent, what comes back, and what is known of a call that failed."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import io
import logging
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
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
    TimedOut,
)

from bot.frontends.base import FrontendError
from bot.frontends.telegram_bot import TelegramBot
from bot.frontends.telegram_bot.transport import (
    AiohttpRequest,
    NotSentError,
    NotSentInTimeError,
    may_have_arrived,
)
from tests.acceptance.telegram_server import TelegramServer

SECRET = "AAE-the_secret_part"
TOKEN = f"42:{SECRET}"
OK = {"ok": True, "result": True}
ANSWER = b'{"ok": true, "result": true}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve all addresses; yields the server's."""
    application = web.Application(client_max_size=64 * 2**20)
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(
        application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        scheme = "http" if tls is None else "https"
        yield f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw(handler: Raw) -> AsyncIterator[str]:
    """Let a handler deal with each connection as it likes."""
    tasks = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def bot_at(url: str, **options: Any) -> AsyncIterator[Bot]:
    """Lend the library's bot on transports of ours, without a first getMe."""
    calls, polls = AiohttpRequest(**options), AiohttpRequest(pool_size=1)
    async with calls, polls:
        yield Bot(
            TOKEN,
            base_url=f"{url}/bot",
            base_file_url=f"{url}/file/bot",
            request=calls,
            get_updates_request=polls,
        )


async def failure(call: Awaitable[object]) -> TelegramError:
    """Return how a call fails; nothing about the failure shows the token."""
    with pytest.raises(TelegramError) as caught:
        await call
    error: BaseException | None = caught.value
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    while error is not None:
        assert SECRET not in f"{error} {error!r} {error.args}"
        error = error.__cause__ or error.__context__
    return caught.value


async def drained(reader: asyncio.StreamReader) -> None:
    """Read a whole request."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


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


async def test_an_idle_connection_that_was_closed_is_replaced() -> None:
    gone = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await drained(reader)
        writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with raw(handle) as url, bot_at(url) as bot:
        for _time in range(3):
            assert await bot.delete_webhook()
            await gone.wait()
            gone.clear()


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


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context, and the certificate of the authority it stands on."""
    authority = trustme.CA()
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "api.telegram.org").configure_cert(context)
    return context, path


async def greet(_request: web.Request) -> web.Response:
    return web.json_response(OK)


async def test_tls_trusts_whom_the_environment_trusts(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = tls
    async with answering(greet, context) as url:
        async with bot_at(url) as bot:
            error = await failure(bot.delete_webhook())
            assert type(error) is NotSentError
            assert isinstance(error.__cause__, ssl.SSLCertVerificationError)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with bot_at(url) as bot:
            assert await bot.delete_webhook()


@asynccontextmanager
async def proxying(target: str | None) -> AsyncIterator[tuple[str, list[str]]]:
    """Lead all connections to one address, or refuse; yields the proxy and what it was asked."""
    asked: list[str] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(2**16):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head)
        if target is None:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        host, _, port = target.partition("://")[2].partition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        if head.startswith("CONNECT"):
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            far_writer.write(head.encode())
        async with asyncio.TaskGroup() as both:
            both.create_task(pump(reader, far_writer))
            both.create_task(pump(far_reader, writer))

    async with raw(handle) as url:
        yield url, asked


async def test_a_proxy_is_used_for_tls(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with (
        answering(greet, context) as url,
        proxying(url) as (proxy, asked),
        bot_at("https://api.telegram.org", proxy=proxy.replace("//", "//me:word@")) as bot,
    ):
        assert await bot.delete_webhook()
        assert await bot.delete_webhook()
    (head,) = asked
    assert head.startswith("CONNECT api.telegram.org:443 ")
    assert "Proxy-Authorization: Basic" in head
    assert SECRET not in head


async def test_a_proxy_is_used_without_tls() -> None:
    async with (
        answering(greet) as url,
        proxying(url) as (proxy, asked),
        bot_at("http://telegram.invalid", proxy=proxy) as bot,
    ):
        assert await bot.delete_webhook()
    assert asked[0].startswith("POST http://telegram.invalid/bot")


async def test_a_proxy_that_refuses_means_not_sent() -> None:
    async with (
        proxying(None) as (proxy, _asked),
        bot_at("https://api.telegram.org", proxy=proxy.replace("//", f"//me:{SECRET}@")) as bot,
    ):
        error = await failure(bot.delete_webhook())
    assert type(error) is NotSentError
    assert "the proxy answered 403" in str(error)


async def test_a_proxy_that_is_away_means_not_sent() -> None:
    proxy = f"http://me:{SECRET}@127.0.0.1:{unused_port()}"
    for server in ("https://api.telegram.org", "http://telegram.invalid"):
        async with bot_at(server, proxy=proxy) as bot:
            assert type(await failure(bot.delete_webhook())) is NotSentError


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


async def test_the_bot_reaches_telegram_through_the_proxy(
    new_bot: Callable[..., TelegramBot], server: TelegramServer
) -> None:
    async with proxying(server.url) as (proxy, asked):
        bot = new_bot(telegram_api_url="http://telegram.invalid", telegram_proxy=proxy)
        assert "t.me/" in await bot.start()
        await bot.stop()
    assert any(head.startswith("POST http://telegram.invalid/bot") for head in asked)


async def test_a_proxy_needs_a_whole_address(new_bot: Callable[..., TelegramBot]) -> None:
    with pytest.raises(FrontendError, match="TELEGRAM_PROXY must begin") as caught:
        await new_bot(telegram_proxy="me:word@proxy.example:3128").start()
    assert "word" not in str(caught.value)
