"""Going on from an answer: other words, and not this one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.messages import (
    Ask,
    Browse,
    Filters,
    FindSimilar,
    More,
    MoreLikeThis,
    NotThis,
    Refine,
    Reply,
    Request,
)
from bot.core.questions import (
    MAX_HIDDEN,
    MAX_QUESTION_CHARACTERS,
    NewestQuery,
    Question,
    TextQuery,
    VectorQuery,
    parse_question,
)
from bot.core.vectors import between
from tests.unit.core.memory import MemoryBot, image_ids
from tests.unit.core.memory_pictures import SPACE, vector

SENT = vector(0.6, 0.8)


@pytest.fixture
def bot() -> MemoryBot:
    return MemoryBot()


def _question(bot: MemoryBot, reply: Reply) -> Question:
    """Return the question behind the buttons of an answer."""
    assert reply.span is not None, reply
    return parse_question(bot.cache.paging[reply.span.token])


def _token(reply: Reply) -> str:
    assert reply.span is not None, reply
    return reply.span.token


# Refine


async def test_words_are_added_to_the_question_and_its_filters_stay(bot: MemoryBot) -> None:
    for _ in range(30):
        bot.pictures.put(tags=("tag",))
    first = await bot.say(Ask("red  car", Filters("tag", "u"), count=3))
    without = await bot.say(NotThis(_token(first), 0, 1))
    refined = await bot.say(Refine(_token(without), " but\nat night "))
    assert _question(bot, refined) == Question(
        TextQuery("red car but at night"), Filters("tag", "u"), count=3
    )
    # What was left out of the other answer may be right for this one.
    assert image_ids(refined) == [1, 2, 3]
    assert refined.text == "Pictures for “red car but at night” · 1 to 3 of 30 pictures"


async def test_the_newest_become_a_question_in_words(bot: MemoryBot) -> None:
    bot.pictures.put(tags=("tag",))
    newest = await bot.say(Browse(Filters("tag")))
    assert _question(bot, newest).query == NewestQuery()
    refined = await bot.say(Refine(_token(newest), "cat"))
    assert _question(bot, refined) == Question(TextQuery("cat"), Filters("tag"))


async def test_a_picture_and_words_meet_half_way(bot: MemoryBot) -> None:
    bot.pictures.put(caption="Cleo")
    bot.pictures.put()
    bot.encoder.vectors["at night"] = vector(1, 0)
    sent = await bot.say(FindSimilar(SENT))
    refined = await bot.say(Refine(_token(sent), "at night"))
    middle = between(SENT, vector(1, 0))
    assert _question(bot, refined) == Question(VectorQuery(SPACE.id, middle), words="at night")
    assert bot.pictures.searched[-1] == middle
    assert refined.text == "Pictures like “at night” · 1 to 2 of 2 pictures"

    like = await bot.say(MoreLikeThis(1))
    refined = await bot.say(Refine(_token(like), "at night"))
    middle = between(vector(0, 1), vector(1, 0))  # in memory, all pictures are at (0, 1)
    assert _question(bot, refined) == Question(VectorQuery(SPACE.id, middle), words="Cleo at night")
    # And once more, from where one is.
    again = await bot.say(Refine(_token(refined), "in snow"))
    assert _question(bot, again).words == "Cleo at night in snow"


async def test_what_cannot_be_refined_is_said_kindly(bot: MemoryBot) -> None:
    bot.pictures.put()
    bot.pictures.put()
    first = await bot.say(Ask("cat"))
    assert (await bot.say(Refine("unknown", "dog"))).code == "page_expired"
    assert (await bot.say(Refine(_token(first), " \u200b"))).code == "question_empty"
    long = "x" * (MAX_QUESTION_CHARACTERS - len("cat "))
    assert (await bot.say(Refine(_token(first), long))).hits
    assert (await bot.say(Refine(_token(first), long + "x"))).code == "question_too_long"
    like = await bot.say(MoreLikeThis(2))
    bot.pictures.collections["c"].pop(2)
    assert (await bot.say(Refine(_token(like), "dog"))).code == "page_expired"


async def test_a_refined_question_is_another_one_for_every_viewer(bot: MemoryBot) -> None:
    bot.pictures.put("secret")
    lobby = bot.pictures.put("lobby")
    first = await bot.say(Ask("cat"), sees=["lobby", "secret"])
    assert len(first.hits) == 2
    for request in (More(_token(first), 0), Refine(_token(first), "dog")):
        assert image_ids(await bot.say(request, sees=["lobby"])) == [lobby]


# NotThis

ASKED: list[Request] = [Ask("cat"), Browse(), FindSimilar(SENT), MoreLikeThis(1)]


@given(
    st.sampled_from(ASKED),
    st.lists(st.integers(1, 25), max_size=8),
    st.integers(1, 7),
    st.lists(st.integers(0, 25), max_size=4),
)
async def test_what_was_left_out_never_comes_back(
    asked: Request, ids: list[int], page_size: int, offsets: list[int]
) -> None:
    bot = MemoryBot()
    for _ in range(25):
        bot.pictures.put()
    reply = await bot.say(asked, page_size=page_size)
    expected = image_ids(await bot.say(asked, page_size=30))
    token = _token(reply)
    for image_id in ids:
        reply = await bot.say(NotThis(token, 0, image_id), page_size=page_size)
        token = _token(reply)
        expected = [n for n in expected if n != image_id]
        assert image_ids(reply) == expected[:page_size]
        assert reply.span is not None
        assert reply.span.total == len(expected)
    for offset in offsets:
        reply = await bot.say(More(token, offset), page_size=page_size)
        assert image_ids(reply) == expected[offset : offset + page_size]


async def test_the_page_stays_where_it_was(bot: MemoryBot) -> None:
    for _ in range(25):
        bot.pictures.put()
    first = await bot.say(Ask("cat"))
    second = await bot.say(NotThis(_token(first), 10, 12))
    assert image_ids(second) == [11, *range(13, 22)]
    assert second.text.endswith("11 to 20 of 24 pictures")


async def test_far_more_can_be_left_out_than_anybody_will(bot: MemoryBot) -> None:
    count = MAX_HIDDEN + 5
    for _ in range(count):
        bot.pictures.put()
    reply = await bot.say(Ask("cat"), page_size=1)
    for expected in range(2, MAX_HIDDEN + 2):
        reply = await bot.say(NotThis(_token(reply), 0, expected - 1), page_size=1)
        assert image_ids(reply) == [expected]
    # One more, and the first one is forgotten.
    reply = await bot.say(NotThis(_token(reply), 0, MAX_HIDDEN + 1), page_size=1)
    assert image_ids(reply) == [1]


async def test_the_words_are_encoded_once_for_all_that_is_left_out(bot: MemoryBot) -> None:
    for _ in range(5):
        bot.pictures.put()
    reply = await bot.say(Ask("cat"))
    for image_id in (1, 2, 3):
        reply = await bot.say(NotThis(_token(reply), 0, image_id))
    assert bot.encoder.calls == 1
