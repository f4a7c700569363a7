"""Inline mode on the fake Telegram: what the bot answers, what is kept of it, and who sees it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.acceptance import telegram_limits as limits
from tests.acceptance.telegram_bell import WAIT_S
from tests.acceptance.telegram_entities import formatted
from tests.acceptance.telegram_files import StoredFile
from tests.acceptance.telegram_limits import Json, gone, refuse
from tests.acceptance.telegram_messages import Sent
from tests.acceptance.telegram_rules import buttons, flag, number, structure

if TYPE_CHECKING:
    from tests.acceptance.telegram_world import World

TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
# The field with a file id, and the kind of file that it must be.
_CACHED = {
    "photo": ("photo_file_id", "photo"),
    "gif": ("gif_file_id", "animation"),
    "mpeg4_gif": ("mpeg4_file_id", "animation"),
    "sticker": ("sticker_file_id", "sticker"),
    "document": ("document_file_id", "document"),
}


@dataclass(frozen=True)
class InlineResult:
    """One result, as it is shown in the grid or the list."""

    id: str
    kind: str
    title: str
    file: StoredFile | None
    text: str
    """The caption, or the message of an article."""
    entities: list[Json]
    buttons: list[list[Json]]
    body: Json

    @property
    def photo(self) -> bytes:
        return b"" if self.file is None else self.file.content


@dataclass(frozen=True)
class InlineAnswer:
    """What a person sees above the field in which they type."""

    query: str
    offset: str
    results: list[InlineResult]
    next_offset: str
    button: Json | None
    is_personal: bool
    cache_s: int
    was_cached: bool = False
    """Whether the bot was not asked."""


@dataclass(eq=False)
class InlineQuery:
    """Something typed behind the bot's name."""

    id: str
    user_id: int
    query: str
    offset: str
    answered: asyncio.Future[InlineAnswer]
    asked_s: float = field(default_factory=time.monotonic)

    async def answer(self, timeout_s: float = WAIT_S) -> InlineAnswer:
        """Wait for what is shown."""
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(self.answered)

    @property
    def is_late(self) -> bool:
        return time.monotonic() - self.asked_s > limits.INLINE_ANSWER_WITHIN_S

    def age(self, seconds: float = limits.INLINE_ANSWER_WITHIN_S) -> None:
        """Let time pass, by default until it is too late to answer."""
        self.asked_s -= seconds


class Inline:
    """Queries, answers that are kept, and messages sent by choosing a result."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.queries: dict[str, InlineQuery] = {}
        self.kept: dict[tuple[str, str, int], tuple[float, InlineAnswer]] = {}
        """By query, offset and person, 0 for everyone."""
        self.feedback = False
        """Whether the bot is told what people choose (BotFather, /setinlinefeedback)."""
        self.messages: dict[str, Sent] = {}

    def forget(self) -> None:
        """Throw away the answers that are kept."""
        self.kept.clear()

    def cached(self, user_id: int, query: str, offset: str) -> InlineAnswer | None:
        """Return an answer that is kept."""
        for user in (user_id, 0):
            until_s, answer = self.kept.get((query, offset, user), (0.0, None))
            if answer is not None and until_s > time.monotonic():
                return InlineAnswer(**{**vars(answer), "was_cached": True})
        return None

    def ask(self, user_id: int, query: str, offset: str) -> InlineQuery:
        """Note a query that waits for the bot."""
        future = asyncio.get_running_loop().create_future()
        asked = InlineQuery(f"i{self._world.new_id()}", user_id, query, offset, future)
        self.queries[asked.id] = asked
        return asked

    async def answer(self, call: Json) -> bool:
        """Do answerInlineQuery."""
        asked = self.queries.get(call.get("inline_query_id", ""))
        if asked is None or asked.is_late:
            raise gone(TOO_OLD)
        refuse(asked.answered.done(), TOO_OLD)
        given: list[Json] = structure(call, "results", [])
        refuse(len(given) > limits.MAX_RESULTS, "RESULTS_TOO_MUCH")
        results = [self._result(one) for one in given]
        refuse(len({one.id for one in results}) < len(results), "RESULT_ID_DUPLICATE")
        next_offset = call.get("next_offset") or ""
        refuse(len(next_offset.encode()) > limits.MAX_OFFSET_BYTES, "NEXT_OFFSET_INVALID")
        button = structure(call, "button", None)
        if button is not None:
            refuse(not button.get("text"), "SWITCH_PM_TEXT_EMPTY")
            start = button.get("start_parameter")
            is_wrong = start is None or not limits.START_PARAMETER.fullmatch(start)
            refuse("web_app" not in button and is_wrong, "START_PARAM_INVALID")
        cache_s = max(0, number(call, "cache_time", limits.INLINE_CACHE_S))
        told = (asked.query, asked.offset, results, next_offset, button)
        answer = InlineAnswer(*told, flag(call, "is_personal"), cache_s)
        user = asked.user_id if answer.is_personal else 0
        self.kept[asked.query, asked.offset, user] = (time.monotonic() + cache_s, answer)
        asked.answered.set_result(answer)
        return True

    def _result(self, given: Json) -> InlineResult:
        result_id, kind = str(given.get("id", "")), given.get("type")
        refuse(len(result_id.encode()) not in limits.RESULT_ID_BYTES, "RESULT_ID_INVALID")
        content = given.get("input_message_content")
        file = None
        if kind == "article":
            refuse(not given.get("title"), "ARTICLE_TITLE_EMPTY")
            refuse(content is None, "MESSAGE_EMPTY")
        else:
            refuse(kind not in _CACHED, f"this server knows no inline results of type {kind!r}")
            name, file_kind = _CACHED[str(kind)]
            refuse(name not in given, "this server knows inline results of cached files only")
            file = self._world.files.find(given[name])
            refuse(file.kind != file_kind, f"can't use file of type {file.kind} as {file_kind}")
        if content is not None:
            refuse(not content.get("message_text", "").strip(), "MESSAGE_EMPTY")
            text, entities = formatted({**content, "text": content["message_text"]})
            file = None if kind != "article" else file
        else:
            text, entities = formatted(given, "caption", limits.MAX_CAPTION)
        shown = buttons({"reply_markup": given.get("reply_markup", {})})
        title = given.get("title", "")
        return InlineResult(result_id, str(kind), title, file, text, entities, shown, given)
