"""The conversation: one request in, replies out; the one place that puts errors into words."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator

from bot.core.errors import CoreError, PictureRefusedError, UnavailableError
from bot.core.library import Library, may_delete
from bot.core.messages import (
    Add,
    Ask,
    Choice,
    Delete,
    FindSimilar,
    Hit,
    Incoming,
    More,
    MoreLikeThis,
    Picture,
    PictureKind,
    Reply,
    ServiceStatus,
    Tone,
)
from bot.core.ports import Added, Encoder, ImageIndex, Match
from bot.core.questions import ImageQuery, Query, TextQuery, normalise
from bot.core.search import Page, Search
from bot.core.sentences import REFUSALS, SENTENCES
from bot.core.texts import Texts, texts_for

ANSWER_TIMEOUT_S = 9.5
"""A person is told something honest within ten seconds, whatever has broken."""

logger = logging.getLogger(__name__)


class Conversation:
    """Answers requests about collections, for every platform alike."""

    def __init__(
        self, search: Search, library: Library, index: ImageIndex, encoder: Encoder
    ) -> None:
        self._search = search
        self._library = library
        self._index = index
        self._encoder = encoder

    async def handle(self, incoming: Incoming) -> AsyncIterator[Reply]:
        """Yield the replies to a request: any number in passing, then one that stays.

        Never raises: what goes wrong becomes a reply with tone ERROR.
        """
        texts = texts_for(incoming.language)
        try:
            if isinstance(incoming.request, Add):
                async for reply in self._add(incoming, incoming.request, texts):
                    yield reply
            else:
                yield await self._answer(incoming, texts)
        except CoreError as error:
            logger.info("request_refused", extra={"code": error.code, "params": error.params})
            yield explain(error, texts)
        except Exception:
            incident = secrets.token_hex(4)
            logger.exception("request_failed", extra={"incident": incident})
            yield Reply(
                texts.say(SENTENCES["unexpected"], incident=incident), Tone.ERROR, code="unexpected"
            )

    async def picture(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a stored picture's bytes; None when there is none or the store is down."""
        try:
            return await self._library.read(collection, image_id, kind)
        except CoreError as error:
            logger.warning("picture_unavailable", extra={"code": error.code, **error.params})
            return None

    async def status(self, collection: str) -> ServiceStatus:
        """Tell whether questions can be answered now."""
        try:
            state = await self._index.state(collection)
        except CoreError:
            return ServiceStatus(False, False, 0, 0)
        ready = state.space is not None and await self._encoder.ready()
        return ServiceStatus(ready, not ready, state.image_count, state.pending_count)

    async def _answer(self, incoming: Incoming, texts: Texts) -> Reply:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                if isinstance(incoming.request, Delete):
                    return await self._delete(incoming, incoming.request, texts)
                return await self._find(incoming, texts)
        except TimeoutError as error:
            raise UnavailableError(part="answer") from error

    async def _find(self, incoming: Incoming, texts: Texts) -> Reply:
        request = incoming.request
        offset = 0
        query: Query
        title = texts.say(SENTENCES["similar"])
        match request:
            case Ask(text):
                query = TextQuery(normalise(text))
            case MoreLikeThis(image_id):
                query = ImageQuery(image_id)
                image = await self._library.get(incoming.collection, image_id)
                if image.caption:
                    title = texts.say(SENTENCES["like_this"], caption=image.caption)
            case FindSimilar(content):
                query = await self._search.vector_query(incoming.collection, content)
            case More(token, offset):
                query = await self._search.resume(token)
            case _:  # Add and Delete are dealt with by the callers
                raise TypeError(type(request).__name__)
        if isinstance(query, TextQuery):
            title = texts.say(SENTENCES["found"], question=query.text)
        page = await self._search.page(
            incoming.collection, query, offset=offset, limit=incoming.page_size
        )
        return _gallery(page, title, incoming, texts)

    async def _delete(self, incoming: Incoming, request: Delete, texts: Texts) -> Reply:
        image = await self._library.delete(incoming.collection, incoming.person, request.image_id)
        name = image.caption or f"№ {image.image_id}"
        return Reply(texts.say(SENTENCES["deleted"], caption=name), Tone.DONE)

    async def _add(self, incoming: Incoming, request: Add, texts: Texts) -> AsyncIterator[Reply]:
        added = list(await self._library.add(incoming.collection, incoming.person, request.uploads))
        total = sum(item.image_id is not None for item in added)
        waiting = {item.image_id: n for n, item in enumerate(added) if item.image_id is not None}
        done = 0
        if total:
            yield _progress(done, total, texts)
        async for image in self._library.watch(incoming.collection, list(waiting)):
            position = waiting.pop(image.image_id)
            if image.status == "failed":
                added[position] = Added(None, added[position].filename, refusal=image.error)
            done += 1
            yield _progress(done, total, texts)
        yield _summary(added, unfinished=len(waiting), texts=texts)


