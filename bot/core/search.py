"""The path of a question: cache, encoder, index."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile

from bot.core.errors import PageExpiredError, WarmingUpError
from bot.core.ports import (
    CollectionState,
    EmbeddingSpace,
    Encoder,
    Found,
    ImageIndex,
    Match,
    Probe,
    QueryCache,
    Selection,
    Vector,
)
from bot.core.questions import (
    ImageQuery,
    NewestQuery,
    Question,
    TextQuery,
    VectorQuery,
    digest,
    normalise,
    parse_question,
)
from bot.core.relevance import FITS_COUNTED, MIN_RELEVANCE, Curve, least
from bot.core.sharing import Shared, SharedFresh
from bot.core.vectors import between

BLOCK_SIZE = 30
"""Results are fetched and cached in blocks of this many, pages are cut out of them."""
CHAINED_BLOCKS = 20
"""So many blocks are the nearest pictures but for those of the blocks before; what comes later
has the fixed and slow order of an offset, so that a jump there is not a walk."""


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of an answer."""

    question: Question
    state: CollectionState
    offset: int
    matches: tuple[Match, ...]
    total: int
    """How many pictures the whole answer has."""
    token: str
    """Names the question in the paging store; empty where nothing was found."""
    is_cut: bool = False
    """Whether the answer has the pictures that fit, and no others."""
    has_more: bool = False
    """Whether more fit than ``total``; they are counted up to a bound."""
    rest: str = ""
    """Names the same question about all pictures, where others follow those that fit."""
    nothing_fits: bool = False
    """Whether these are but the closest pictures, from the best on, and none of them fits."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """All there is to show for a question, as far as it has been looked up."""

    state: CollectionState
    question: Question
    among: Selection
    sees: frozenset[str] | None
    total: int
    blocks: dict[int, Sequence[Match]]


class Search:
    """Finds the pictures of a collection that match a question, page by page."""

    def __init__(
        self,
        encoder: Encoder,
        index: ImageIndex,
        cache: QueryCache,
        *,
        min_relevance: float = MIN_RELEVANCE,
    ) -> None:
        self._encoder = encoder
        self._index = index
        self._cache = cache
        self._min_relevance = min_relevance
        self._states: SharedFresh[CollectionState] = SharedFresh()
        self._vectors: Shared[Probe] = Shared()
        self._latest_space: EmbeddingSpace | None = None

    async def state(self, collection: str) -> CollectionState:
        """Look a collection up: a crowd shares one look, but none from before its question."""
        state = await self._states.run(collection, lambda: self._index.state(collection))
        self._latest_space = state.space
        return state

    async def preparing(self, state: CollectionState) -> tuple[int, int] | None:
        """Return how many pictures the next encoder has, and of how many; None: there is none."""
        return await self._index.preparing(state)

    def anticipate(self, text: str) -> None:
        """Have a question encoded while its collection is still being looked up.

        By the text tower that was the live one a moment ago; should it be another one now, the
        vector is of no use and does no harm.
        """
        if self._latest_space is not None:
            self._vectors.begin(*self._encoding(self._latest_space, text))

    async def page(
        self,
        state: CollectionState,
        question: Question,
        sees: frozenset[str] | None,
        *,
        offset: int,
        limit: int,
    ) -> Page:
        """Return ``limit`` pictures from ``offset`` on; errors are CoreErrors."""
        if state.image_count == 0:
            return Page(question, state, offset, (), 0, "")
        among = Selection(question.filters, await self._relevant(state, sees))
        # Before the search, which goes another way where there are few.
        total = await self._total(state, question, among)
        answer = _Answer(state, question, among, sees, total, {})
        matches = await self._stretch(answer, offset=offset, limit=limit)
        if self._is_cut(question, matches):
            return await self._fitting(answer, offset=offset, limit=limit)
        token = await self._cache.save_paging(str(question)) if matches else ""
        nothing_fits = not offset and not any(
            _fits(self._min_relevance, one) for one in matches[:1]
        )
        return Page(
            question,
            state,
            offset,
            tuple(matches),
            total,
            token,
            nothing_fits=bool(matches) and nothing_fits,
        )

    async def _fitting(self, answer: _Answer, *, offset: int, limit: int) -> Page:
        """Return those of a page that fit, and count all that do, up to a bound.

        Beyond the bound, what a page says of the number is what has been seen by then.
        """
        question = answer.question
        bound = max(FITS_COUNTED, offset + limit)
        begin = 0 if offset < FITS_COUNTED else offset
        # One more, to know whether there are more.
        wanted = bound + 1 - begin
        best = await self._stretch(answer, offset=0, limit=1)
        end = least(best[0].relevance if best else None, self._min_relevance)
        fits = await self._stretch(answer, offset=begin, limit=wanted, fits=partial(_fits, end))
        matches = tuple(fits[offset - begin :][:limit])
        number = begin + len(fits)
        token = rest = ""
        if matches:
            token = await self._cache.save_paging(str(question))
        if number <= offset + limit and number < answer.total:
            rest = await self._cache.save_paging(str(replace(question, everything=True)))
        return Page(
            question,
            answer.state,
            offset,
            matches,
            min(number, bound),
            token,
            is_cut=True,
            has_more=number > bound,
            rest=rest,
        )

    def _is_cut(self, question: Question, matches: Sequence[Match]) -> bool:
        """Tell whether it is known of these pictures how well they fit, and wanted."""
        is_judged = bool(matches) and matches[0].relevance is not None
        return is_judged and not question.everything and self._min_relevance > 0

    async def vector_query(self, state: CollectionState, content: bytes) -> VectorQuery:
        """Encode a picture somebody sent into a query for pictures like it."""
        space = _live(state)
        return VectorQuery(space.id, await self._encoder.encode_image(content, space))

    async def resume(self, token: str) -> Question:
        """Return the question behind a button; raises PageExpiredError."""
        written = await self._cache.load_paging(token)
        if written is None:
            raise PageExpiredError
        return parse_question(written)

    async def refine(self, state: CollectionState, question: Question, words: str) -> Question:
        """Return the question with more words: added to its own, or half way to its picture."""
        words = normalise(words)
        filters = replace(question.filters, hidden=())
        if isinstance(question.query, NewestQuery):
            return Question(TextQuery(words), filters, count=question.count)
        if isinstance(question.query, TextQuery):
            longer = TextQuery(normalise(f"{question.query.text} {words}"))
            return Question(longer, filters, count=question.count)
        space = _live(state)
        picture: Vector | None
        if isinstance(question.query, ImageQuery):
            picture = await self._index.vector(state, question.query.image_id)
            if picture is None:
                raise PageExpiredError
        else:
            picture = (await self._probe(space, question.query)).vector
        mixed = between(picture, (await self._probe(space, TextQuery(words))).vector)
        said = f"{question.words} {words}".strip()
        return Question(VectorQuery(space.id, mixed), filters, said, question.count)

    async def _relevant(
        self, state: CollectionState, sees: frozenset[str] | None
    ) -> frozenset[str] | None:
        """Return the channels that matter, so that people who see the same share an answer."""
        if sees is None:
            return None
        sources = await self._index.sources(state)
        return None if sources <= sees else sources & sees

    async def _total(self, state: CollectionState, question: Question, among: Selection) -> int:
        if among.is_everything:
            return state.image_count - isinstance(question.query, ImageQuery)
        itself = f"{question.query}" if isinstance(question.query, ImageQuery) else ""
        key = digest(f"count:{itself}\n{_narrowed(among)}")
        cached = await self._cache.get_count(state, key)
        if cached is not None:
            return cached
        if isinstance(question.query, ImageQuery):
            hidden = (*among.filters.hidden, question.query.image_id)
            among = replace(among, filters=replace(among.filters, hidden=hidden))
        count = await self._index.count(state, among)
        await self._cache.put_count(state, key, count)
        return count

    async def _stretch(
        self,
        answer: _Answer,
        *,
        offset: int,
        limit: int,
        fits: Callable[[Match], bool] = lambda _: True,
    ) -> list[Match]:
        """Return pictures from ``offset`` on, up to the first that does not fit."""
        if offset >= answer.state.image_count:
            return []
        found: list[Match] = []
        number, skip = divmod(offset, BLOCK_SIZE)
        while len(found) < limit + skip:
            matches = list(takewhile(fits, await self._block(answer, number)))
            found.extend(matches)
            if len(matches) < BLOCK_SIZE:
                break
            number += 1
        return found[skip : skip + limit]

    async def _block(self, answer: _Answer, number: int) -> Sequence[Match]:
        if number not in answer.blocks:
            key = digest(f"{number}:{_key(answer)}")
            cached = await self._cache.get_page(answer.state, key)
            if cached is None:
                cached = await self._new_block(answer, number, key)
            answer.blocks[number] = cached
        return answer.blocks[number]

    async def _new_block(self, answer: _Answer, number: int, key: str) -> Sequence[Match]:
        state = answer.state
        shown: list[int] = []
        offset: int | None = None
        if isinstance(answer.question.query, NewestQuery):
            offset = number * BLOCK_SIZE
        else:
            for before in range(min(number, CHAINED_BLOCKS)):
                matches = await self._block(answer, before)
                if len(matches) < BLOCK_SIZE:
                    return []
                shown += [match.image_id for match in matches]
        if number >= CHAINED_BLOCKS:
            offset = number * BLOCK_SIZE - len(shown)
        found = await self._look(answer, answer.among, shown, offset)
        if found.version == state.version:
            await self._cache.put_page(state, key, found.matches)
        elif answer.among.sees is None and answer.sees is not None:
            # A picture may be among them from a channel that had none before, which the person
            # does not see.
            strictly = replace(answer.among, sees=answer.sees)
            found = await self._look(answer, strictly, shown, offset)
        return found.matches

    async def _look(
        self, answer: _Answer, among: Selection, shown: Sequence[int], offset: int | None
    ) -> Found:
        state, query = answer.state, answer.question.query
        if isinstance(query, NewestQuery):
            return await self._index.newest(state, among, offset=offset or 0, limit=BLOCK_SIZE)
        space = _live(state)
        if isinstance(query, ImageQuery):
            found = await self._index.neighbours(
                state,
                query.image_id,
                among,
                total=answer.total,
                shown=shown,
                offset=offset,
                limit=BLOCK_SIZE,
            )
            return _judged(found, space.similar)
        probe = await self._probe(space, query)
        found = await self._index.search(
            state,
            probe.vector,
            among,
            total=answer.total,
            shown=shown,
            offset=offset,
            limit=BLOCK_SIZE,
        )
        return _judged(found, probe.curve)

    async def _probe(self, space: EmbeddingSpace, query: TextQuery | VectorQuery) -> Probe:
        if isinstance(query, VectorQuery):
            if query.space_id != space.id:
                raise PageExpiredError
            return Probe(query.vector, space.similar)
        probe = await self._vectors.run(*self._encoding(space, query.text))
        return Probe(probe.vector, probe.curve or space.questions)

    def _encoding(
        self, space: EmbeddingSpace, text: str
    ) -> tuple[Hashable, Callable[[], Awaitable[Probe]]]:
        return (space.text_revision, text), lambda: self._text_vector(space, text)

    async def _text_vector(self, space: EmbeddingSpace, text: str) -> Probe:
        encoding: asyncio.Future[Probe] | None = None
        if self._encoder.is_idle:
            # Encoded while it is looked up: most questions are new, and nobody else waits.
            encoding = asyncio.ensure_future(self._encoder.encode_text(text, space))
        try:
            known = await self._cache.get_vector(space, text)
            if known is not None:
                return known
            probe = await (encoding or self._encoder.encode_text(text, space))
        finally:
            if encoding is not None:
                _drop(encoding)
        await self._cache.put_vector(space, text, probe)
        return probe


def _fits(end: float, match: Match) -> bool:
    return match.relevance is None or match.relevance >= end


def _judged(found: Found, curve: Curve | None) -> Found:
    """Return pictures found with their relevance."""
    if curve is None:
        return found
    matches = [replace(match, relevance=curve.relevance(match.score)) for match in found.matches]
    return Found(matches, found.version)


def _drop(work: asyncio.Future[Probe]) -> None:
    """End what nobody waits for any more; does nothing to what is done."""
    if not work.cancel() and not work.cancelled():
        work.exception()  # retrieved


def _key(answer: _Answer) -> str:
    """Write down all that the pictures found depend on besides the collection's version.

    Their relevance depends on the curve, which a question's text tower gives or else the space has.
    Where the answer ends does not matter: what is kept is the ranking, and it is cut when read.
    """
    query, space = answer.question.query, answer.state.space
    curve = space and (space.questions if isinstance(query, TextQuery) else space.similar)
    judged = f"\n{curve.slope} {curve.offset}" if curve else ""
    return f"{query}\n{_narrowed(answer.among)}{judged}"


def _narrowed(among: Selection) -> str:
    seen = "*" if among.sees is None else ",".join(sorted(among.sees))
    filters = among.filters
    return f"{filters.tag}\n{filters.uploader_id}\n{filters.hidden}\n{seen}"


def _live(state: CollectionState) -> EmbeddingSpace:
    if state.space is None:
        raise WarmingUpError
    return state.space
