"""What a library holds, in numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import discord

from bot.core.community_ports import Statistics
from bot.core.numbers import grouped, size
from bot.core.policy import Policy
from bot.core.replies import next_encoder
from bot.core.texts import Texts
from bot.frontends.discord_bot.library.parts import mention
from bot.frontends.discord_bot.library.sentences import SENTENCES

MOST_NAMED = 15


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
    if counted.preparing is not None:
        lines.append(next_encoder(counted.preparing, texts))
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


def named(channels: Collection[str]) -> str:
    """Write channels in a row."""
    return in_a_row([mention(channel) for channel in sorted(channels, key=int)])


def in_a_row(names: Sequence[str]) -> str:
    """Write names in a row, not so many that they fill a message."""
    rest = ["…"] if len(names) > MOST_NAMED else []
    return " ".join([*names[:MOST_NAMED], *rest])
