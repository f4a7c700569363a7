"""What the page does, for tests without one."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, FormData

from bot.frontends.web_chat import WebChat

UPLOAD_LIMIT = 1000

StartChat = Callable[..., Awaitable[WebChat]]
"""Starts a web chat with the given options and stops it when the test ends."""


@dataclass
class Visitor:
    """Does what the page does."""

    chat: WebChat
    http: ClientSession

    @property
    def origin(self) -> dict[str, str]:
        return {"Origin": self.chat.url}

    async def csrf(self) -> str:
        async with self.http.get(f"{self.chat.url}/api/session") as response:
            return str((await response.json())["csrf"])

    async def headers(self) -> dict[str, str]:
        return {**self.origin, "X-CSRF-Token": await self.csrf()}

    async def connect(self) -> ClientWebSocketResponse:
        socket = await self.http.ws_connect(f"{self.chat.url}/ws", headers=self.origin)
        assert (await socket.receive_json(timeout=60))["type"] == "hello"
        return socket

    async def sign_in(self, password: str) -> int:
        body = json.dumps({"password": password, "language": "de"})
        url = f"{self.chat.url}/api/login"
        async with self.http.post(url, data=body, headers=await self.headers()) as response:
            return response.status

    async def upload(
        self, kind: str, *pictures: bytes, captions: tuple[str, ...] = ()
    ) -> tuple[int, list[dict[str, Any]]]:
        form = FormData(quote_fields=False)
        form.add_field("kind", kind)
        for caption in captions:
            form.add_field("caption", caption)
        for content in pictures:
            form.add_field("picture", content, filename="../ ../кот.png", content_type="image/png")
        url = f"{self.chat.url}/api/upload?language=de"
        async with self.http.post(url, data=form, headers=await self.headers()) as response:
            text = await response.text()
            if "json" not in response.content_type:
                return response.status, []
            return response.status, [json.loads(line) for line in text.splitlines()]


async def receive(socket: ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """Return the next message of a kind, status pushes and others left aside."""
    while True:
        message: dict[str, Any] = await socket.receive_json(timeout=60)
        if message["type"] == kind:
            return message


async def until(condition: Callable[[], bool], socket: ClientWebSocketResponse) -> None:
    """Wait until something is true on the server; each round trip lets it work on."""
    while not condition():
        await socket.send_json({"type": "ping"})
        await receive(socket, "pong")
