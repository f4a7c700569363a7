"""Updates on the fake Telegram: they wait for the bot, which polls or has a webhook."""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import count

from tests.acceptance import telegram_limits as limits
from tests.acceptance.telegram_bell import Bell
from tests.acceptance.telegram_limits import Json, RefusalError

_LIVES_S = {
    "inline_query": limits.INLINE_LIFE_S,
    "chosen_inline_result": limits.INLINE_LIFE_S,
    "callback_query": limits.PRESS_LIFE_S,
}
_SECOND_POLLER = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)
_WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)

# Shared by all worlds: a bot may remember for long which it has seen.
_numbers = count(870_000_001)


@dataclass(eq=False)
class Update:
    """Something the bot is told."""

    body: Json
    chat_id: int
    until_s: float
    """When it is too late for it."""
    is_repeated: bool = False
    """Whether it comes although the bot has confirmed it."""

    @property
    def id(self) -> int:
        return int(self.body["update_id"])


@dataclass(eq=False)
class Updates:
    """What the bot has not confirmed yet, and everything it was ever told."""

    waiting: list[Update] = field(default_factory=list)
    told: deque[Update] = field(default_factory=lambda: deque(maxlen=10_000))
    allowed: frozenset[str] = limits.UPDATES
    webhook_url: str = ""
    polls: int = 0
    bell: Bell = field(default_factory=Bell)
    complaints: list[str] = field(default_factory=list)
    """What a bot asked for that the server quietly puts right."""

    def add(self, body: Json, chat_id: int = 0) -> Update | None:
        """Queue an update; returns None if the bot does not want to be told."""
        kind = next(name for name in body if name != "update_id")
        if kind not in self.allowed:
            return None
        life_s = _LIVES_S.get(kind, limits.UPDATE_LIFE_S)
        update = Update({"update_id": next(_numbers), **body}, chat_id, time.monotonic() + life_s)
        self.waiting.append(update)
        self.told.append(update)
        self.bell.ring()
        return update

    def repeat(self, number: int = 1) -> list[Json]:
        """Tell the bot of the latest updates again, under the same ids."""
        again = [Update(one.body, one.chat_id, one.until_s, True) for one in self.told][-number:]
        self.waiting = [*again, *self.waiting]
        self.bell.ring()
        return [one.body for one in again]

    def age(self, seconds: float) -> None:
        """Let the updates that wait become older; some are then too old to be told."""
        for update in self.waiting:
            update.until_s -= seconds

    def drop_old(self) -> None:
        """Forget what it is too late for."""
        now = time.monotonic()
        self.waiting = [one for one in self.waiting if one.until_s > now]

    def choose(self, call: Json) -> None:
        """Set what the bot is told from now on; what waits already still comes."""
        if "allowed_updates" not in call:
            return
        asked = frozenset(json.loads(call["allowed_updates"]))
        unknown = asked - limits.UPDATES - limits.UPDATES_ON_DEMAND
        if unknown:
            self.complaints.append(f"allowed_updates: unknown to this server: {sorted(unknown)}")
        self.allowed = asked or limits.UPDATES

    def confirm(self, offset: int) -> None:
        """Forget what comes before an offset; a negative one keeps so many of the latest."""
        if offset < 0:
            self.waiting = self.waiting[offset:]
        else:
            self.waiting = [one for one in self.waiting if one.id >= offset or one.is_repeated]
        self.bell.ring()

    async def poll(self, call: Json) -> list[Json]:
        """Answer getUpdates."""
        if self.webhook_url:
            raise RefusalError(_WEBHOOK_ACTIVE, 409)
        timeout_s, number = float(call.get("timeout", 0)), int(call.get("limit", 100))
        if timeout_s > limits.MAX_POLL_S:
            self.complaints.append(f"getUpdates: timeout={timeout_s:g} is cut")
        if number not in limits.UPDATES_A_POLL:
            self.complaints.append(f"getUpdates: limit={number} is ignored")
            number = 100
        self.choose(call)
        self.polls += 1
        mine = self.polls
        if "offset" in call:
            self.confirm(int(call["offset"]))
        self.drop_old()
        self.bell.ring()
        with contextlib.suppress(TimeoutError):
            if timeout_s > 0:
                await self.bell.wait_for(
                    lambda: self.waiting or self.polls != mine or self.webhook_url,
                    min(timeout_s, limits.MAX_POLL_S),
                )
        if self.webhook_url:
            raise RefusalError("Conflict: terminated by setWebhook request", 409)
        if self.polls != mine:
            raise RefusalError(_SECOND_POLLER, 409)
        chosen = self.waiting[:number]
        # What is repeated does not care about offsets: it comes once.
        self.waiting = [one for one in self.waiting if not (one.is_repeated and one in chosen)]
        return [one.body for one in chosen]

    async def wait_until_empty(self, timeout_s: float = 10.0) -> None:
        """Wait until the bot has confirmed everything."""
        await self.bell.wait_for(lambda: not self.waiting, timeout_s)
