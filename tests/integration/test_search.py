"""Questions through the core, the queue, the worker and Postgres."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import LOCAL_COLLECTION, App
from bot.core.messages import Ask, FindSimilar, More, MoreLikeThis, Tone
from bot.core.ports import EVERYTHING
from tests import pictures
from tests.conversing import add, ask, captions, say

CROWD = 500


@pytest.mark.parametrize(
    "question", ["black cat", "chat noir", "黒猫", "แมวดำ", "काली बिल्ली", "paka mweusi"]
)
async def test_a_black_cat_is_found_in_six_languages(app: App, question: str) -> None:
    reply = await ask(app, LOCAL_COLLECTION, question)
    assert any("black cat" in caption for caption in captions(reply)[:3]), captions(reply)


async def test_pages_follow_each_other_without_repeating_or_skipping(app: App) -> None:
    whole = await ask(app, LOCAL_COLLECTION, "a yellow flower", page_size=50)
    seen: list[int] = []
    reply = await ask(app, LOCAL_COLLECTION, "a yellow flower", page_size=7)
    while len(seen) < 50:
        seen += [hit.image_id for hit in reply.hits]
        (choice,) = reply.choices
        assert isinstance(choice.request, More)
        reply = await say(app, LOCAL_COLLECTION, choice.request, page_size=7)
    assert seen[:50] == [hit.image_id for hit in whole.hits]
    assert len(set(seen)) == len(seen)


async def test_ranks_go_on_over_pages_and_scores_fall(app: App) -> None:
    first = await ask(app, LOCAL_COLLECTION, "fire engine")
    more = first.choices[0].request
    second = await say(app, LOCAL_COLLECTION, more)
    hits = [*first.hits, *second.hits]
    assert [hit.rank for hit in hits] == list(range(1, 21))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_the_last_page_has_no_more_and_beyond_it_is_a_kind_word(
    app: App, collection: str
) -> None:
    await add(app, collection, pictures.jpeg(colour=(200, 0, 0)), pictures.jpeg(colour=(0, 0, 200)))
    first = await ask(app, collection, "red", page_size=1)
    last = await say(app, collection, first.choices[0].request, page_size=1)
    assert len(last.hits) == 1
    assert last.choices == ()
    request = first.choices[0].request
    assert isinstance(request, More)
    beyond = await say(app, collection, More(request.token, 2))
    assert beyond.hits == ()
    assert beyond.text == "That was all there is."


async def test_more_like_this_leaves_the_picture_itself_out(app: App) -> None:
    cat = (await ask(app, LOCAL_COLLECTION, "black cat")).hits[0]
    reply = await say(app, LOCAL_COLLECTION, MoreLikeThis(cat.image_id))
    assert len(reply.hits) == 10
    assert cat.image_id not in [hit.image_id for hit in reply.hits]


async def test_a_picture_of_the_collection_finds_itself(app: App) -> None:
    cat = (await ask(app, LOCAL_COLLECTION, "black cat")).hits[0]
    from bot.core.messages import PictureKind

    picture = await app.conversation.picture(LOCAL_COLLECTION, cat.image_id, PictureKind.ORIGINAL)
    assert picture is not None
    reply = await say(app, LOCAL_COLLECTION, FindSimilar(picture.content))
    assert reply.hits[0].image_id == cat.image_id
    assert reply.hits[0].score > 0.99
    assert reply.choices


@pytest.mark.parametrize("name", sorted(pictures.BAD))
async def test_a_bad_picture_is_refused_in_words(app: App, name: str) -> None:
    content, _code = pictures.BAD[name]
    reply = await say(app, LOCAL_COLLECTION, FindSimilar(content))
    assert reply.tone is Tone.ERROR
    assert reply.code.startswith("picture_")
    assert reply.text
    assert (await ask(app, LOCAL_COLLECTION, f"still there after {name}?")).hits


async def test_an_unknown_page_is_a_kind_word(app: App) -> None:
    reply = await say(app, LOCAL_COLLECTION, More("nonsense", 10))
    assert (reply.tone, reply.code) == (Tone.ERROR, "page_expired")


@pytest.mark.parametrize("question", ["", "   \n\t", "\u200b\u202e", "\u0000"])
async def test_an_empty_question_is_a_kind_word(app: App, question: str) -> None:
    reply = await say(app, LOCAL_COLLECTION, Ask(question), language="de")
    assert (reply.tone, reply.code) == (Tone.ERROR, "question_empty")
    assert "Bild" in reply.text


@pytest.mark.parametrize(
    "question",
    [
        "🐈‍⬛",
        "😀" * 100,
        "قطة cat שחור 黒猫",
        "İstanbul",
        "a" * 1000,
        "ฟ้าผ่า",
        "؟",
        "'; DROP TABLE images;--",
    ],
)
async def test_odd_questions_are_answered(app: App, question: str) -> None:
    assert len((await ask(app, LOCAL_COLLECTION, question)).hits) == 10


async def test_a_question_of_ten_thousand_characters_is_refused_kindly(app: App) -> None:
    reply = await ask(app, LOCAL_COLLECTION, "cat " * 2500)
    assert (reply.tone, reply.code) == (Tone.ERROR, "question_too_long")
    assert "1000" in reply.text


async def test_an_empty_collection_says_so(app: App, collection: str) -> None:
    reply = await ask(app, collection, "cat")
    assert reply.hits == ()
    assert reply.text.startswith("There are no pictures here yet")


async def test_a_crowd_is_answered_as_each_would_be_alone(app: App) -> None:
    questions = [f"picture number {n} of a thing" for n in range(CROWD)]
    replies = await asyncio.gather(*(ask(app, LOCAL_COLLECTION, text) for text in questions))
    assert app.client.stats.questions == CROWD
    # How many share a task depends on the machine; that they do does not.
    assert app.client.stats.text_tasks <= CROWD / 4
    crowd = [[hit.image_id for hit in reply.hits] for reply in replies]
    space = (await app.index.state(LOCAL_COLLECTION)).space
    assert space is not None
    from bot.core.questions import TextQuery

    for n in range(0, CROWD, 25):
        # Past every cache: a vector encoded in a forward pass of its own.
        vector, _ = await app.client.encode_text(questions[n], space.text_revision)
        state = await app.index.state(LOCAL_COLLECTION)
        alone = await app.index.search(state, vector, EVERYTHING, offset=0, limit=10)
        assert [match.image_id for match in alone.matches] == crowd[n], TextQuery(questions[n])


async def test_identical_questions_in_flight_share_one_task(app: App) -> None:
    text = "the same thing asked by many at once"
    replies = await asyncio.gather(*(ask(app, LOCAL_COLLECTION, text) for _ in range(50)))
    assert len({tuple(hit.image_id for hit in reply.hits) for reply in replies}) == 1
    assert app.client.stats.questions == app.client.stats.text_tasks == 1


async def test_a_repeated_question_sends_no_task(app: App) -> None:
    first = await ask(app, LOCAL_COLLECTION, "something asked twice")
    tasks = app.client.stats.text_tasks
    assert await ask(app, LOCAL_COLLECTION, "  something   asked twice ") == first
    assert app.client.stats.text_tasks == tasks


async def test_all_replies_of_a_bot_come_over_one_connection(app: App) -> None:
    await asyncio.gather(*(ask(app, LOCAL_COLLECTION, f"one connection {n}") for n in range(100)))
    clients = await app.redis.client_list()
    blocked = [client for client in clients if client["cmd"] == "blpop"]
    own = [client for client in blocked if client["name"] == app.client.connection_name]
    assert len(own) == 1
