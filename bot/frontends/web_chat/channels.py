"""All open pages, and the one watcher that keeps them informed."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from bot.core.messages import ServiceStatus
from bot.frontends.base import ConversationPort
from bot.frontends.web_chat import wire
from bot.frontends.web_chat.channel import Channel
from bot.frontends.web_chat.gate import Gate
from bot.frontends.web_chat.sessions import Sessions
from bot.frontends.web_chat.talk import Talk

log = logging.getLogger(__name__)

STATUS_INTERVAL_S = 1.0


class Channels:
    """Accepts WebSockets; asks for the service's status only while somebody is there to see."""

    def __init__(
        self,
        conversation: ConversationPort,
        collection: str,
        talk: Talk,
        sessions: Sessions,
        gate: Gate,
    ) -> None:
        self._conversation = conversation
        self._collection = collection
        self._talk = talk
        self._sessions = sessions
        self._gate = gate
        self._channels: set[Channel] = set()
        self._status: ServiceStatus | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Serve one page over ``/ws`` until it closes."""
        channel = Channel(self._talk)
        csrf = self._sessions.csrf_token(self._gate.token(request))
        greeting: list[dict[str, object]] = [{"type": "hello", "csrf": csrf}]
        if self._status is not None:
            greeting.append(wire.status_message(self._status))
        self._channels.add(channel)
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch())
        try:
            await channel.run(request, greeting)
        finally:
            self._channels.discard(channel)
            if not self._channels:
                self._stop_watching()
        return channel.socket

    async def close(self) -> None:
        """Close every page's socket."""
        self._stop_watching()
        await asyncio.gather(*(channel.close() for channel in self._channels))

    def _stop_watching(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
        self._watcher = None
        # What was true when the last page left may be false when the next one comes.
        self._status = None

    async def _watch(self) -> None:
        while True:
            try:
                status = await self._conversation.status(self._collection)
            except Exception:
                log.exception("web_chat.status_failed")
            else:
                if status != self._status:
                    self._status = status
                    message = wire.status_message(status)
                    for channel in tuple(self._channels):
                        await channel.send(message)
            await asyncio.sleep(STATUS_INTERVAL_S)