def explain(error: CoreError, texts: Texts) -> Reply:
    """Put an error into the person's words."""
    if isinstance(error, PictureRefusedError):
        text = texts.say(REFUSALS.get(error.reason, REFUSALS["not_a_picture"]), **error.params)
        return Reply(text, Tone.ERROR, code=f"picture_{error.reason}")
    text = texts.say(SENTENCES[error.code], **error.params)
    return Reply(text, Tone.ERROR, code=error.code, retryable=error.retryable)


def _gallery(page: Page, title: str, incoming: Incoming, texts: Texts) -> Reply:
    if not page.matches:
        if page.offset:
            return Reply(texts.say(SENTENCES["no_more"]))
        if page.state.image_count == 0:
            name = "preparing" if page.state.pending_count else "empty_collection"
            return Reply(texts.say(SENTENCES[name]))
        return Reply(texts.say(SENTENCES["nothing_found"]))
    question = page.query.text if isinstance(page.query, TextQuery) else title
    hits = tuple(
        _hit(match, page.offset + n, question, incoming) for n, match in enumerate(page.matches, 1)
    )
    choices: tuple[Choice, ...] = ()
    if page.next_token is not None:
        more = More(page.next_token, page.offset + len(hits))
        choices = (Choice(texts.say(SENTENCES["more"]), more),)
    return Reply(title, hits=hits, choices=choices)


def _hit(match: Match, rank: int, question: str, incoming: Incoming) -> Hit:
    return Hit(
        image_id=match.image_id,
        rank=rank,
        score=match.score,
        caption=match.caption,
        alt_text=match.caption or question,
        width=match.width,
        height=match.height,
        media_type=match.media_type,
        sha256=match.sha256,
        uploader_id=match.uploader_id,
        uploader_name=match.uploader_name,
        added_at=match.added_at,
        source_path=match.source_path,
        can_delete=may_delete(incoming.person, match.uploader_id),
    )


def _progress(done: int, total: int, texts: Texts) -> Reply:
    text = texts.say(SENTENCES["adding"], done=done, total=total)
    return Reply(text, Tone.PROGRESS, done=done, total=total)


def _summary(added: list[Added], *, unfinished: int, texts: Texts) -> Reply:
    """Tell what became of a batch of uploads."""
    new = sum(item.is_new and item.image_id is not None for item in added)
    known = sum(not item.is_new and item.image_id is not None for item in added)
    refused = [item for item in added if item.refusal is not None]
    lines = []
    if new:
        lines.append(
            texts.count("{number} picture was added.", "{number} pictures were added.", new)
        )
    if known:
        lines.append(
            texts.count(
                "{number} picture was here already.",
                "{number} pictures were here already.",
                known,
            )
        )
    if unfinished:
        lines.append(
            texts.count(
                "{number} of them is stored safely and will be found in a little while.",
                "{number} of them are stored safely and will be found in a little while.",
                unfinished,
            )
        )
    for item in refused:
        reason = texts.say(REFUSALS.get(item.refusal or "", REFUSALS["not_a_picture"]))
        lines.append(f"{item.filename}: {reason}" if item.filename else reason)
    if not added:
        lines.append(texts.say(SENTENCES["nothing_to_add"]))
    done_something = bool(new or known)
    return Reply(
        "\n".join(lines),
        Tone.DONE if done_something else Tone.ERROR,
        done=new + known,
        total=len(added),
        code="" if done_something else "nothing_added",
    )
