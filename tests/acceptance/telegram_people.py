"""People on the fake Telegram: they write, press, use inline mode, and run groups.

    ben = server.world.person("Ben", "cs")
    group = server.world.group(ada, members=[ben], is_forum=True)
    asked = await ben.send("/search cat", chat=group, thread=await ben.open_topic(group))
    *album, text = await ben.wait_for_answers(asked, 11)
    shown = await (await ben.press(text, "More")).answer()
    page = await ben.inline("cat")
    await ben.choose(page, page.results[0], chat=group)

Verbs raise NotShownError for what the apps do not let people do. Everything that the bot has
written lies in ``chat.sent``; what it did wrong in ``server.misbehaviour``.
"""

from __future__ import annotations

from tests.acceptance.telegram_account import Person
from tests.acceptance.telegram_clicks import Clicks
from tests.acceptance.telegram_groups import Groups

__all__ = ["Person", "TelegramPerson"]


class TelegramPerson(Clicks, Groups):
    """Somebody with an account, who acts in the chat with the bot unless another is named."""
