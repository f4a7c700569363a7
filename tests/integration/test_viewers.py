"""Who gets which pictures, and how often one may ask: the whole way, workers and all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from bot.app import App, opened
from bot.core.messages import (
    Ask,
    Browse,
    Delete,
    Filters,
    FindSimilar,
    More,
    MoreLikeThis,
    NotThis,
    Person,
    Refine,
    Request,
    Tone,
)
from bot.core.policy import Policy
from db.blobs import original
from tests import pictures
from tests.conversing import ADMIN, MEMBER, add, captions, post, say
from tests.stack import Stack

RED, GREEN, BLUE = (
    pictures.jpeg(colour=colour) for colour in ((250, 0, 0), (0, 250, 0), (0, 0, 250))
)
LOBBY, SECRET = "1", "12"


@pytest.fixture
async def strict(stack: Stack) -> AsyncIterator[App]:
    """A bot that lets three questions a minute through."""
    changes = {"limit_per_person": "3/minute", "limit_per_collection": "5/minute"}
    settings = stack.settings.model_copy(update=changes)
    async with opened(App(settings, stack.urls)) as connected:
        yield connected


async def _seen(app: App, collection: str, sees: str | None, question: str = "red") -> set[str]:
    channels = None if sees is None else sees.split()
    reply = await say(app, collection, Ask(question), sees=channels, person=MEMBER)
    found = captions(reply)
    assert reply.span is None or reply.span.total == len(found) == len(set(found))
    return set(found)


async def test_the_same_question_is_answered_to_each_with_what_they_may_see(
    app: App, collection: str
) -> None:
    await post(app, collection, LOBBY, "10", RED)
    await post(app, collection, SECRET, "20", GREEN)
    await add(app, collection, BLUE, caption="for all")
    lobby, secret = {"1/10", "for all"}, {"12/20", "for all"}
    for question in ("a red viewer", "a green viewer"):
        for _ in range(2):  # the second time from the cache
            assert await _seen(app, collection, LOBBY, question) == lobby
            assert await _seen(app, collection, SECRET, question) == secret
            assert await _seen(app, collection, "", question) == {"for all"}
            assert await _seen(app, collection, "1 12 7", question) == lobby | secret
            assert await _seen(app, collection, None, question) == lobby | secret
    assert app.client.stats.questions == 2


async def test_whoever_asks_first_the_cache_gives_nothing_away(app: App, collection: str) -> None:
    await post(app, collection, LOBBY, "10", RED)
    assert await _seen(app, collection, LOBBY) == await _seen(app, collection, None) == {"1/10"}
    # A moment ago everybody in the lobby saw everything there was.
    await post(app, collection, SECRET, "20", GREEN)
    assert await _seen(app, collection, LOBBY) == {"1/10"}
    assert await _seen(app, collection, None) == {"1/10", "12/20"}
    assert await _seen(app, collection, "1 12") == {"1/10", "12/20"}
    assert await _seen(app, collection, LOBBY) == {"1/10"}


async def test_the_very_next_question_knows_of_deleted_and_repeated_messages(
    app: App, collection: str
) -> None:
    unique = pictures.jpeg(colour=(251, 3, 7))  # no other collection has its bytes
    await post(app, collection, LOBBY, "10", unique)
    await post(app, collection, LOBBY, "11", GREEN)
    assert await _seen(app, collection, LOBBY) == {"1/10", "1/11"}
    assert await _seen(app, collection, SECRET) == set()
    # Posted there too, it keeps its first caption.
    await post(app, collection, SECRET, "20", unique)
    assert await _seen(app, collection, SECRET) == {"1/10"}
    assert await app.communities.messages_deleted(collection, LOBBY, ["10", "11"]) == 1
    assert await _seen(app, collection, LOBBY) == set()
    assert await _seen(app, collection, SECRET) == {"1/10"}
    (hit,) = (await say(app, collection, Browse(), sees=[SECRET])).hits
    assert (hit.source_channel, hit.source_message) == (SECRET, "20")
    assert await app.communities.messages_deleted(collection, SECRET, ["20"]) == 1
    assert await _seen(app, collection, None) == set()
    assert await app.blobs.get(original(hit.sha256)) is None


async def test_no_way_leads_to_a_picture_one_may_not_see(app: App, collection: str) -> None:
    await post(app, collection, LOBBY, "10", RED)
    await post(app, collection, SECRET, "20", GREEN)
    all_of_them = await say(app, collection, Ask("green"))
    assert all_of_them.span is not None
    (hidden,) = [hit.image_id for hit in all_of_them.hits if hit.caption == "12/20"]
    (shown,) = [hit.image_id for hit in all_of_them.hits if hit.caption != "12/20"]
    token = all_of_them.span.token
    shows_it: list[Request] = [
        *(Ask("green"), Browse(), FindSimilar(GREEN), More(token, 0), Refine(token, "at night")),
        *(Ask("green", Filters(uploader_id=ADMIN.id)), NotThis(token, 0, 10**9)),
    ]
    shows_nothing: list[Request] = [
        *(MoreLikeThis(shown), NotThis(token, 0, shown), Browse(Filters(tag="x"))),
    ]
    says_gone: list[Request] = [MoreLikeThis(hidden), Delete(hidden)]
    for request in shows_it:
        reply = await say(app, collection, request, person=MEMBER, sees=[LOBBY])
        assert [hit.image_id for hit in reply.hits] == [shown], request
    for request in shows_nothing:
        assert (await say(app, collection, request, person=MEMBER, sees=[LOBBY])).hits == ()
    for request in says_gone:
        reply = await say(app, collection, request, person=ADMIN, sees=[LOBBY])
        assert (reply.tone, reply.code) == (Tone.ERROR, "image_gone")


async def test_an_answer_is_gone_on_from(app: App, collection: str) -> None:
    await add(app, collection, RED, caption="red")
    await add(app, collection, GREEN, caption="green")
    await add(app, collection, BLUE, caption="blue")
    first = await say(app, collection, FindSimilar(RED))
    assert captions(first)[0] == "red"
    assert first.text.endswith("1 to 3 of 3 pictures")
    assert first.span is not None
    red = first.hits[0].image_id
    without = await say(app, collection, NotThis(first.span.token, 0, red))
    assert captions(without) == captions(first)[1:]
    # Half way to the words the picture is still in it, but not as near.
    refined = await say(app, collection, Refine(first.span.token, "a green meadow"))
    assert set(captions(refined)) == {"red", "green", "blue"}
    assert max(hit.score for hit in refined.hits) < first.hits[0].score
    assert captions(await say(app, collection, Browse())) == ["blue", "green", "red"]
    narrowed = await say(app, collection, Browse(Filters(uploader_id=ADMIN.id)), page_size=2)
    assert (captions(narrowed), len(narrowed.choices)) == (["blue", "green"], 1)


async def test_questions_asked_in_public_are_suggested_to_the_others(
    app: App, collection: str
) -> None:
    await add(app, collection, RED)
    await say(app, collection, Ask("a black cat"), is_public=True)
    await say(app, collection, Ask("a black secret"))
    assert await app.conversation.suggest(collection, MEMBER.id, "BLA") == ["a black cat"]
    both = ["a black secret", "a black cat"]
    assert await app.conversation.suggest(collection, ADMIN.id, "bla") == both
    await app.communities.forget(ADMIN, with_uploads=False)
    assert await app.conversation.suggest(collection, MEMBER.id, "") == []


async def test_a_flood_is_answered_and_sent_to_nobody(
    strict: App, new_collection: Callable[[], str]
) -> None:
    collection = new_collection()
    await add(strict, collection, RED)
    flood, other = Person(f"flood:{collection}", "Flo"), Person(f"other:{collection}", "Otto")

    async def ask(person: Person, text: str, *, from_anybody: bool = True) -> str:
        request = Ask(text)
        reply = await say(strict, collection, request, person=person, from_anybody=from_anybody)
        assert bool(reply.hits) == (not reply.code)
        return reply.code

    assert [await ask(flood, f"question {n}") for n in range(3)] == [""] * 3
    asked = strict.client.stats.questions
    codes = await asyncio.gather(*(ask(flood, f"more {n}") for n in range(30)))
    assert set(codes) == {"too_many_questions"}
    reply = await say(strict, collection, Ask("x"), person=flood, from_anybody=True)
    assert (reply.tone, reply.retryable) == (Tone.ERROR, True)
    assert reply.text.startswith("That was a lot at once. Please ask me again in ")
    assert strict.client.stats.questions == asked == 3
    # The others are answered, until the whole place has asked enough.
    assert [await ask(other, f"other {n}") for n in range(3)] == ["", "", "too_many_questions"]
    # Where not anybody can ask, nobody is counted.
    assert await ask(flood, "at home", from_anybody=False) == ""


async def test_settings_hold_from_the_very_next_question(app: App, collection: str) -> None:
    await add(app, collection, RED, GREEN)
    assert len((await say(app, collection, Ask("x"), person=MEMBER)).hits) == 2
    policy = Policy(search_groups=frozenset({"role:1"}), page_size=1)
    await app.communities.change_policy(collection, ADMIN, policy)
    assert (await say(app, collection, Ask("x"), person=MEMBER)).code == "search_not_allowed"
    granted = Person(MEMBER.id, MEMBER.name, groups=frozenset({"role:1"}))
    assert len((await say(app, collection, Ask("x"), person=granted)).hits) == 1
