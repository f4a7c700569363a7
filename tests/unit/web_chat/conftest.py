"""A running web chat over an in-memory conversation, and a visitor to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from bot.frontends.base import FrontendOptions
from bot.frontends.web_chat import WebChat
from tests.unit.web_chat.memory_conversation import MemoryConversation
from tests.unit.web_chat.visitor import UPLOAD_LIMIT, StartChat, Visitor


@pytest.fixture
def conversation() -> MemoryConversation:
    return MemoryConversation()


@pytest.fixture
async def start_chat(conversation: MemoryConversation) -> AsyncIterator[StartChat]:
    chats = []

    async def start(**options: Any) -> WebChat:
        defaults: dict[str, Any] = {"web_port": 0, "max_upload_bytes": UPLOAD_LIMIT}
        chat = WebChat(conversation, FrontendOptions(**{**defaults, **options}))
        await chat.start()
        chats.append(chat)
        return chat

    yield start
    for chat in chats:
        await chat.stop()


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    # Browsers keep cookies of 127.0.0.1, too.
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
async def visitor(start_chat: StartChat, http: ClientSession) -> Visitor:
    return Visitor(await start_chat(), http)
