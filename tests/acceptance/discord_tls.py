"""The fake Discord under the real addresses: behind TLS, reached by a proxy, nothing patched."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme

from tests.acceptance.discord_server import TOKEN, DiscordServer

HOSTS = ("discord.com", "gateway.discord.gg", "cdn.discordapp.com", "media.discordapp.net")
_CHUNK_BYTES = 2**16


class Proxy:
    """An HTTP proxy that knows Discord's hosts, and leads them all to one port."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._listener.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Break all connections and go away."""
        assert self._listener is not None
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._listener.wait_closed()

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
        host, _, port = target.rpartition(":")
        if method != "CONNECT" or host not in HOSTS or port != "443":
            # Addresses of embeds lead nowhere; whatever else is asked for is not Discord.
            if not host.endswith(".invalid"):
                self._server.misbehaviour.append(f"proxy: {method} {target}")
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            there = asyncio.create_task(_pump(reader, far_writer))
            try:
                await _pump(far_reader, writer)
            finally:
                there.cancel()
                await asyncio.wait({there})
        finally:
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def discord_behind_tls(folder: Path) -> AsyncIterator[tuple[DiscordServer, dict[str, str]]]:
    """Lend a Discord, and the environment in which a process takes it for the real one.

    It runs in the caller's event loop; its certificate authority is written into ``folder``.
    """
    authority = trustme.CA()
    certificate = folder / "discord-ca.pem"
    authority.cert_pem.write_to_path(str(certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOSTS).configure_cert(tls)
    server = DiscordServer()
    await server.start(tls=tls)
    proxy = Proxy(server)
    await proxy.start()
    try:
        yield (
            server,
            {
                "SSL_CERT_FILE": str(certificate),
                "DISCORD_PROXY": proxy.url,
                "DISCORD_TOKEN": TOKEN,
            },
        )
    finally:
        await server.stop()
        await proxy.stop()
