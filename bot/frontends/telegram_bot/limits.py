"""What Telegram allows, and texts cut to fit.

Sources: https://core.telegram.org/bots/api and /bots/faq, Bot API 10.1.
"""

from __future__ import annotations

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_TOAST = 200
"""Characters of the answer to a button."""
MAX_ALBUM = 10
MAX_DOWNLOAD_BYTES = 20 * 2**20
"""Bots cannot fetch larger files."""
MAX_PHOTO_RATIO = 20
"""Of the longer side to the shorter one."""


def shorten(text: str, limit: int) -> str:
    """Cut a text to a number of UTF-16 units, which is how Telegram counts."""
    units = text.encode("utf-16-le", "replace")
    if len(units) <= 2 * limit:
        return text
    kept = units[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    return kept.rstrip(" \n\u200d") + "…"
