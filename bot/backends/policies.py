"""The settings of a collection between their JSON and what the core makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core.policy import Policy

_GROUPS = ("search_groups", "add_groups", "watched")


def read(settings: Mapping[str, Any]) -> Policy:
    """Return what the settings say; what they do not say, or say wrongly, is as usual."""
    groups = {
        name: frozenset(str(item) for item in settings[name])
        for name in _GROUPS
        if isinstance(settings.get(name), list)
    }
    size, language = settings.get("page_size"), settings.get("language")
    return Policy(
        page_size=size if type(size) is int and size > 0 else 0,
        language=language if isinstance(language, str) else "",
        **groups,
    )


def write(policy: Policy) -> dict[str, object]:
    """Return the settings as they are stored."""
    groups: dict[str, object] = {name: sorted(getattr(policy, name)) for name in _GROUPS}
    return groups | {"page_size": policy.page_size, "language": policy.language}
