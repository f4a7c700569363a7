"""Questions: typed, tidied up, written down and read back."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.errors import PageExpiredError, QuestionEmptyError, QuestionTooLongError
from bot.core.messages import Filters
from bot.core.questions import (
    MAX_HIDDEN,
    MAX_QUESTION_CHARACTERS,
    ImageQuery,
    NewestQuery,
    Query,
    Question,
    TextQuery,
    VectorQuery,
    digest,
    normalise,
    parse_query,
    parse_question,
)

SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
TEXTS = st.text(st.characters(), max_size=1500) | st.text(
    st.sampled_from(
        "aé e\u0301\u200b\u200c\u200d\u202e\u2066\ufeff\ufe0f\u0000\n\t\u3000🐈⬛ي\U000e0067"
    ),
    max_size=40,
)


def _tidy(text: str) -> str | None:
    try:
        return normalise(text)
    except (QuestionEmptyError, QuestionTooLongError):
        return None


@given(TEXTS)
@example("\u200d \u200d")
@example("a" + "\u0301" * 1200)
@example("\u0958" * 600)  # grows in NFC
def test_a_question_is_tidy_and_tidying_it_again_changes_nothing(text: str) -> None:
    question = _tidy(text)
    if question is None:
        return
    assert normalise(question) == question
    assert 0 < len(question) <= MAX_QUESTION_CHARACTERS
    assert unicodedata.is_normalized("NFC", question)
    assert question == " ".join(question.split())
    for character in question:
        assert unicodedata.category(character) not in {"Cc", "Cs", "Co"}
        assert unicodedata.bidirectional(character) not in {
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        }
    question.encode("utf-8")


@pytest.mark.parametrize(
    "question",
    [
        "Schwarze Katze",
        "🐈‍⬛",
        "👩‍👩‍👧‍👦 at the beach",
        "❤️",
        SCOTLAND,
        "می‌خواهم",
        "قطة سوداء",
        "क्‍ष",
        "İstanbul",
        "؟",
        "🫨🪿🫩",  # younger than some Pythons
        "C:\\cat <b>%s</b> {0} '; --",
    ],
)
def test_what_a_person_means_is_kept(question: str) -> None:
    assert normalise(question) == question


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("  black \n\n cat\t", "black cat"),
        ("black\u3000\u2003cat", "black cat"),
        ("e\u0301t\u00e9", "été"),
        ("bl\u00adack\u200b cat\ufeff", "black cat"),
        ("\u202etac kcalb\u202c", "tac kcalb"),
        ("cat\x00\x1b[31m", "cat[31m"),
        ("cat\ud83d", "cat"),
        ("a \u200b b", "a b"),
        ("cat\ue000\ufdd0\uffff\U0010ffff", "cat"),
    ],
)
def test_what_nobody_sees_is_removed(typed: str, question: str) -> None:
    assert normalise(typed) == question


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " \n\t\u3000",
        "\u200b",
        "\x00",
        "\u200d",
        "\u200d \u200c",
        "\ufe0f",
        SCOTLAND[1:],
        "\ud800",
    ],
)
def test_a_question_of_which_nothing_is_to_be_seen_is_empty(typed: str) -> None:
    with pytest.raises(QuestionEmptyError):
        normalise(typed)


def test_the_length_counts_after_tidying() -> None:
    assert normalise("a" * MAX_QUESTION_CHARACTERS + " " * 500 + "\u200b" * 500)
    with pytest.raises(QuestionTooLongError) as caught:
        normalise("a" * (MAX_QUESTION_CHARACTERS + 1))
    assert caught.value.params == {
        "limit": MAX_QUESTION_CHARACTERS,
        "length": MAX_QUESTION_CHARACTERS + 1,
    }


QUERIES: st.SearchStrategy[Query] = st.one_of(
    TEXTS.map(_tidy).filter(lambda text: text is not None).map(lambda text: TextQuery(text or "")),
    st.integers(1, 2**63 - 1).map(ImageQuery),
    st.builds(VectorQuery, st.integers(1, 2**15 - 1), st.binary(max_size=1024)),
    st.just(NewestQuery()),
)


@given(QUERIES)
def test_a_query_is_read_back_as_it_was_written(query: Query) -> None:
    assert parse_query(str(query)) == query


@given(QUERIES, QUERIES)
@example(TextQuery("i:1"), ImageQuery(1))
def test_different_queries_are_written_differently(one: Query, other: Query) -> None:
    assert (str(one) == str(other)) == (one == other)
    assert (digest(str(one)) == digest(str(other))) == (one == other)


@given(st.text())
def test_a_digest_fits_behind_a_button(text: str) -> None:
    assert len(digest(text)) == 22
    assert set(digest(text)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


@given(st.text() | st.text().map("i:".__add__) | st.text().map("v:1:".__add__))
def test_anything_else_is_an_expired_page_or_a_query(written: str) -> None:
    try:
        query = parse_query(written)
    except PageExpiredError:
        return
    assert parse_query(str(query)) == query


@pytest.mark.parametrize(
    "written",
    [
        "",
        "t",
        "t:",
        "i:",
        "i:x",
        "i:1.5",
        "i:" + "9" * 5000,
        "v:",
        "v:1",
        "v:x:00",
        "v:1:é",
        "x:1",
        "\ud800",
    ],
)
def test_rubbish_is_an_expired_page(written: str) -> None:
    with pytest.raises(PageExpiredError):
        parse_query(written)


# Questions about some of the pictures

WORDS = st.text(st.characters(codec="utf-8"), max_size=30)
IDS = st.integers(1, 2**63 - 1)
QUESTIONS = st.builds(
    Question,
    QUERIES,
    st.builds(Filters, WORDS, WORDS, st.lists(IDS, max_size=5).map(tuple)),
    WORDS,
    st.integers(0, 10),
)


@given(QUESTIONS)
@example(Question(TextQuery('{"query":"t:x"}')))
@example(Question(TextQuery("x"), Filters(tag='"},{')))
def test_a_question_is_read_back_as_it_was_written(question: Question) -> None:
    written = str(question)
    assert parse_question(written) == question
    written.encode("utf-8")


@given(QUERIES)
def test_a_question_about_all_pictures_is_written_as_before(query: Query) -> None:
    # Buttons of an older version go on working.
    assert str(Question(query)) == str(query)
    assert parse_question(str(query)) == Question(query)


@given(QUESTIONS, QUESTIONS)
def test_different_questions_have_different_tokens(one: Question, other: Question) -> None:
    assert (digest(str(one)) == digest(str(other))) == (one == other)


@pytest.mark.parametrize(
    "written",
    [
        *("{", "{}", "[]", '{"query":7}', '{"query":""}', '{"query":"x:1"}', '{"tag":"x"}'),
        '{"query":"t:x","hidden":7}',
        '{"query":"i:' + "9" * 5000 + '"}',
    ],
)
def test_a_rubbish_question_is_an_expired_page(written: str) -> None:
    with pytest.raises(PageExpiredError):
        parse_question(written)


@given(QUESTIONS, st.lists(st.integers(1, 9), max_size=30))
def test_what_is_hidden_last_is_hidden_once_and_last(question: Question, ids: list[int]) -> None:
    for image_id in ids:
        before = question
        question = question.without(image_id)
        assert question.filters.hidden[-1] == image_id
        assert question.filters.hidden.count(image_id) == 1
        assert set(question.filters.hidden) == {*before.filters.hidden, image_id}
        assert question.without(image_id) == question
        # Nothing else of it changes.
        assert (question.query, question.words, question.count) == (
            *(before.query, before.words, before.count),
        )
        assert question.filters.tag == before.filters.tag
        assert question.filters.uploader_id == before.filters.uploader_id


def test_beyond_the_most_that_can_be_hidden_the_first_comes_back() -> None:
    question = Question(TextQuery("cat"))
    for image_id in range(1, MAX_HIDDEN + 1):
        question = question.without(image_id)
    assert question.filters.hidden == tuple(range(1, MAX_HIDDEN + 1))
    question = question.without(MAX_HIDDEN + 1)
    assert question.filters.hidden == tuple(range(2, MAX_HIDDEN + 2))
