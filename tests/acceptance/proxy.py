"""An HTTP proxy on loopback that leads a platform's hosts to its fake."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from typing import Protocol

_CHUNK_BYTES = 2**16


class Led(Protocol):
    """The fake that connections are led to."""

    port: int
    misbehaviour: list[str]


class Proxy:
    """Knows some hosts, and leads each of them, at port 443, to one server on this machine."""

    def __init__(self, server: Led, hosts: Collection[str]) -> None:
        self._server = server
        self._hosts = hosts
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
        host, _, port = target.rpartition(":")
        if method != "CONNECT" or host not in self._hosts or port != "443":
            # Some addresses in tests lead nowhere; whatever else is asked for is not the platform.
            if not host.endswith(".invalid"):
                self._server.misbehaviour.append(f"proxy: {method} {target}")
            await _say(writer, b"403 Forbidden")
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        except OSError:
            await _say(writer, b"502 Bad Gateway")
            return
        self.connections += 1
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


async def _say(writer: asyncio.StreamWriter, status: bytes) -> None:
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
