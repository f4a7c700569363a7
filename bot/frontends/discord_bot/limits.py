"""What Discord allows, and its error codes that have a meaning here.

Sources: the pages receiving-and-responding, message, component reference and
opcodes-and-status-codes of discord-api-docs.
"""

from __future__ import annotations

CONTENT_CHARACTERS = 2000
ATTACHMENTS = 10
DESCRIPTION_CHARACTERS = 1024
"""Of the text that screen readers read out for an attachment."""
FILE_BYTES = 10 * 2**20
"""Of one file where the server has no higher limit and the interaction names none."""
REQUEST_BYTES = 25 * 2**20
LABEL_CHARACTERS = 80
SELECT_OPTIONS = 25
OPTION_CHARACTERS = 100
AUTOCOMPLETE_CHOICES = 25

ACKNOWLEDGE_WITHIN_S = 3.0
"""An interaction is void unless it is acknowledged by then."""

UNKNOWN_INTERACTION = 10062
UNKNOWN_WEBHOOK = 10015
ALREADY_ACKNOWLEDGED = 40060
TOO_LARGE = 40005
"""A file or the whole request; what a server takes can change at any time."""
INVALID_TOKEN = 50027
"""Of an interaction: it expires after 15 minutes."""
NO_REPLY_WITHOUT_HISTORY = 160002
"""Replying to a message takes the permission to read the channel's history."""

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008

LOST = frozenset(
    {UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, INVALID_TOKEN}
)
"""There is nobody left to answer; no reason to complain."""


def clip(text: str, limit: int) -> str:
    """Shorten a text to at most ``limit`` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
