"""Inline mode: pictures behind the bot's name, in any chat.

Only what Telegram has already can be offered there, by the id of its file: pictures that were
added as photos, and those that were shown in an answer once. Uploading the others would need a
chat to upload them to, and there is none in which nobody would be bothered by it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from telegram import Bot, InlineQuery, InlineQueryResultCachedPhoto, InlineQueryResultsButton, User
from telegram.error import BadRequest, TelegramError

from bot.core.messages import Browse, Hit, Incoming, Reply
from bot.core.sentences import SENTENCES as CORE_SENTENCES
from bot.core.texts import Texts, texts_for
from bot.frontends.base import ConversationPort
from bot.frontends.telegram_bot.askers import Askers
from bot.frontends.telegram_bot.commands import START_ADD, START_ASK
from bot.frontends.telegram_bot.gallery import is_stale
from bot.frontends.telegram_bot.limits import MAX_INLINE_BUTTON, MAX_RESULTS, shorten
from bot.frontends.telegram_bot.notes import Notes
from bot.frontends.telegram_bot.people import People
from bot.frontends.telegram_bot.places import collection_of
from bot.frontends.telegram_bot.sentences import SENTENCES

CACHE_S = 10
"""How long Telegram may give one person the same answer without asking."""
ANSWER_WITHIN_S = 9.0
MAX_GROUPS = 20
MAX_DEPTH = 500
"""Results that can be scrolled to."""

logger = logging.getLogger(__name__)


class Inline:
    """Answers what people type behind the bot's name."""

    def __init__(
        self,
        bot: Bot,
        conversation: ConversationPort,
        people: People,
        askers: Askers,
        notes: Notes,
    ) -> None:
        self._bot = bot
        self._conversation = conversation
        self._people = people
        self._askers = askers
        self._notes = notes
        self._latest: dict[int, asyncio.Task[None]] = {}

    async def on_query(self, query: InlineQuery) -> None:
        """Answer what somebody has typed so far; what they typed before does not matter then."""
        user_id = query.from_user.id
        earlier = self._latest.get(user_id)
        if earlier is not None and not query.offset:
            earlier.cancel()
        answering = asyncio.create_task(self._answer(query))
        self._latest[user_id] = answering
        try:
            await asyncio.wait({answering})
            if not answering.cancelled():
                answering.result()
        finally:
            answering.cancel()
            if self._latest.get(user_id) is answering:
                del self._latest[user_id]

    async def _answer(self, query: InlineQuery) -> None:
        texts = texts_for(await self._askers.language(query.from_user))
        start = int(query.offset) if query.offset.isascii() and query.offset.isdecimal() else 0
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                found = await self._found(query.from_user, query.query, texts, start)
                if isinstance(found, Reply):
                    await self._send(query, [], "", found.text)
                else:
                    await self._show(query, found, start, texts)
        except BadRequest as error:
            if "too old" not in error.message:
                raise
            logger.info("telegram_inline_too_late")
        except TelegramError as error:
            logger.info("telegram_inline_not_sent", extra={"error": type(error).__name__})
        except TimeoutError:
            logger.info("telegram_inline_too_slow")

    async def _found(
        self, user: User, text: str, texts: Texts, start: int
    ) -> Sequence[Hit] | Reply:
        """Return what there is for a query, from the best on; errors are replies."""
        person = self._people.stranger(user)
        if not text.strip():
            own = collection_of(user.id)
            newest = Incoming(own, person, texts.language, Browse(), MAX_RESULTS, from_anybody=True)
            last = Reply("")
            async for reply in self._conversation.handle(newest):
                last = reply
            return last if not last.hits else last.hits if not start else ()
        collections = [collection_of(user.id)]
        groups = sorted(await self._notes.groups_of(user.id))[:MAX_GROUPS]
        inside = await asyncio.gather(*(self._people.is_member(user.id, one) for one in groups))
        for group, is_inside in zip(groups, inside, strict=True):
            if is_inside:
                collections.append(collection_of(group))
        limit = min(start + 2 * MAX_RESULTS, MAX_DEPTH)
        across = await self._conversation.find_across(
            person, texts.language, collections, text, limit=limit
        )
        return across if isinstance(across, Reply) else [hit for _collection, hit in across]

    async def _show(
        self, query: InlineQuery, found: Sequence[Hit], start: int, texts: Texts
    ) -> None:
        """Show a page of what was found, from a place in the answer on; raises TelegramError."""
        hits, next_offset, results = await self._offered(found, start)
        if results or start:
            word = texts.say(SENTENCES["inline_open"])
            try:
                await self._send(query, results, next_offset, word)
            except BadRequest as error:
                if not is_stale(error):
                    raise
                # Which of them is worthless, Telegram does not say.
                logger.info("telegram_files_stale", extra={"count": len(hits)})
                await self._notes.forget_file_ids([hit.sha256 for hit in hits])
            else:
                return
        if not found:
            await self._send(query, [], "", texts.say(CORE_SENTENCES["nothing_found"]))
            return
        await self._notes.keep_question(query.from_user.id, query.query)
        first = texts.say(SENTENCES["inline_first"])
        await self._send(query, [], "", first, START_ASK)

    async def _offered(
        self, found: Sequence[Hit], start: int
    ) -> tuple[list[Hit], str, list[InlineQueryResultCachedPhoto]]:
        """Return a page of what Telegram has already, and where the next begins."""
        known = await self._notes.file_ids([hit.sha256 for hit in found])
        hits: list[Hit] = []
        # The same picture can be in several collections.
        shown = {hit.sha256 for hit in found[:start]}
        end = start
        for hit in found[start:]:
            end += 1
            if hit.sha256 in known and hit.sha256 not in shown:
                shown.add(hit.sha256)
                hits.append(hit)
            if len(hits) == MAX_RESULTS:
                break
        has_more = len(hits) == MAX_RESULTS and end < len(found)
        results = [
            InlineQueryResultCachedPhoto(
                str(hit.image_id), known[hit.sha256], title=hit.caption or None
            )
            for hit in hits
        ]
        return hits, str(end) if has_more else "", results

    async def _send(
        self,
        query: InlineQuery,
        results: Sequence[InlineQueryResultCachedPhoto],
        next_offset: str,
        button: str,
        parameter: str = START_ADD,
    ) -> None:
        above = shorten(button, MAX_INLINE_BUTTON)
        await self._bot.answer_inline_query(
            query.id,
            results,
            cache_time=CACHE_S,
            is_personal=True,
            next_offset=next_offset,
            button=InlineQueryResultsButton(above, start_parameter=parameter),
        )
