"""Who gets an answer, how much of it, and what is remembered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.messages import (
    Add,
    Ask,
    Browse,
    Delete,
    Filters,
    FindSimilar,
    More,
    MoreLikeThis,
    Person,
    Reply,
    Request,
    Tone,
    Upload,
)
from bot.core.policy import Policy
from tests.unit.core.memory import ADMIN, MEMBER, MemoryBot, image_ids
from tests.unit.core.memory_pictures import COLLECTION

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
QUESTIONS: list[Request] = [
    *(Ask("cat"), Browse(), MoreLikeThis(1), FindSimilar(PNG), More("unknown", 10)),
]


@pytest.fixture
def bot() -> MemoryBot:
    return MemoryBot()


def _fill(bot: MemoryBot, count: int, *channels: str, caption: str = "") -> list[int]:
    return [bot.pictures.put(*channels, caption=caption) for _ in range(count)]


# What an answer says


async def test_an_answer_says_what_was_asked_and_where_in_it_one_is(bot: MemoryBot) -> None:
    _fill(bot, 23)
    first = await bot.say(Ask("  black \n cat "))
    assert first.text == "Pictures for “black cat” · 1 to 10 of 23 pictures"
    assert first.span is not None
    assert (first.span.offset, first.span.total, first.span.page_size) == (0, 23, 10)
    assert (first.span.previous_offset, first.span.next_offset) == (None, 10)
    last = await bot.say(More(first.span.token, 20))
    assert last.text == "Pictures for “black cat” · 21 to 23 of 23 pictures"
    assert last.span is not None
    assert (last.span.previous_offset, last.span.next_offset) == (10, None)
    assert last.choices == ()
    beyond = await bot.say(More(first.span.token, 30))
    assert (beyond.text, beyond.hits, beyond.code) == ("That was all there is.", (), "")


async def test_one_picture_is_one_picture(bot: MemoryBot) -> None:
    _fill(bot, 1, caption="Cleo")
    assert (await bot.say(Browse())).text == "The newest pictures · 1 to 1 of 1 picture"
    assert (await bot.say(FindSimilar(PNG))).text.startswith("Pictures that look like this · ")
    _fill(bot, 1)
    like = await bot.say(MoreLikeThis(1))
    assert like.text == "Pictures like “Cleo” · 1 to 1 of 1 picture"


@given(st.integers(0, 40), st.integers(0, 45), st.integers(1, 12))
async def test_any_offset_of_an_answer_can_be_gone_to(
    count: int, offset: int, page_size: int
) -> None:
    bot = MemoryBot()
    ids = _fill(bot, count)
    first = await bot.say(Ask("cat"), page_size=page_size)
    if not count:
        assert first.span is None
        return
    assert first.span is not None
    reply = await bot.say(More(first.span.token, offset), page_size=page_size)
    assert image_ids(reply) == ids[offset : offset + page_size]
    assert [hit.rank for hit in reply.hits] == [*range(offset + 1, offset + 1 + len(reply.hits))]
    if reply.span is not None:
        following = offset + page_size
        assert reply.span.next_offset == (following if following < count else None)
        assert reply.span.previous_offset == (max(0, offset - page_size) if offset else None)
        assert [choice.request for choice in reply.choices] == (
            [More(first.span.token, following)] if following < count else []
        )


async def test_an_answer_without_pictures_says_why(bot: MemoryBot) -> None:
    assert (await bot.say(Ask("cat"))).text.startswith("There are no pictures here yet.")
    _fill(bot, 1, "secret")
    for nothing in (Ask("cat"), Ask("cat", Filters(tag="dog")), Browse(Filters(uploader_id="x"))):
        reply = await bot.say(nothing, sees=["lobby"])
        assert (reply.text, reply.span) == ("I found nothing that fits.", None)


async def test_tags_are_asked_for_as_they_are_stored(bot: MemoryBot) -> None:
    upload = Upload(PNG, tags=("#Katze ", "ＢＩＬＤ", "katze", " ", "#"))
    await bot.say(Add((upload,)), person=ADMIN)
    ((image_id, kept),) = bot.pictures.collections[COLLECTION].items()
    assert kept.tags == ("katze", "bild")
    for tag in ("katze", "#KATZE", " bild", "Bild"):
        assert image_ids(await bot.say(Ask("x", Filters(tag=tag)))) == [image_id]
        assert image_ids(await bot.say(Browse(Filters(tag=tag)))) == [image_id]
    # "#" alone is no tag, and "of somebody else" is nobody.
    assert image_ids(await bot.say(Ask("x", Filters(tag="#")))) == [image_id]
    assert image_ids(await bot.say(Ask("x", Filters(uploader_id="u:9")))) == []


# How many pictures are on a page


@pytest.mark.parametrize(
    ("count", "policy", "incoming", "expected"),
    [(3, 5, 7, 3), (0, 5, 7, 5), (0, 0, 7, 7), (7, 5, 3, 7)],
)
async def test_the_question_decides_first_then_the_collection_then_the_platform(
    bot: MemoryBot, count: int, policy: int, incoming: int, expected: int
) -> None:
    ids = _fill(bot, 20)
    bot.pictures.policies[COLLECTION] = Policy(page_size=policy)
    first = await bot.say(Ask("cat", count=count), page_size=incoming)
    assert image_ids(first) == ids[:expected]
    assert first.span is not None
    assert first.span.page_size == expected
    # And on the pages that follow.
    request = first.choices[0].request
    assert image_ids(await bot.say(request, page_size=incoming)) == ids[expected : 2 * expected]


# Who may ask


@pytest.mark.parametrize("request_", QUESTIONS)
async def test_only_the_groups_named_may_search(bot: MemoryBot, request_: Request) -> None:
    _fill(bot, 3)
    bot.pictures.policies[COLLECTION] = Policy(search_groups=frozenset({"role:2"}))
    refused = await bot.say(request_)
    assert (refused.tone, refused.code) == (Tone.ERROR, "search_not_allowed")
    assert (bot.encoder.calls, bot.pictures.reads, bot.history.own) == (0, 0, [])
    granted = replace(MEMBER, groups=MEMBER.groups | {"role:2"})
    for person in (granted, ADMIN):
        assert (await bot.say(request_, person=person)).code != "search_not_allowed"


async def test_only_the_groups_named_and_admins_may_add(bot: MemoryBot) -> None:
    request = Add((Upload(PNG),))
    assert (await bot.say(request)).code == "not_allowed"
    assert bot.pictures.collections[COLLECTION] == {}
    bot.pictures.policies[COLLECTION] = Policy(add_groups=MEMBER.groups)
    assert (await bot.say(request)).tone is Tone.DONE
    assert (await bot.say(request, person=replace(MEMBER, groups=frozenset()))).code
    assert (await bot.say(request, person=ADMIN)).tone is Tone.DONE


async def test_a_picture_is_deleted_by_admins_and_whoever_added_it(bot: MemoryBot) -> None:
    mine, theirs = (bot.pictures.put(uploader_id=who) for who in (MEMBER.id, "test:other"))
    for image_id, person, allowed in ((theirs, MEMBER, False), (mine, MEMBER, True)):
        hits = {hit.image_id: hit for hit in (await bot.say(Browse(), person=person)).hits}
        assert hits[image_id].can_delete == allowed
        reply = await bot.say(Delete(image_id), person=person)
        assert reply.code == ("" if allowed else "not_allowed")
    assert (await bot.say(Delete(theirs), person=ADMIN)).tone is Tone.DONE


@pytest.mark.parametrize("person", [ADMIN, MEMBER])
async def test_a_picture_one_may_not_see_is_not_there(bot: MemoryBot, person: Person) -> None:
    secret = bot.pictures.put("secret", caption="a secret", uploader_id=MEMBER.id)
    _fill(bot, 2)
    missing = [await bot.say(ask(10**9), person=person) for ask in (MoreLikeThis, Delete)]
    hidden = [
        await bot.say(ask(secret), person=person, sees=["lobby"]) for ask in (MoreLikeThis, Delete)
    ]
    # Not even a different word tells that it is there.
    assert hidden == missing
    assert [reply.code for reply in hidden] == ["image_gone"] * 2
    assert "secret" not in "".join(reply.text for reply in hidden)
    assert secret in bot.pictures.collections[COLLECTION]
    assert (await bot.say(Delete(secret), person=person, sees=["secret"])).tone is Tone.DONE


async def test_a_hit_links_to_a_message_the_person_can_see(bot: MemoryBot) -> None:
    image_id = bot.pictures.put("lobby", "secret")
    (hit,) = (await bot.say(Browse(), sees=["lobby"])).hits
    assert (hit.source_channel, hit.source_message) == ("lobby", f"{image_id}0")


# Floods


@pytest.mark.parametrize("request_", QUESTIONS)
async def test_a_flood_is_held_back_before_anybody_works(bot: MemoryBot, request_: Request) -> None:
    _fill(bot, 3)
    bot.limiter.wait_s = 6.2
    refused = await bot.say(request_, from_anybody=True)
    assert (refused.tone, refused.code, refused.retryable) == (
        *(Tone.ERROR, "too_many_questions", True),
    )
    assert "in 7 s" in refused.text
    assert (bot.encoder.calls, bot.pictures.reads, bot.history.own) == (0, 0, [])
    assert bot.limiter.asked == [(COLLECTION, MEMBER.id)]


async def test_who_cannot_be_anybody_is_not_counted(bot: MemoryBot) -> None:
    _fill(bot, 3)
    bot.limiter.wait_s = 6.2
    assert (await bot.say(Ask("cat"))).hits
    assert bot.limiter.asked == []


# What is remembered and suggested


async def test_only_a_question_in_words_that_was_answered_is_remembered(bot: MemoryBot) -> None:
    _fill(bot, 30)
    first = await bot.say(Ask(" black  cat "))
    assert first.span is not None
    token = first.span.token
    others: list[Request] = [
        *(More(token, 10), MoreLikeThis(1), FindSimilar(PNG), Browse(), Ask("  ")),
        *(Ask("x" * 2000), MoreLikeThis(10**9)),
    ]
    for request in others:
        await bot.say(request, is_public=True)
    assert bot.history.own == [(COLLECTION, MEMBER.id, "black cat")]
    assert bot.history.shared == []
    await bot.say(Ask("dog"), is_public=True)
    assert bot.history.shared == [(COLLECTION, MEMBER.id, "dog")]
    bot.pictures.space = None
    assert (await bot.say(Ask("bird"), is_public=True)).code == "warming_up"
    assert len(bot.history.own) == 2


async def test_what_holds_all_typed_words_is_suggested_once(bot: MemoryBot) -> None:
    _fill(bot, 1)
    for text in ("Black cat", "a dog", "cat in the black"):
        await bot.say(Ask(text), is_public=True)
    await bot.say(Ask("black sheep"), person=ADMIN, is_public=True)
    await bot.say(Ask("my own secret"), person=ADMIN)

    async def suggest(person_id: str, typed: str) -> list[str]:
        return await bot.conversation.suggest(COLLECTION, person_id, typed)

    mine = ["cat in the black", "a dog", "Black cat"]
    assert await suggest(MEMBER.id, "") == [*mine, "black sheep"]
    assert await suggest(MEMBER.id, "BLACK") == ["cat in the black", "Black cat", "black sheep"]
    assert await suggest(MEMBER.id, "cat bla") == ["cat in the black", "Black cat"]
    assert await suggest(MEMBER.id, "own") == []
    assert (await suggest(ADMIN.id, "own"), await suggest(ADMIN.id, "zebra")) == (
        *(["my own secret"], []),
    )
    assert await bot.conversation.suggest("elsewhere", MEMBER.id, "") == []
    bot.history.is_down = True
    assert await suggest(MEMBER.id, "") == []


async def test_several_collections_are_searched_as_one() -> None:
    bot = MemoryBot()
    pictures = [bot.pictures.put(collection=key) for key in ("a", "b", "b", "c")]
    found = await bot.conversation.find_across(MEMBER, "en", ["a", "b"], "cat", limit=10)
    assert not isinstance(found, Reply)
    assert [(key, hit.image_id) for key, hit in found] == list(
        zip(("a", "b", "b"), pictures[:3], strict=True)
    )
    assert [hit.rank for _, hit in found] == [1, 2, 3]
    assert bot.encoder.calls == 1
    assert len(await bot.conversation.find_across(MEMBER, "en", ["a", "b"], "cat", limit=2)) == 2
    bot.pictures.policies["b"] = Policy(search_groups=frozenset({"role:2"}))
    found = await bot.conversation.find_across(MEMBER, "en", ["a", "b"], "cat", limit=10)
    assert [key for key, _ in found] == ["a"]


async def test_several_collections_at_once_are_one_question_and_can_be_too_many() -> None:
    bot = MemoryBot()
    bot.limiter.wait_s = 3.2
    refused = await bot.conversation.find_across(MEMBER, "de", ["a"], "cat", limit=10)
    assert isinstance(refused, Reply)
    assert (refused.code, "4" in refused.text) == ("too_many_questions", True)
    bot.limiter.wait_s = 0
    refused = await bot.conversation.find_across(MEMBER, "de", ["a"], "  ", limit=10)
    assert isinstance(refused, Reply)
    assert refused.code == "question_empty"
