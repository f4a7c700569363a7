"""The fake Discord's gateway: hello, identify, heartbeat, ready, events, resume."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.acceptance.discord_guilds import Guild
from tests.acceptance.discord_limits import (
    MESSAGE_CONTENT_FLAGS,
    MESSAGE_CONTENT_INTENT,
    PRIVILEGED_INTENTS,
)
from tests.acceptance.discord_messages import hide_content

MAX_PAYLOAD_BYTES = 4096
SENDS_A_MINUTE = 120
HEARTBEAT_MS = 41250
# Discord tells no number; whoever was away for longer starts anew.
KEPT_EVENTS = 20_000
_DISPATCH, _HEARTBEAT, _IDENTIFY, _RESUME, _RECONNECT = 0, 1, 2, 6, 7
_INVALID_SESSION, _HELLO, _ACK = 9, 10, 11
_GUILDS, _MEMBERS, _GUILD_MESSAGES, _DIRECT_MESSAGES = 1 << 0, 1 << 1, 1 << 9, 1 << 12


class Socket:
    """One connection, compressed the way the bot has asked for."""

    def __init__(self, socket: web.WebSocketResponse, compression: str | None) -> None:
        self.socket = socket
        self._zlib = zlib.compressobj() if compression == "zlib-stream" else None
        self._sends: deque[float] = deque()

    async def send(self, opcode: int, data: Any, **more: Any) -> None:
        """Send one payload."""
        await self.send_text(json.dumps({"op": opcode, "d": data, **more}))

    async def send_text(self, text: str) -> None:
        """Send what is a payload already."""
        # A connection can be gone without anybody having noticed.
        with contextlib.suppress(ConnectionError):
            if self._zlib is None:
                await self.socket.send_str(text)
            else:
                packed = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(packed)

    def complaint(self, text: str) -> int | None:
        """Return the close code for a payload that breaks the rules."""
        now = time.monotonic()
        self._sends.append(now)
        while now - self._sends[0] > 60:
            self._sends.popleft()
        if len(self._sends) > SENDS_A_MINUTE:
            return 4008
        return 4002 if len(text.encode()) > MAX_PAYLOAD_BYTES else None


@dataclass
class Session:
    """What one shard has been told; outlives its connection, so that it can be resumed."""

    shard: tuple[int, int]
    intents: int
    socket: Socket
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    seq: int = 0
    """The number of the last event."""
    events: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    """The last ones, as text: of thousands of servers, objects would fill the memory."""

    async def tell(self, event: str, data: Any) -> None:
        """Send an event, or keep it for when the shard is back."""
        self.seq += 1
        text = json.dumps({"op": _DISPATCH, "d": data, "t": event, "s": self.seq})
        self.events.append(text)
        await self.socket.send_text(text)


class Gateway:
    """Accepts shards and tells them what happens."""

    def __init__(
        self,
        token: str,
        bot: dict[str, Any],
        application_id: int,
        on_change: Callable[[], Awaitable[None]],
    ) -> None:
        self._token = token
        self._on_change = on_change
        self._bot = bot
        self._application_id = application_id
        self.url = ""
        self.shards = 1
        self.is_down = False
        self.is_silent = False
        """Whether it answers nothing any more, neither a heartbeat nor a goodbye."""
        self.flags: Callable[[], int] = lambda: 0
        """Of the application, as the developers' site has them now."""
        self.heartbeat_ms = HEARTBEAT_MS
        self._ended = asyncio.Event()
        self.sessions: dict[str, Session] = {}
        self.guilds: list[Guild] = []
        self.identifies = 0
        self.resumes = 0
        self._sockets: dict[web.WebSocketResponse, asyncio.Transport] = {}

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection."""
        if self.is_down:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(autoclose=False)
        await socket.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        self._sockets[socket] = request.transport
        connection = Socket(socket, request.query.get("compress"))
        await connection.send(_HELLO, {"heartbeat_interval": self.heartbeat_ms})
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT or self.is_silent:
                    continue
                code = connection.complaint(message.data)
                code = code or await self._receive(connection, json.loads(message.data))
                if code:
                    await socket.close(code=code)
            if self.is_silent:
                await self._ended.wait()
            await socket.close()
        finally:
            del self._sockets[socket]
        return socket

    async def tell(self, event: str, data: dict[str, Any], guild_id: int | None) -> None:
        """Tell an event to the shard it belongs to; those of direct messages to shard 0."""
        for session in list(self.sessions.values()):
            number, count = session.shard
            is_here = number == ((guild_id or 0) >> 22) % count
            if is_here and (_wants(session, event, guild_id) or self._is_own(event, data)):
                await session.tell(event, self._as_told(session, event, data, guild_id))

    def _is_own(self, event: str, data: dict[str, Any]) -> bool:
        return event == "GUILD_MEMBER_UPDATE" and data["user"]["id"] == self._bot["id"]

    def _as_told(
        self, session: Session, event: str, data: dict[str, Any], guild_id: int | None
    ) -> dict[str, Any]:
        is_open = guild_id is None or session.intents & MESSAGE_CONTENT_INTENT
        if event not in {"MESSAGE_CREATE", "MESSAGE_UPDATE"} or is_open:
            return data
        return hide_content(data, int(self._bot["id"]))

    async def ask_to_reconnect(self) -> None:
        """Have all shards connect anew and resume."""
        for session in list(self.sessions.values()):
            await session.socket.send(_RECONNECT, None)

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Tell all shards that their session is invalid; the next ones are resumed or not."""
        for session in list(self.sessions.values()):
            if not resumable:
                self.sessions.pop(session.id)
            await session.socket.send(_INVALID_SESSION, resumable)

    def cut(self) -> None:
        """Break all connections without a goodbye; sessions stay."""
        for transport in self._sockets.values():
            transport.abort()

    async def close(self, code: int = 1001) -> None:
        """End all connections."""
        self._ended.set()
        for socket in list(self._sockets):
            await socket.close(code=code)

    async def _receive(self, connection: Socket, payload: dict[str, Any]) -> int | None:
        """Take in one payload; returns a close code for what is not acceptable."""
        data = payload["d"]
        if payload["op"] == _HEARTBEAT:
            await connection.send(_ACK, None)
            return None
        if payload["op"] not in {_IDENTIFY, _RESUME}:
            return None
        if data["token"] != self._token:
            return 4004
        if payload["op"] == _RESUME:
            await self._resume(connection, data)
            return None
        granted = MESSAGE_CONTENT_INTENT if self.flags() & MESSAGE_CONTENT_FLAGS else 0
        if data["intents"] & PRIVILEGED_INTENTS & ~granted:
            return 4014
        await self._identify(connection, data)
        await self._on_change()
        return None

    async def _identify(self, connection: Socket, data: dict[str, Any]) -> None:
        self.identifies += 1
        number, count = data.get("shard", (0, 1))
        for known in [s for s in self.sessions.values() if s.shard == (number, count)]:
            del self.sessions[known.id]
        session = Session((number, count), data["intents"], connection)
        mine = [guild for guild in self.guilds if (guild.id >> 22) % count == number]
        ready = {
            "v": 10,
            "user": self._bot,
            "session_id": session.id,
            "shard": [number, count],
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in mine],
            "resume_gateway_url": self.url,
            "application": {"id": str(self._application_id), "flags": self.flags()},
        }
        await session.tell("READY", ready)
        self.sessions[session.id] = session
        for guild in mine:
            if session.intents & _GUILDS and not guild.is_unavailable:
                await session.tell("GUILD_CREATE", guild.payload())

    async def _resume(self, connection: Socket, data: dict[str, Any]) -> None:
        session = self.sessions.get(data["session_id"])
        if session is None or session.seq - data["seq"] > len(session.events):
            await connection.send(_INVALID_SESSION, False)
            return
        self.resumes += 1
        session.socket = connection
        missed = session.seq - data["seq"]
        for text in list(session.events)[len(session.events) - missed :]:
            await connection.send_text(text)
        await session.tell("RESUMED", {})


def _wants(session: Session, event: str, guild_id: int | None) -> bool:
    if event.startswith("MESSAGE_"):
        return bool(session.intents & (_DIRECT_MESSAGES if guild_id is None else _GUILD_MESSAGES))
    if event.startswith("GUILD_MEMBER_"):
        return bool(session.intents & _MEMBERS)
    return event == "INTERACTION_CREATE" or bool(session.intents & _GUILDS)
