"""Requests as short texts, for the buttons of platforms that give them few bytes.

Telegram allows 64 bytes behind a button, Discord 100 characters behind a component.
"""

from __future__ import annotations

import re

from bot.core.messages import Delete, More, MoreLikeThis, NotThis

MAX_COMMAND_BYTES = 64

Command = More | MoreLikeThis | NotThis | Delete

_MORE = re.compile(r"m:([A-Za-z0-9_-]{1,24}):([0-9]{1,9})")
_NOT = re.compile(r"n:([A-Za-z0-9_-]{1,24}):([0-9]{1,9}):([0-9]{1,19})")
_IMAGE = re.compile(r"([ld]):([0-9]{1,19})")


def encode(request: Command) -> str:
    """Write a request in at most MAX_COMMAND_BYTES ASCII characters."""
    if isinstance(request, More):
        return f"m:{request.token}:{request.offset}"
    if isinstance(request, NotThis):
        return f"n:{request.token}:{request.offset}:{request.image_id}"
    return f"{'l' if isinstance(request, MoreLikeThis) else 'd'}:{request.image_id}"


def decode(written: str) -> Command | None:
    """Read back what :func:`encode` wrote; None for anything else."""
    if more := _MORE.fullmatch(written):
        return More(more[1], int(more[2]))
    if hidden := _NOT.fullmatch(written):
        return NotThis(hidden[1], int(hidden[2]), int(hidden[3]))
    if image := _IMAGE.fullmatch(written):
        image_id = int(image[2])
        return MoreLikeThis(image_id) if image[1] == "l" else Delete(image_id)
    return None
