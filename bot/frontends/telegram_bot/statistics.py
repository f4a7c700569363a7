"""What a collection holds, in numbers."""

from __future__ import annotations

from bot.core.community_ports import Statistics
from bot.core.numbers import grouped, size
from bot.core.replies import next_encoder
from bot.core.texts import Texts
from bot.frontends.telegram_bot.sentences import SENTENCES


def told(counted: Statistics, texts: Texts) -> str:
    """Put what a collection holds into words."""
    lines = [
        texts.say(
            SENTENCES["stats"],
            ready=grouped(counted.ready),
            pending=grouped(counted.pending),
            failed=grouped(counted.failed),
            size=size(counted.size_bytes),
            contributors=grouped(counted.contributors),
        )
    ]
    if counted.preparing is not None:
        lines.append(next_encoder(counted.preparing, texts))
    if counted.tags:
        tags = ", ".join(f"#{tag} ({grouped(number)})" for tag, number in counted.tags)
        lines.append(texts.say(SENTENCES["stats_tags"], tags=tags))
    return "\n".join(lines)
