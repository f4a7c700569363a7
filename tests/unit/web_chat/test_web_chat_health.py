"""What a supervisor sees."""

from __future__ import annotations

import pytest
from aiohttp import ClientSession

from bot.core.messages import ServiceStatus
from tests.unit.web_chat.memory_conversation import MemoryConversation
from tests.unit.web_chat.visitor import StartChat


@pytest.mark.parametrize(
    ("service", "status"),
    [
        (ServiceStatus(True, False, 1, 0), 200),
        (ServiceStatus(False, True, 1, 0), 200),
        (ServiceStatus(False, False, 0, 0), 503),
    ],
)
async def test_health_needs_no_password_and_tells_a_lost_database(
    conversation: MemoryConversation,
    start_chat: StartChat,
    http: ClientSession,
    service: ServiceStatus,
    status: int,
) -> None:
    conversation.status_now = service
    chat = await start_chat(web_password="a secret")
    async with http.get(f"{chat.url}/healthz") as response:
        assert response.status == status
