"""What can go wrong with a call of the fake Telegram, and how that looks."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

from aiohttp import web

from tests.acceptance import telegram_limits as limits
from tests.acceptance.telegram_limits import RefusalError
from tests.acceptance.telegram_places import Chat

_BAD_GATEWAY = "<html>\r\n<head><title>{0}</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next call of a method."""

    status: int = 0
    description: str = ""
    does_it: bool = False
    """Do as asked all the same."""
    loses_answer: bool = False
    """Do as asked, but break the connection instead of saying so."""
    loses_request: bool = False
    """Break the connection before doing anything."""
    delay_s: float = 0.0
    held: asyncio.Event | None = None
    """Do nothing before this is set."""
    holds_answer: asyncio.Event | None = None
    """Do as asked, but do not say so before this is set."""
    retry_after: int = 1
    """When to come back after a 429."""
    chat_id: int | None = None
    """Wait for a call about this chat."""

    async def wait(self) -> None:
        """Be as slow as the test demands."""
        if self.held is not None:
            await self.held.wait()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)

    def response(self) -> web.Response:
        """Answer as the test demands."""
        if self.status == 429:
            return web.json_response(flooded(self.retry_after).body, status=429)
        if self.status > 500 and not self.description:
            # What is in front of the server says so, in its own words.
            text = _BAD_GATEWAY.format(self.status)
            return web.Response(status=self.status, text=text, content_type="text/html")
        told = RefusalError(self.description or "Internal Server Error", self.status)
        return web.json_response(told.body, status=self.status)


def flooded(retry_after: int) -> RefusalError:
    """Refuse what comes too fast."""
    return RefusalError(
        f"Too Many Requests: retry after {retry_after}", 429, retry_after=retry_after
    )


@dataclass
class Floods:
    """Refuses messages that come too fast, by order or by counting."""

    ordered: list[int] = field(default_factory=list)
    """Seconds to wait, for each of the next messages; each is refused once."""
    counts: bool = False
    """Whether the numbers below are kept to."""
    overall_a_second: int = limits.FLOOD_OVERALL_A_SECOND
    chat_a_second: int = limits.FLOOD_CHAT_A_SECOND
    group_a_minute: int = limits.FLOOD_GROUP_A_MINUTE
    refused: int = 0
    _until_s: dict[int | None, float] = field(default_factory=dict)
    _sent_s: dict[object, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def close(self, seconds: float, chat_id: int | None = None) -> None:
        """Take nothing for some time, from one chat or from all."""
        self._until_s[chat_id] = time.monotonic() + seconds

    def forget(self, seconds: float = 60.0) -> None:
        """Let time pass."""
        self._until_s = {key: until - seconds for key, until in self._until_s.items()}
        for sent in self._sent_s.values():
            for number, at in enumerate(sent):
                sent[number] = at - seconds

    def count(self, chat: Chat, messages: int) -> None:
        """Count messages to a chat, or refuse them."""
        if self.ordered:
            self._refuse(self.ordered.pop(0))
        self.check(chat)
        if not self.counts:
            return
        now = time.monotonic()
        kept: list[tuple[object, int, float, int]] = [
            (None, self.overall_a_second, 1.0, messages),
            (chat.id, self.chat_a_second, 1.0, 1),
        ]
        if not chat.is_private:
            kept.append(((chat.id, "group"), self.group_a_minute, 60.0, messages))
        for who, most, seconds, number in kept:
            sent = self._sent_s[who]
            while sent and sent[0] <= now - seconds:
                sent.popleft()
            # What is larger than the whole allowance goes through when nothing else did.
            if sent and len(sent) + number > most:
                self._refuse(sent[0] + seconds - now)
        for who, _most, _seconds, number in kept:
            self._sent_s[who].extend([now] * number)

    def check(self, chat: Chat) -> None:
        """Refuse what comes while nothing is taken; edits are not counted otherwise."""
        now = time.monotonic()
        for key in (None, chat.id):
            until_s = self._until_s.get(key, 0.0)
            if until_s > now:
                self._refuse(until_s - now)

    def _refuse(self, seconds: float) -> None:
        self.refused += 1
        raise flooded(max(1, -int(-seconds // 1)))
