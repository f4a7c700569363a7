"""People on the fake Telegram: they write, press, use inline mode, and run groups."""

from __future__ import annotations

from tests.acceptance.telegram_account import Person
from tests.acceptance.telegram_clicks import Clicks
from tests.acceptance.telegram_groups import Groups

__all__ = ["Person", "TelegramPerson"]


class TelegramPerson(Clicks, Groups):
    """Somebody with an account, who acts in the chat with the bot unless another is named."""
