"""What a library holds, in numbers."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.core.policy import Policy
from bot.core.ports import Statistics
from bot.core.texts import Texts
from bot.frontends.discord_bot.library.numbers import grouped, size
from bot.frontends.discord_bot.library.parts import mention
from bot.frontends.discord_bot.library.sentences import SENTENCES


def told(counted: Statistics, policy: Policy, importing: Sequence[str], texts: Texts) -> str:
    """Put what a library holds into words."""
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
    if counted.tags:
        tags = ", ".join(
            f"{discord.utils.escape_markdown(tag)} ({grouped(number)})"
            for tag, number in counted.tags
        )
        lines.append(texts.say(SENTENCES["stats_tags"], tags=tags))
    if policy.watched:
        lines.append(texts.say(SENTENCES["watched"], channels=named(policy.watched)))
    if importing:
        lines.append(texts.say(SENTENCES["stats_importing"], channels=named(importing)))
    return "\n".join(lines)


def named(channels: Sequence[str] | frozenset[str]) -> str:
    """Write channels in a row."""
    return " ".join(mention(channel) for channel in sorted(channels, key=int))
