"""The page's WebSocket: many requests at once, and news about the service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import aclosing, suppress

from aiohttp import WSCloseCode, WSMsgType, web

from bot.core.messages import Request
from bot.frontends.web_chat import wire
from bot.frontends.web_chat.strings import say
from bot.frontends.web_chat.talk import Talk

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 2**20
MAX_IN_FLIGHT = 64
"""Questions of one page that are answered at a time; more are turned away kindly."""
HEARTBEAT_S = 20.0
CLOSE_TIMEOUT_S = 0.4


class Channel:
    """One open page."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._answers: dict[str, asyncio.Task[None]] = {}
        # Short: whoever does not say goodbye in time must not hold up the shutdown.
        self.socket = web.WebSocketResponse(
            timeout=CLOSE_TIMEOUT_S, heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE_BYTES
        )

    async def run(self, request: web.Request, greeting: list[dict[str, object]]) -> None:
        """Serve the page until it goes; its unanswered questions go with it."""
        await self.socket.prepare(request)
        try:
            for message in greeting:
                await self.send(message)
            async for frame in self.socket:
                if frame.type is WSMsgType.TEXT:
                    await self._take(frame.data)
        finally:
            for answer in self._answers.values():
                answer.cancel()
            await asyncio.gather(*self._answers.values(), return_exceptions=True)

    async def send(self, message: dict[str, object]) -> None:
        """Send one message; a page that has just gone is no error."""
        with suppress(ConnectionError):
            await self.socket.send_str(wire.dump(message))

    async def close(self) -> None:
        """Tell the page that the server goes away."""
        await self.socket.close(code=WSCloseCode.GOING_AWAY)

    async def _take(self, text: str) -> None:
        request_id: str | None = None
        try:
            message = wire.load_message(text)
            if message.get("type") == "ping":
                await self.send({"type": "pong"})
                return
            request_id = wire.parse_request_id(message.get("id"))
            language = wire.parse_language(message.get("language"))
            request = wire.parse_request(message)
        except wire.MalformedError as error:
            await self.send({"type": "refused", "id": request_id, "reason": str(error)})
            return
        if request_id in self._answers:
            await self.send({"type": "refused", "id": request_id, "reason": "id in use"})
        elif len(self._answers) >= MAX_IN_FLIGHT:
            busy = wire.error_message(say(language, "busy"), "busy", retryable=True)
            await self.send({"type": "reply", "id": request_id, "reply": busy})
            await self.send({"type": "end", "id": request_id})
        else:
            self._start(request_id, self._answer(request_id, request, language))

    def _start(self, request_id: str, answer: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(answer)
        self._answers[request_id] = task
        task.add_done_callback(lambda _: self._answers.pop(request_id, None))

    async def _answer(self, request_id: str, request: Request, language: str) -> None:
        async with aclosing(self._talk.replies(request, language)) as replies:
            async for reply in replies:
                await self.send(
                    {"type": "reply", "id": request_id, "reply": wire.reply_message(reply)}
                )
        await self.send({"type": "end", "id": request_id})
