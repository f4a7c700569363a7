"""What a bot does before anybody asks."""

from __future__ import annotations

import sys

from bot.app import App
from bot.core.messages import Ask, Incoming, Person


async def test_a_ready_bot_has_gone_the_way_of_a_question(app: App) -> None:
    assert await app.wait_until_ready(30)
    assert app.client.stats.questions == 1
    loaded = set(sys.modules)
    asked = Incoming("local", Person("u:1", "Ada"), "en", Ask("a cat before all other questions"))
    (reply,) = [reply async for reply in app.conversation.handle(asked)]
    assert reply.hits
    assert app.client.stats.questions == 2
    assert set(sys.modules) == loaded
