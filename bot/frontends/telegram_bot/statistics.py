"""What a collection holds, in numbers."""

from __future__ import annotations

from bot.core.community_ports import Statistics
from bot.core.texts import Texts
from bot.frontends.telegram_bot.sentences import SENTENCES

_THIN_SPACE = "\u202f"
_UNITS = ("B", "kB", "MB", "GB", "TB")


def told(counted: Statistics, texts: Texts) -> str:
    """Put what a collection holds into words."""
    lines = [
        texts.say(
            SENTENCES["stats"],
            ready=_grouped(counted.ready),
            pending=_grouped(counted.pending),
            failed=_grouped(counted.failed),
            size=_size(counted.size_bytes),
            contributors=_grouped(counted.contributors),
        )
    ]
    if counted.tags:
        tags = ", ".join(f"#{tag} ({_grouped(number)})" for tag, number in counted.tags)
        lines.append(texts.say(SENTENCES["stats_tags"], tags=tags))
    return "\n".join(lines)


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", _THIN_SPACE)


def _size(size_bytes: int) -> str:
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if size >= 10 or unit == 0 else f"{size:.1f} {_UNITS[unit]}"
