"""What Telegram allows, and texts cut to fit.

Sources: https://core.telegram.org/bots/api and /bots/faq, Bot API 10.1; telegram.constants.
"""

from __future__ import annotations

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_TOAST = 200
"""Characters of the answer to a button."""
MAX_ALBUM = 10
MAX_BUTTONS_A_ROW = 8
MAX_DOWNLOAD_BYTES = 20 * 2**20
"""Bots cannot fetch larger files."""
MAX_PHOTO_BYTES = 10_000_000
MAX_PHOTO_RATIO = 20
"""Of the longer side to the shorter one."""
MAX_PHOTO_SIDES = 10_000
"""Width and height together."""
MAX_RESULTS = 50
"""Of one answer in inline mode."""
MAX_INLINE_BUTTON = 60
"""Characters that the apps show of the button above inline results (users' reports)."""
FLOOD_OVERALL_A_SECOND = 30
FLOOD_CHAT_A_SECOND = 1
FLOOD_GROUP_A_MINUTE = 20


def shorten(text: str, limit: int) -> str:
    """Cut a text to a number of UTF-16 units, which is how Telegram counts."""
    units = text.encode("utf-16-le", "replace")
    if len(units) <= 2 * limit:
        return text
    kept = units[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    return kept.rstrip(" \n\u200d") + "…"
