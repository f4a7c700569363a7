"""Interactions on the fake Discord: uses of a command, a button, a list or a dialog."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.discord_messages import Message
from tests.acceptance.discord_places import snowflake

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5


@dataclass
class Interaction:
    """One use of a command or a component."""

    type: int
    payload: dict[str, Any]
    id: int = field(default_factory=snowflake)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    created_s: float = field(default_factory=time.monotonic)
    acknowledged_after_s: float | None = None
    callback: int | None = None
    """The type of its acknowledgement."""
    message: Message | None = None
    """What ``@original`` is."""
    is_answered: bool = False
    """Whether something has been made of ``@original``."""
    followups: list[Message] = field(default_factory=list)
    choices: list[dict[str, Any]] | None = None
    """What an autocompletion offers."""
    modal: dict[str, Any] | None = None
    is_aged: bool = False
    """Whether a test has made it old, so that coming late is no misbehaviour."""
    written_s: list[float] = field(default_factory=list)
    """When its followups and edits came."""

    @property
    def age_s(self) -> float:
        """How long ago it was."""
        return time.monotonic() - self.created_s

    @property
    def user_id(self) -> int:
        """Who did it."""
        user = self.payload.get("user") or self.payload.get("member", {}).get("user")
        return int(user["id"]) if user else 0

    @property
    def answer(self) -> Message | None:
        """What has come of it, and stays."""
        if self.message is not None and self.is_answered and not self.message.is_loading:
            return self.message
        return self.followups[0] if self.followups else None

    def metadata(self) -> dict[str, Any]:
        """Write what a message that came of it says about it."""
        user = self.payload.get("user") or self.payload.get("member", {}).get("user")
        data = self.payload.get("data", {})
        more: dict[str, Any] = {}
        owners = "authorizing_integration_owners"
        if "message" in self.payload:
            more["interacted_message_id"] = self.payload["message"]["id"]
        if "target_id" in data:
            more["target_message_id"] = data["target_id"]
        return {
            "id": str(self.id),
            "type": self.type,
            "user": user,
            owners: self.payload.get(owners, {}),
            **more,
        }


class Interactions(dict[int, Interaction]):
    """All there were, by id; their tokens are found without a search."""

    def __init__(self) -> None:
        super().__init__()
        self._by_token: dict[str, Interaction] = {}

    def __setitem__(self, number: int, interaction: Interaction) -> None:
        super().__setitem__(number, interaction)
        self._by_token[interaction.token] = interaction

    def of_token(self, token: str | None) -> Interaction | None:
        """Return the one that has a token."""
        return self._by_token.get(token or "")
