"""Calls through TLS and through a proxy."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from bot.frontends.base import FrontendError
from bot.frontends.telegram_bot import TelegramBot
from bot.frontends.telegram_bot.transport import NotSentError
from tests.acceptance.telegram_server import TelegramServer
from tests.unit.telegram_bot.transport.conftest import (
    SECRET,
    answering,
    bot_at,
    failure,
    greet,
    raw,
    unused_port,
)


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context, and the certificate of the authority it stands on."""
    authority = trustme.CA()
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "api.telegram.org").configure_cert(context)
    return context, path


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
