"""People on the fake Discord: they use commands, press buttons and write messages."""

from __future__ import annotations

from tests.acceptance.discord_account import Exchange, NotShownError
from tests.acceptance.discord_clicks import Clicks
from tests.acceptance.discord_usage import Usage
from tests.acceptance.discord_writing import Writing

__all__ = ["DiscordPerson", "Exchange", "NotShownError"]


class DiscordPerson(Usage, Clicks, Writing):
    """Somebody with an account, in a server or in a direct conversation with the bot."""
