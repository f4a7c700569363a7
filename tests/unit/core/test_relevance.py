"""An answer is what fits: where it ends, what it says, and what comes behind its end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.messages import Ask, Browse, FindSimilar, More, MoreLikeThis, NotThis, Refine, Reply
from bot.core.questions import NewestQuery, Question, TextQuery, parse_question
from bot.core.relevance import FITS_COUNTED, MIN_RELEVANCE, Curve, curve_of, least
from bot.core.search import BLOCK_SIZE, Page, Search
from tests.unit.core.memory import MEMBER, CountingEncoder, MemoryBot, MemoryCache, image_ids
from tests.unit.core.memory_pictures import COLLECTION, SPACE, MemoryPictures

CURVE = Curve(20, -10)
"""One half at a cosine of 0.5."""
CAT = Question(TextQuery("cat"))
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def _pictures(fitting: int, others: int) -> MemoryPictures:
    """Return pictures of which the first so many fit."""
    pictures = MemoryPictures(fitting + others)
    for n in range(1, fitting + others + 1):
        pictures.scores[n] = 0.6 - n / 1e5 if n <= fitting else 0.3 - n / 1e5
    return pictures


def _bot(fitting: int, others: int) -> MemoryBot:
    encoder = CountingEncoder()
    encoder.curve = CURVE
    return MemoryBot(_pictures(fitting, others), encoder)


async def _page(search: Search, question: Question, offset: int, limit: int) -> Page:
    return await search.page(
        await search.state(COLLECTION), question, None, offset=offset, limit=limit
    )


def _ids(page: Page) -> list[int]:
    return [match.image_id for match in page.matches]


# The curve


@given(st.floats(0, 1e9), FINITE, st.floats(-1, 1), st.floats(-1, 1))
@example(1e9, -1e308, -1.0, 1.0)
def test_relevance_never_falls_as_the_cosine_rises(
    slope: float, offset: float, one: float, other: float
) -> None:
    curve = Curve(slope, offset)
    lower, higher = (curve.relevance(cosine) for cosine in sorted((one, other)))
    assert 0 <= lower <= higher <= 1


@pytest.mark.parametrize(
    "numbers",
    [None, (), (1.0,), (1.0, 2.0, 3.0), (float("nan"), 1.0), (1.0, float("inf")), (-1.0, 0.0)],
)
def test_what_is_no_curve_is_none(numbers: tuple[float, ...] | None) -> None:
    assert curve_of(numbers) is None


# Where an answer ends


@given(
    st.integers(0, FITS_COUNTED + BLOCK_SIZE),
    st.integers(0, 2 * BLOCK_SIZE),
    st.lists(st.tuples(st.integers(0, 5 * BLOCK_SIZE), st.integers(1, 40)), min_size=1, max_size=4),
    st.booleans(),
)
@example(FITS_COUNTED, 5, [(0, 10), (90, 10), (100, 10)], False)
@example(FITS_COUNTED + 1, 0, [(0, 10), (95, 10)], False)
@example(BLOCK_SIZE, BLOCK_SIZE, [(0, 30), (20, 10)], True)
async def test_a_page_is_the_stretch_of_what_fits_and_all_pages_agree(
    fitting: int, others: int, pages: list[tuple[int, int]], forgetful: bool
) -> None:
    encoder = CountingEncoder()
    encoder.curve = CURVE
    search = Search(encoder, _pictures(fitting, others), MemoryCache(forgetful=forgetful))
    fits = list(range(1, fitting + 1))
    everything = list(range(1, fitting + others + 1))
    for offset, limit in pages:
        page = await _page(search, CAT, offset, limit)
        assert _ids(page) == fits[offset : offset + limit]
        is_last = offset + limit >= fitting
        if page.matches or not offset:
            bound = max(FITS_COUNTED, offset + limit)
            assert page.total == min(fitting, bound)
            assert page.has_more == (fitting > bound)
            assert bool(page.rest) == (is_last and others > 0)
        if page.rest and page.matches:
            rest = await search.resume(page.rest)
            assert rest.everything
            behind = await _page(search, rest, page.total, limit)
            assert _ids(behind) == everything[fitting : fitting + limit]
            assert (behind.total, behind.is_cut) == (fitting + others, False)


@given(st.lists(st.floats(-1, 1), max_size=70), st.floats(0, 1))
async def test_the_end_is_where_the_threshold_is(scores: list[float], min_relevance: float) -> None:
    encoder = CountingEncoder()
    encoder.curve = CURVE
    pictures = MemoryPictures(len(scores))
    pictures.scores = dict(enumerate(sorted(scores, reverse=True), 1))
    search = Search(encoder, pictures, MemoryCache(), min_relevance=min_relevance)
    page = await _page(search, CAT, 0, 100)
    odds = {n: CURVE.relevance(score) for n, score in pictures.scores.items()}
    end = least(max(odds.values(), default=None), min_relevance)
    wanted = [n for n, relevance in odds.items() if not min_relevance or relevance >= end]
    assert _ids(page) == wanted
    assert page.total == len(wanted)
    for match in page.matches:
        assert match.relevance == CURVE.relevance(match.score)


async def test_a_few_that_fit_are_found_with_one_look_and_many_with_a_few() -> None:
    for fitting, looks in ((0, 1), (3, 1), (BLOCK_SIZE - 1, 1), (1000, 4)):
        pictures = _pictures(fitting, 1000)
        encoder = CountingEncoder()
        encoder.curve = CURVE
        search = Search(encoder, pictures, MemoryCache())
        for _ in range(2):
            await _page(search, CAT, 0, 10)
        assert pictures.reads == looks
        assert encoder.calls == 1


async def test_a_jump_far_into_an_answer_is_no_walk() -> None:
    pictures = _pictures(5000, 5000)
    encoder = CountingEncoder()
    encoder.curve = CURVE
    search = Search(encoder, pictures, MemoryCache())
    page = await _page(search, CAT, 4000, 10)
    assert _ids(page) == list(range(4001, 4011))
    assert page.has_more
    beyond = await _page(search, CAT, 6000, 10)
    assert not beyond.matches


# What it means where


@pytest.mark.parametrize("min_relevance", [0, MIN_RELEVANCE])
async def test_without_a_curve_or_a_threshold_all_is_as_before(min_relevance: float) -> None:
    encoder = CountingEncoder()
    encoder.curve = CURVE if not min_relevance else None
    search = Search(encoder, _pictures(3, 20), MemoryCache(), min_relevance=min_relevance)
    page = await _page(search, CAT, 0, 10)
    assert (len(page.matches), page.total, page.rest, page.is_cut) == (10, 23, "", False)


async def test_the_curve_of_a_space_stands_in_for_that_of_a_question() -> None:
    pictures = _pictures(3, 20)
    pictures.space = replace(SPACE, questions=CURVE)
    encoder = CountingEncoder()
    search = Search(encoder, pictures, MemoryCache())
    assert (await _page(search, CAT, 0, 10)).total == 3
    # Measured anew: what is remembered of before is not mixed up with it.
    pictures.space = replace(SPACE, questions=Curve(20, -2))
    assert (await _page(search, CAT, 0, 10)).total == 23
    encoder.curve = Curve(20, -20)
    assert (await _page(search, Question(TextQuery("dog")), 0, 10)).total == 0


async def test_similar_pictures_are_cut_by_a_curve_of_their_own() -> None:
    bot = _bot(3, 20)
    assert (await bot.say(MoreLikeThis(1))).text.endswith("1 to 10 of 22 pictures")
    bot.pictures.space = replace(SPACE, similar=CURVE)
    like = await bot.say(MoreLikeThis(1))
    assert image_ids(like) == [2, 3]
    assert like.text.endswith("· 2 pictures fit")
    sent = await bot.say(FindSimilar(b"\x89PNG\r\n\x1a\n" + bytes(32)))
    assert image_ids(sent) == [1, 2, 3]
    assert sent.span is not None
    mixed = await bot.say(Refine(sent.span.token, "at night"))
    assert image_ids(mixed) == [1, 2, 3]
    everything = await bot.say(FindSimilar(b"\x89PNG\r\n\x1a\n" + bytes(32), everything=True))
    assert len(everything.hits) == 10
    assert (await bot.say(Browse())).text.endswith("1 to 10 of 23 pictures")


@given(st.builds(Question, st.just(CAT.query) | st.just(NewestQuery()), everything=st.booleans()))
def test_a_question_about_everything_comes_back_as_it_was(question: Question) -> None:
    assert parse_question(str(question)) == question


# What is said


def _labels(reply: Reply) -> list[str]:
    return [choice.label for choice in reply.choices]


async def test_an_answer_says_how_many_fit() -> None:
    assert (await _bot(1, 9).say(Ask("cat"))).text == "Pictures for “cat” · 1 picture fits"
    assert (await _bot(7, 9).say(Ask("cat"))).text == "Pictures for “cat” · 7 pictures fit"
    bot = _bot(23, 9)
    first = await bot.say(Ask("cat"))
    assert first.text == "Pictures for “cat” · 1 to 10 of 23 pictures that fit"
    assert _labels(first) == ["More"]
    assert first.span is not None
    last = await bot.say(More(first.span.token, 20))
    assert last.text == "Pictures for “cat” · 21 to 23 of 23 pictures that fit"
    assert _labels(last) == ["Show less likely ones"]
    assert last.rest is last.choices[0]
    assert [hit.relevance is not None for hit in last.hits] == [True] * 3
    many = await _bot(300, 9).say(Ask("cat"))
    assert many.text == "Pictures for “cat” · 1 to 10 of more than 100 pictures that fit"
    assert _labels(many) == ["More"]


async def test_the_many_can_be_walked_through_to_their_end() -> None:
    bot = _bot(123, 30)
    reply, seen = await bot.say(Ask("cat")), 10
    while reply.span is not None and reply.rest is None:
        (more,) = reply.choices
        assert isinstance(more.request, More)
        reply = await bot.say(more.request)
        assert image_ids(reply) == list(range(seen + 1, seen + 1 + len(reply.hits)))
        seen += len(reply.hits)
    assert seen == 123
    assert reply.text.endswith("121 to 123 of 123 pictures that fit")
    assert reply.rest is not None
    behind = await bot.say(reply.rest.request)
    assert image_ids(behind) == list(range(124, 134))
    assert [hit.rank for hit in behind.hits] == list(range(124, 134))


async def test_that_nothing_fits_is_said_and_the_closest_are_shown_on_request() -> None:
    bot = _bot(0, 23)
    nothing = await bot.say(Ask("xyzzy"))
    assert nothing.text == "Nothing here fits well. Perhaps it helps to ask in other words."
    assert (nothing.hits, nothing.span) == ((), None)
    assert _labels(nothing) == ["Show less likely ones"]
    assert nothing.rest is not None
    closest = await bot.say(nothing.rest.request)
    assert closest.text == (
        "Nothing here fits well. Closest:\nPictures for “xyzzy” · 1 to 10 of 23 pictures"
    )
    assert image_ids(closest) == list(range(1, 11))
    assert closest.span is not None
    second = await bot.say(More(closest.span.token, 10))
    assert second.text == "Pictures for “xyzzy” · 11 to 20 of 23 pictures"
    assert image_ids(await bot.say(Ask("xyzzy", everything=True))) == image_ids(closest)


async def test_a_picture_that_is_not_wanted_counts_no_more() -> None:
    bot = _bot(3, 9)
    first = await bot.say(Ask("cat"))
    assert first.span is not None
    fewer = await bot.say(NotThis(first.span.token, 0, 2))
    assert (image_ids(fewer), fewer.text) == ([1, 3], "Pictures for “cat” · 2 pictures fit")
    assert fewer.rest is not None
    behind = await bot.say(fewer.rest.request)
    assert image_ids(behind) == list(range(4, 13))


async def test_all_of_a_collection_may_fit() -> None:
    whole = await _bot(4, 0).say(Ask("cat"))
    assert (whole.text, whole.choices) == ("Pictures for “cat” · 4 pictures fit", ())


async def test_what_is_far_less_relevant_than_the_best_does_not_fit() -> None:
    """By the curve: 0.98, 0.5, 0.23 and 0.12, of which the last two would do alone."""
    strong, weak = _bot(0, 0), _bot(0, 0)
    for score in (0.7, 0.5, 0.44, 0.4):
        strong.pictures.scores[strong.pictures.put()] = score
    for score in (0.44, 0.4):
        weak.pictures.scores[weak.pictures.put()] = score
    answer = await strong.say(Ask("cat"))
    assert [hit.score for hit in answer.hits] == [0.7, 0.5]
    assert _labels(answer) == ["Show less likely ones"]
    assert [hit.score for hit in (await weak.say(Ask("cat"))).hits] == [0.44, 0.4]


@given(st.none() | st.floats(0, 1), st.floats(0, 1))
def test_an_answer_has_its_best_picture_or_none(best: float | None, min_relevance: float) -> None:
    end = least(best, min_relevance)
    assert end >= min_relevance
    assert best is None or best < min_relevance or best >= end


async def test_of_several_collections_comes_what_fits() -> None:
    bot = _bot(0, 0)
    for key, score in (("a", 0.6), ("a", 0.2), ("b", 0.7), ("b", 0.1)):
        bot.pictures.scores[bot.pictures.put(collection=key)] = score
    found = await bot.conversation.find_across(MEMBER, "en", ["a", "b"], "cat", limit=9)
    assert not isinstance(found, Reply)
    assert [hit.score for _, hit in found] == [0.7, 0.6]
