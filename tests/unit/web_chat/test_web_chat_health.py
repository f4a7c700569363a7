"""What a supervisor sees."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiohttp import ClientSession

from tests.unit.web_chat.memory_conversation import MemoryConversation
from tests.unit.web_chat.visitor import StartChat


@pytest.mark.parametrize(
    ("ready", "warming_up", "status"), [(True, False, 200), (False, True, 200), (False, False, 503)]
)
async def test_health_needs_no_password_and_tells_a_lost_database(
    conversation: MemoryConversation,
    start_chat: StartChat,
    http: ClientSession,
    ready: bool,
    warming_up: bool,
    status: int,
) -> None:
    conversation.status_now = replace(conversation.status_now, ready=ready, warming_up=warming_up)
    chat = await start_chat(web_password="a secret")
    async with http.get(f"{chat.url}/healthz") as response:
        assert response.status == status
