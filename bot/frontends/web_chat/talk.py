"""One person's side of the conversation: requests in, replies out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator

from bot.core.messages import Incoming, Person, Reply, Request, Tone
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.web_chat.strings import say

log = logging.getLogger(__name__)

VISITOR = Person(id="web:local", name="Web", is_admin=True)


class Talk:
    """Hands requests to the core and knows how many are being answered."""

    def __init__(self, conversation: ConversationPort, options: FrontendOptions) -> None:
        self._conversation = conversation
        self._options = options
        self._active = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def replies(self, request: Request, language: str) -> AsyncGenerator[Reply, None]:
        """Yield the core's replies; close the iterator if nobody listens any more."""
        incoming = Incoming(
            collection=self._options.collection,
            person=VISITOR,
            language=language,
            request=request,
            page_size=self._options.page_size,
        )
        self._active += 1
        self._idle.clear()
        replies = self._conversation.handle(incoming)
        try:
            async for reply in replies:
                yield reply
        except Exception:
            # The core promises not to raise; should it, the person still gets an answer.
            log.exception("web_chat.answer_failed")
            text = say(language, "failed")
            yield Reply(text, Tone.ERROR, code="unexpected", retryable=True)
        finally:
            self._active -= 1
            if not self._active:
                self._idle.set()
            close = getattr(replies, "aclose", None)
            if close is not None:
                await close()

    async def wait_idle(self, timeout_s: float) -> None:
        """Wait until nothing is being answered, but not longer than this."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            log.info("web_chat.answers_abandoned", extra={"count": self._active})
