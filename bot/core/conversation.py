"""The conversation: one request in, replies out; the one place that puts errors into words."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from bot.core.communities import Communities
from bot.core.errors import (
    CoreError,
    NotAllowedError,
    SearchNotAllowedError,
    TooManyQuestionsError,
    UnavailableError,
)
from bot.core.library import Library, clean_tags
from bot.core.messages import (
    Add,
    Ask,
    Browse,
    Delete,
    Filters,
    FindSimilar,
    Hit,
    Incoming,
    More,
    MoreLikeThis,
    NotThis,
    Person,
    Picture,
    PictureKind,
    Refine,
    Reply,
    ServiceStatus,
    Tone,
)
from bot.core.photographs import COMMAND, looks_like_photograph
from bot.core.policy import may_add, may_search
from bot.core.ports import Added, CollectionState, Encoder, History, Limiter, Notebook
from bot.core.questions import ImageQuery, NewestQuery, Question, TextQuery, normalise
from bot.core.replies import explain, gallery, hits_of, progress, summary
from bot.core.search import Search
from bot.core.sentences import SENTENCES
from bot.core.texts import Texts, texts_for

ANSWER_TIMEOUT_S = 9.5
"""A person is told something honest within ten seconds, whatever has broken."""

logger = logging.getLogger(__name__)


class Conversation:
    """Answers requests about collections, for every platform alike."""

    def __init__(  # noqa: PLR0917 - each is another part
        self,
        search: Search,
        library: Library,
        encoder: Encoder,
        history: History,
        limiter: Limiter,
        communities: Communities,
        notebook: Notebook,
    ) -> None:
        self._search = search
        self._library = library
        self._encoder = encoder
        self._history = history
        self._limiter = limiter
        self.communities = communities
        self.notebook = notebook

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

    async def suggest(self, collection: str, person_id: str, typed: str) -> list[str]:
        """Return recent questions that hold what somebody has typed so far; never raises."""
        try:
            recent = await self._history.recent(collection, person_id)
        except CoreError:
            return []
        wanted = typed.casefold().split()
        return [
            question
            for question in dict.fromkeys(recent)
            if all(word in question.casefold() for word in wanted)
        ]

    async def picture(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a stored picture's bytes; None when there is none or the store is down."""
        try:
            return await self._library.read(collection, image_id, kind)
        except CoreError as error:
            logger.warning("picture_unavailable", extra={"code": error.code, **error.params})
            return None

    async def find_across(
        self, person: Person, language: str, collections: Sequence[str], text: str, *, limit: int
    ) -> Sequence[tuple[str, Hit]] | Reply:
        """Return the best pictures of several collections, each with its collection's key.

        For places that belong to no collection. Collections that the person may not search are
        left out; what goes wrong is a reply with tone ERROR. Never raises.
        """
        texts = texts_for(language)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await self._across(person, language, collections, text, limit)
        except TimeoutError:
            return explain(UnavailableError(part="answer"), texts)
        except CoreError as error:
            logger.info("request_refused", extra={"code": error.code, "params": error.params})
            return explain(error, texts)
        except Exception:
            incident = secrets.token_hex(4)
            logger.exception("request_failed", extra={"incident": incident})
            sorry = texts.say(SENTENCES["unexpected"], incident=incident)
            return Reply(sorry, Tone.ERROR, code="unexpected")

    async def _across(
        self, person: Person, language: str, collections: Sequence[str], text: str, limit: int
    ) -> Sequence[tuple[str, Hit]]:
        question = Question(TextQuery(normalise(text)))
        # It belongs to no place whose share it could use up but the person's own.
        seconds = await self._limiter.admit(person.id, person.id)
        if seconds:
            raise TooManyQuestionsError(seconds=math.ceil(seconds))
        self._search.anticipate(normalise(text))

        async def of(collection: str) -> list[tuple[str, Hit]]:
            state = await self._search.state(collection)
            if not may_search(person, state.policy):
                return []
            page = await self._search.page(state, question, None, offset=0, limit=limit)
            incoming = Incoming(collection, person, language, Ask(text))
            return [(collection, hit) for hit in hits_of(page, incoming)]

        found = await asyncio.gather(*(of(collection) for collection in collections))
        best = sorted((hit for hits in found for hit in hits), key=lambda one: -one[1].score)
        return [(key, replace(hit, rank=n)) for n, (key, hit) in enumerate(best[:limit], 1)]

    async def rendition(self, collection: str, hit: Hit) -> Picture | None:
        """Return what to show of a picture found; None when it cannot be had."""
        try:
            return await self._library.rendition(collection, hit)
        except CoreError as error:
            logger.warning("picture_unavailable", extra={"code": error.code, **error.params})
            return None

    async def status(self, collection: str) -> ServiceStatus:
        """Tell whether questions can be answered now."""
        try:
            state = await self._search.state(collection)
            preparing = await self._search.preparing(state)
        except CoreError:
            return ServiceStatus(False, False, 0, 0)
        ready = state.space is not None and await self._encoder.ready()
        return ServiceStatus(ready, not ready, state.image_count, state.pending_count, preparing)

    async def _answer(self, incoming: Incoming, texts: Texts) -> Reply:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                if isinstance(incoming.request, Delete):
                    return await self._delete(incoming, incoming.request, texts)
                return await self._find(incoming, texts)
        except TimeoutError as error:
            raise UnavailableError(part="answer") from error

    async def _find(self, incoming: Incoming, texts: Texts) -> Reply:
        if incoming.from_anybody:
            seconds = await self._limiter.admit(incoming.collection, incoming.person.id)
            if seconds:
                raise TooManyQuestionsError(seconds=math.ceil(seconds))
        if isinstance(incoming.request, Ask):
            self._search.anticipate(normalise(incoming.request.text))
        state = await self._search.state(incoming.collection)
        if not may_search(incoming.person, state.policy):
            raise SearchNotAllowedError
        question, offset = await self._question(incoming, state)
        limit = question.count or state.policy.page_size or incoming.page_size
        page = await self._search.page(state, question, incoming.sees, offset=offset, limit=limit)
        if isinstance(incoming.request, Ask) and isinstance(question.query, TextQuery):
            await self._history.remember(
                incoming.collection,
                incoming.person.id,
                question.query.text,
                is_public=incoming.is_public,
            )
        return gallery(page, incoming, limit, texts)

    async def _question(  # noqa: PLR0911 - one for each request
        self, incoming: Incoming, state: CollectionState
    ) -> tuple[Question, int]:
        """Return what is asked, and how many pictures come before the page wanted."""
        match incoming.request:
            case Ask(text, filters, count, everything):
                query = TextQuery(normalise(text))
                return Question(query, _folded(filters), "", count, everything), 0
            case Refine(token, text):
                return await self._search.refine(state, await self._search.resume(token), text), 0
            case MoreLikeThis(image_id):
                image = await self._library.get(incoming.collection, image_id, incoming.sees)
                return Question(ImageQuery(image_id), words=image.caption), 0
            case FindSimilar(content, everything):
                picture = await self._search.vector_query(state, content)
                return Question(picture, everything=everything), 0
            case More(token, offset):
                return await self._search.resume(token), offset
            case NotThis(token, offset, image_id):
                return (await self._search.resume(token)).without(image_id), offset
            case Browse(filters):
                return Question(NewestQuery(), _folded(filters)), 0
            case _:  # Add and Delete are dealt with by the callers
                raise TypeError(type(incoming.request).__name__)

    async def _delete(self, incoming: Incoming, request: Delete, texts: Texts) -> Reply:
        image = await self._library.delete(
            incoming.collection, incoming.person, request.image_id, incoming.sees
        )
        name = image.caption or f"№ {image.image_id}"
        return Reply(texts.say(SENTENCES["deleted"], caption=name), Tone.DONE)

    async def _add(self, incoming: Incoming, request: Add, texts: Texts) -> AsyncIterator[Reply]:
        if not incoming.person.is_admin:
            state = await self._search.state(incoming.collection)
            if not may_add(incoming.person, state.policy):
                raise NotAllowedError
        added = list(await self._library.add(incoming.collection, incoming.person, request.uploads))
        total = sum(item.image_id is not None for item in added)
        waiting = {item.image_id: n for n, item in enumerate(added) if item.image_id is not None}
        done = 0
        if total:
            yield progress(done, total, texts)
        async for image in self._library.watch(incoming.collection, list(waiting)):
            position = waiting.pop(image.image_id)
            if image.status == "failed":
                added[position] = Added(None, added[position].filename, refusal=image.error)
            done += 1
            yield progress(done, total, texts)
        reply = summary(added, unfinished=len(waiting), texts=texts)
        new = [
            upload.content
            for upload, item in zip(request.uploads, added, strict=True)
            if item.is_new and item.image_id is not None
        ]
        if await self.are_unknown_photographs(incoming.collection, new):
            hint = texts.say(SENTENCES["photographs"], command=COMMAND)
            reply = replace(reply, text=f"{reply.text}\n{hint}")
        yield reply

    async def are_unknown_photographs(self, collection: str, contents: Sequence[bytes]) -> bool:
        """Tell whether photographs are among pictures, and the encoder knows none; never raises."""
        if not any(map(looks_like_photograph, contents)):
            return False
        try:
            space = (await self._search.state(collection)).space
        except CoreError:
            return False
        return space is not None and not space.photographs


def _folded(filters: Filters) -> Filters:
    """Return filters whose tag is written as tags are stored."""
    return replace(filters, tag=next(iter(clean_tags((filters.tag,))), ""))
