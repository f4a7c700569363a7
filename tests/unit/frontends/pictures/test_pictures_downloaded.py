"""Pictures on their way in from Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.core.errors import UnavailableError
from bot.frontends.discord_bot.picture_links import LinkKind, PictureLink, download
from tests.unit.frontends.pictures.conftest import INSIDE, LIMIT, attachment, message, refusal

import discord  # isort: skip - after our own package, which keeps its warning quiet


class Cdn:
    """A file server that Discord's could be, on loopback."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as the path demands: a status, or a number of bytes with or without a length."""
        self.asked.append(str(request.url))
        kind, _, number = request.path.strip("/").partition("/")
        match kind:
            case "status":
                raise_for = {"Location": f"{self.url}/bytes/5"}
                return web.Response(status=int(number), headers=raise_for)
            case "bytes":
                return web.Response(body=bytes(int(number)))
            case "stream":
                response = web.StreamResponse()
                await response.prepare(request)
                for _ in range(int(number)):
                    await response.write(b"0")
                return response
            case "cut":
                response = web.StreamResponse(headers={"Content-Length": "100"})
                await response.prepare(request)
                await response.write(b"0")
                assert request.transport is not None
                request.transport.abort()
                return response
        raise web.HTTPNotFound


@pytest.fixture
async def cdn(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cdn]:
    cdn, application = Cdn(), web.Application()
    application.router.add_get("/{path:.*}", cdn.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cdn.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    monkeypatch.setattr(discord.Asset, "BASE", cdn.url)
    yield cdn
    await runner.cleanup()


def link(client: discord.Client, url: str, **more: Any) -> PictureLink:
    return PictureLink(LinkKind.EMBED, url, client.http, **more)


@pytest.mark.parametrize("kind", ["bytes", "stream"])
async def test_as_much_as_the_limit_allows_and_no_byte_more(
    client: discord.Client, cdn: Cdn, kind: str
) -> None:
    content = await download(link(client, f"{cdn.url}/{kind}/{LIMIT}"), LIMIT, 5)
    assert len(content) == LIMIT
    assert await refusal(link(client, f"{cdn.url}/{kind}/{LIMIT + 1}")) == "too_large"


async def test_what_is_said_to_be_too_large_is_not_asked_for(
    client: discord.Client, cdn: Cdn
) -> None:
    url = f"{cdn.url}/bytes/5"
    assert len(await download(link(client, url, size_bytes=LIMIT), LIMIT, 5)) == 5
    assert await refusal(link(client, url, size_bytes=LIMIT + 1)) == "too_large"
    assert cdn.asked == [url]


async def test_attachments_are_downloaded(client: discord.Client, cdn: Cdn) -> None:
    files = [attachment("cat.png", url=f"{cdn.url}/bytes/5")]
    (attached,) = message(client, attachments=files).attachments
    assert await download(attached, LIMIT, 5) == bytes(5)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 400, 403, 404, 410, 415])
async def test_what_is_not_there(client: discord.Client, cdn: Cdn, status: int) -> None:
    url = f"{cdn.url}/status/{status}"
    assert await refusal(link(client, url)) == "missing"
    assert cdn.asked == [url]  # redirects are not followed, not even on the same host


@pytest.mark.parametrize("path", ["status/408", "status/429", "status/500", "status/503", "cut"])
async def test_what_may_be_there_later(client: discord.Client, cdn: Cdn, path: str) -> None:
    with pytest.raises(UnavailableError):
        await download(link(client, f"{cdn.url}/{path}"), LIMIT, 5)


async def test_nobody_listens(client: discord.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.Asset, "BASE", "http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        await download(link(client, "http://127.0.0.1:9/x"), LIMIT, 5)


async def test_the_bot_is_being_stopped(client: discord.Client, cdn: Cdn) -> None:
    await client.http.connector.close()
    with pytest.raises(UnavailableError):
        await download(link(client, f"{cdn.url}/bytes/5"), LIMIT, 5)


async def test_no_time_left(client: discord.Client, cdn: Cdn) -> None:
    with pytest.raises(UnavailableError):
        await download(link(client, f"{cdn.url}/bytes/5"), LIMIT, 0)


async def test_other_addresses_are_not_asked(client: discord.Client, cdn: Cdn) -> None:
    port = cdn.url.rpartition(":")[2]
    for url in (
        *INSIDE,
        f"http://localhost:{port}/bytes/5",
        f"http://127.0.0.1.:{port}/bytes/5",
        f"{cdn.url}@evil.example/bytes/5",
    ):
        assert await refusal(link(client, url)) == "missing"
    assert cdn.asked == []


async def test_the_clients_proxy_is_used(cdn: Cdn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.Asset, "BASE", "http://cdn.invalid")
    async with aiohttp.TCPConnector() as connector:
        through = discord.Client(
            intents=discord.Intents(guilds=True), connector=connector, proxy=cdn.url
        )
        assert await download(link(through, "http://cdn.invalid/bytes/5"), LIMIT, 5) == bytes(5)
    assert cdn.asked == ["http://cdn.invalid/bytes/5"]
