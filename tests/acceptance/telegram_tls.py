"""The fake Telegram under its real address: behind TLS, reached by a proxy, nothing patched.

The stock transport (httpx) reads ``SSL_CERT_FILE`` when a client is made; aiohttp gets it from
OpenSSL's defaults, but when it is imported, so within the tests' own process it must be given an
``ssl.SSLContext``. A process needs its environment only. A proxy has to be named to the library:
that is what ``TELEGRAM_PROXY`` is for.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme

from tests.acceptance.telegram_server import TelegramServer

HOST = "api.telegram.org"
_CHUNK_BYTES = 2**16


class TelegramProxy:
    """An HTTP proxy that knows Telegram's host, and leads it to a port on this machine."""

    def __init__(self, server: TelegramServer) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self.url = ""
        self.connections = 0
        """How many were led on."""

    async def start(self) -> None:
        """Listen."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._listener.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Break all connections and go away."""
        assert self._listener is not None
        self._listener.close()
        await self.cut()
        await self._listener.wait_closed()

    async def cut(self) -> None:
        """Break all connections."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        # One end that goes away is no failure of the proxy.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._connect(reader, writer)
        writer.close()
        self._tasks.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, *_ = request.split(" ")
        if method != "CONNECT" or target != f"{HOST}:443":
            self._server.misbehaviour.append(f"proxy: {method} {target}")
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self._server.port)
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        self.connections += 1
        far_reader, far_writer = there
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            going = asyncio.create_task(_pump(reader, far_writer))
            try:
                await _pump(far_reader, writer)
            finally:
                going.cancel()
                await asyncio.wait({going})
        finally:
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def telegram_behind_tls(
    folder: Path, *, privacy: bool = False
) -> AsyncIterator[tuple[TelegramServer, dict[str, str]]]:
    """Lend a Telegram, and the environment in which a process takes it for the real one.

    It runs in the caller's event loop; its certificate authority is written into ``folder``.
    """
    authority = trustme.CA()
    certificate = folder / "telegram-ca.pem"
    authority.cert_pem.write_to_path(str(certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(tls)
    server = TelegramServer(privacy=privacy)
    await server.start(tls)
    proxy = TelegramProxy(server)
    await proxy.start()
    try:
        yield (
            server,
            {
                "SSL_CERT_FILE": str(certificate),
                "TELEGRAM_PROXY": proxy.url,
                "TELEGRAM_TOKEN": server.token,
            },
        )
    finally:
        await server.stop()
        await proxy.stop()
