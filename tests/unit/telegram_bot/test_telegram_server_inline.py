"""Inline mode of the fake Telegram, at N and N + 1."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResult,
    InlineQueryResultArticle,
    InlineQueryResultCachedPhoto,
    InlineQueryResultsButton,
    InputMediaPhoto,
    InputTextMessageContent,
)
from telegram.error import BadRequest

from tests.acceptance.telegram_bare import bare_bot, hear
from tests.acceptance.telegram_chats import InlineAnswer, NotShownError, TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import jpeg

BUTTONS = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="m")]])


@pytest.fixture
async def api(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bare_bot(server) as bot:
        yield bot


@pytest.fixture
def ben(world: World) -> TelegramPerson:
    return world.person("Ben")


@pytest.fixture
async def photo(api: Bot, ben: TelegramPerson) -> str:
    """Return the id of a photo."""
    return (await api.send_photo(ben.private.id, jpeg())).photo[-1].file_id


def article(result_id: str, **more: Any) -> InlineQueryResultArticle:
    return InlineQueryResultArticle(result_id, "t", InputTextMessageContent("text"), **more)


async def ask(api: Bot, person: TelegramPerson, query: str = "cat") -> InlineQuery:
    await person.ask_inline(query)
    (update,) = await hear(api, 1)
    assert update.inline_query is not None
    return update.inline_query


async def answered(
    api: Bot, ben: TelegramPerson, results: Sequence[InlineQueryResult], **more: Any
) -> InlineAnswer:
    asked = await ben.ask_inline("cat")
    (update,) = await hear(api, 1)
    assert update.inline_query is not None
    await update.inline_query.answer(results, **more)
    return await asked.answer()


async def test_a_page_and_the_next(api: Bot, ben: TelegramPerson, photo: str) -> None:
    result = InlineQueryResultCachedPhoto("1", photo, caption="a cat", reply_markup=BUTTONS)
    shown = await answered(api, ben, [result], next_offset="50", is_personal=True, cache_time=9)
    assert (shown.next_offset, shown.is_personal, shown.cache_s) == ("50", True, 9)
    (one,) = shown.results
    assert (one.id, one.kind, one.text, one.photo) == ("1", "photo", "a cat", jpeg())
    await ben.ask_inline("cat", shown.next_offset)
    (update,) = await hear(api, 1)
    assert update.inline_query is not None
    assert (update.inline_query.query, update.inline_query.offset) == ("cat", "50")


async def test_limits(api: Bot, ben: TelegramPerson, server: TelegramServer) -> None:
    button = InlineQueryResultsButton("Open", start_parameter="a-Z_" * 16)
    for good in (
        {"results": [article(str(n)) for n in range(50)]},
        {"results": [article("é" * 32)], "next_offset": "é" * 32},
        {"results": [], "button": button},
    ):
        await (await ask(api, ben)).answer(**good)
    assert server.misbehaviour == []
    asked = await ask(api, ben)
    for bad, words in (
        ({"results": [article(str(n)) for n in range(51)]}, "Results_too_much"),
        ({"results": [article("é" * 32 + "a")]}, "Result_id_invalid"),
        ({"results": [article("")]}, "Result_id_invalid"),
        ({"results": [article("a"), article("a")]}, "Result_id_duplicate"),
        ({"results": [], "next_offset": "é" * 32 + "a"}, "Next_offset_invalid"),
        ({"results": [], "button": InlineQueryResultsButton("x", None, "a b")}, "Start_param"),
        ({"results": [], "button": InlineQueryResultsButton("x", None, "a" * 65)}, "Start_param"),
        ({"results": [], "button": InlineQueryResultsButton("", None, "a")}, "Switch_pm_text"),
    ):
        with pytest.raises(BadRequest, match=words):
            await api.answer_inline_query(asked.id, **bad)
    assert len(server.misbehaviour) == 8
    with pytest.raises(NotShownError):
        await ben.ask_inline("x" * 257)
    await ben.ask_inline("x" * 256)


async def test_captions_and_texts(api: Bot, ben: TelegramPerson, photo: str) -> None:
    asked = await ask(api, ben)

    def result(caption: str) -> list[InlineQueryResult]:
        return [InlineQueryResultCachedPhoto("1", photo, caption=caption)]

    with pytest.raises(BadRequest, match="caption is too long"):
        await asked.answer(result("𝔞" * 512 + "b"))
    await asked.answer(result("𝔞" * 512))


async def test_file_ids(
    api: Bot, ben: TelegramPerson, photo: str, world: World, server: TelegramServer
) -> None:
    asked = await ask(api, ben)
    for wrong in ("nonsense", world.files.foreign_id(), world.keep(b"a document")):
        with pytest.raises(BadRequest):
            await asked.answer([InlineQueryResultCachedPhoto("1", wrong)])
    assert len(server.misbehaviour) == 3
    world.files.expire(photo)
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await asked.answer([InlineQueryResultCachedPhoto("1", photo)])
    assert len(server.misbehaviour) == 3


async def test_answers_are_kept_for_everyone(api: Bot, ben: TelegramPerson, world: World) -> None:
    cleo = world.person("Cleo")
    await answered(api, ben, [article("1")])
    assert (await cleo.inline("cat")).was_cached
    world.inline.forget()
    await answered(api, ben, [article("1")], is_personal=True)
    assert (await ben.inline("cat")).was_cached
    await ask(api, cleo)
    world.inline.forget()
    await answered(api, ben, [article("1")], cache_time=0)
    await ask(api, ben)


async def test_once_and_in_time(api: Bot, ben: TelegramPerson, server: TelegramServer) -> None:
    asked = await ask(api, ben)
    await asked.answer([])
    with pytest.raises(BadRequest, match="too old"):
        await asked.answer([])
    assert len(server.misbehaviour) == 1
    late = await ben.ask_inline("dog")
    (update,) = await hear(api, 1)
    assert update.inline_query is not None
    late.age()
    with pytest.raises(BadRequest, match="too old"):
        await update.inline_query.answer([])
    assert len(server.misbehaviour) == 1


async def test_what_is_chosen_is_sent(
    api: Bot, ben: TelegramPerson, photo: str, world: World
) -> None:
    world.inline.feedback = True
    group = world.group(ben)
    results = [InlineQueryResultCachedPhoto("7", photo, caption="c", reply_markup=BUTTONS)]
    shown = await answered(api, ben, results)
    sent = await ben.choose(shown, shown.results[0], chat=group)
    assert (sent.photo, sent.caption, sent.labels) == (jpeg(), "c", ["More"])
    message, chosen = await hear(api, 2)
    assert message.message is not None
    assert message.message.via_bot is not None
    result = chosen.chosen_inline_result
    assert result is not None
    assert (result.result_id, result.query) == ("7", "cat")
    assert result.inline_message_id == sent.inline_id
    press = await ben.press(sent, "More")
    (update,) = await hear(api, 1)
    query = update.callback_query
    assert query is not None
    assert (query.message, query.inline_message_id) == (None, sent.inline_id)
    await query.answer()
    await press.answer()
    await query.edit_message_caption("new")
    assert (sent.caption, sent.labels) == ("new", [])
    with pytest.raises(BadRequest):
        await query.edit_message_media(InputMediaPhoto(jpeg()))
    await query.edit_message_media(InputMediaPhoto(photo))


async def test_the_button_above_the_results(api: Bot, ben: TelegramPerson) -> None:
    button = InlineQueryResultsButton("Open the bot", start_parameter="add")
    shown = await answered(api, ben, [], button=button)
    assert shown.button == {"text": "Open the bot", "start_parameter": "add"}
    await ben.press_inline_button(shown)
    (update,) = await hear(api, 1)
    assert update.message is not None
    assert update.message.text == "/start add"


async def test_inline_updates_do_not_live_long(api: Bot, ben: TelegramPerson, world: World) -> None:
    await ben.ask_inline("cat")
    await ben.send("cat")
    world.queue.age(30)
    (update,) = await hear(api, 1)
    assert update.message is not None
    assert world.updates == []
