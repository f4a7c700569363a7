"""Texts, keyboards and presses of the fake Telegram, at N and N + 1."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MessageEntity,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden

from tests.acceptance.telegram_bare import bare_bot, hear
from tests.acceptance.telegram_chats import Chat, NotShownError, TelegramPerson, World
from tests.acceptance.telegram_entities import formatted
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import jpeg

BUTTONS = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="m")]])
HTML, MARKDOWN = ParseMode.HTML, ParseMode.MARKDOWN_V2


@pytest.fixture
async def api(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bare_bot(server) as bot:
        yield bot


@pytest.fixture
def ben(world: World) -> TelegramPerson:
    return world.person("Ben", "pt-br")


@pytest.fixture
def chat(ben: TelegramPerson) -> Chat:
    return ben.private


@pytest.mark.parametrize(
    ("source", "mode", "text", "kinds"),
    [
        ("<b>𝔞</b> &lt;<i>b</i>&gt;", HTML, "𝔞 <b>", ["bold", "italic"]),
        ('<a href="https://a.b/">x</a>', HTML, "x", ["text_link"]),
        ("*𝔞* _b_ \\!", MARKDOWN, "𝔞 b !", ["bold", "italic"]),
        ("[x](https://a.b/) `a.b` ||s||", MARKDOWN, "x a.b s", ["text_link", "code", "spoiler"]),
        ("#cat @babelpix", None, "#cat @babelpix", ["hashtag", "mention"]),
    ],
)
def test_formatted_texts(source: str, mode: str | None, text: str, kinds: list[str]) -> None:
    said, entities = formatted({"text": source, "parse_mode": mode})
    assert said == text
    assert sorted(entity["type"] for entity in entities) == sorted(kinds)


@pytest.mark.parametrize(
    ("source", "mode"),
    [
        *(("<b>x</i>", HTML), ("<b>x", HTML), ("x</b>", HTML), ("<br>", HTML), ("a < b", HTML)),
        *(("no.", MARKDOWN), ("*x", MARKDOWN), ("[x](y", MARKDOWN)),
    ],
)
async def test_wrong_formatting(api: Bot, chat: Chat, source: str, mode: str) -> None:
    with pytest.raises(BadRequest, match="Can't parse entities"):
        await api.send_message(chat.id, source, mode)


async def test_lengths_count_after_parsing(api: Bot, chat: Chat) -> None:
    await api.send_message(chat.id, f"<b>{'&amp;' * 4096}</b>", HTML)
    with pytest.raises(BadRequest, match="too long"):
        await api.send_message(chat.id, f"<b>{'&amp;' * 4097}</b>", HTML)
    await api.send_photo(chat.id, jpeg(), f"<b>{'𝔞' * 512}</b>", parse_mode=HTML)
    with pytest.raises(BadRequest, match="caption is too long"):
        await api.send_photo(chat.id, jpeg(), f"<b>{'𝔞' * 512}b</b>", parse_mode=HTML)
    await api.send_message(chat.id, "𝔞b", entities=[MessageEntity("bold", 2, 1)])
    with pytest.raises(BadRequest, match="outside"):
        await api.send_message(chat.id, "𝔞b", entities=[MessageEntity("bold", 2, 2)])


async def test_keyboards_that_are_too_large(api: Bot, chat: Chat) -> None:
    def markup(size: int) -> InlineKeyboardMarkup:
        row = [InlineKeyboardButton("x" * size, callback_data="a" * 64)]
        return InlineKeyboardMarkup([row] * 50)

    await api.send_message(chat.id, "t", reply_markup=markup(90))
    with pytest.raises(BadRequest, match="Reply markup is too long"):
        await api.send_message(chat.id, "t", reply_markup=markup(200))


async def test_buttons_of_other_kinds(api: Bot, chat: Chat) -> None:
    def markup(**use: Any) -> InlineKeyboardMarkup:
        return InlineKeyboardMarkup([[InlineKeyboardButton("x", **use)]])

    await api.send_message(chat.id, "t", reply_markup=markup(switch_inline_query="x" * 256))
    for bad in (
        markup(switch_inline_query="x" * 257),
        markup(),
        markup(callback_data="a", url="https://example.org"),
        markup(callback_data=""),
    ):
        with pytest.raises(BadRequest):
            await api.send_message(chat.id, "t", reply_markup=bad)


async def test_a_hundred_entities_are_kept(api: Bot, chat: Chat) -> None:
    message = await api.send_message(chat.id, "#a " * 101)
    assert len(message.entities) == 100


async def test_editing(api: Bot, chat: Chat, ben: TelegramPerson, server: TelegramServer) -> None:
    sent = await api.send_message(chat.id, "old", reply_markup=BUTTONS)
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_text("old", reply_markup=BUTTONS)
    await sent.edit_text("new")
    # Whoever does not repeat the buttons takes them away.
    assert (chat.sent[0].text, chat.sent[0].labels) == ("new", [])
    await sent.edit_reply_markup(BUTTONS)
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_reply_markup(BUTTONS)
    with pytest.raises(BadRequest, match="no caption"):
        await sent.edit_caption("x")
    photo = await api.send_photo(chat.id, jpeg())
    with pytest.raises(BadRequest, match="no text"):
        await photo.edit_text("x")
    for text in ("x" * 4097, " "):
        with pytest.raises(BadRequest):
            await sent.edit_text(text)
    theirs = await ben.send("mine")
    with pytest.raises(BadRequest, match="can't be edited"):
        await api.edit_message_text("x", chat.id, theirs.message_id)
    assert len(server.misbehaviour) == 7


async def test_deleting(api: Bot, world: World, ben: TelegramPerson) -> None:
    group = world.group(ben)
    sent = [await api.send_message(group.id, str(n)) for n in range(3)]
    await sent[0].delete()
    theirs = await ben.send("x", chat=group)
    with pytest.raises(BadRequest, match="for everyone"):
        await api.delete_message(group.id, theirs.message_id)
    group.sent[1].date -= 49 * 3600
    with pytest.raises(BadRequest, match="for everyone"):
        await sent[1].delete()
    await api.delete_messages(group.id, [one.message_id for one in sent])
    assert [one.is_deleted for one in group.sent] == [True, False, True]
    await api.delete_messages(group.id, range(1, 101))
    for number in (0, 101):
        with pytest.raises(BadRequest):
            await api.delete_messages(group.id, range(number))


async def test_presses_are_answered_once_in_time_and_briefly(
    api: Bot, ben: TelegramPerson, server: TelegramServer
) -> None:
    await api.send_message(ben.private.id, "t", reply_markup=BUTTONS)
    press = await ben.press(ben.private.sent[0], "More")
    with pytest.raises(BadRequest, match="Message_too_long"):
        await api.answer_callback_query(press.id, "𝔞" * 100 + "b")
    await api.answer_callback_query(press.id, "𝔞" * 100)
    with pytest.raises(BadRequest, match="too old"):
        await api.answer_callback_query(press.id)
    assert len(server.misbehaviour) == 2
    late = await ben.press_data(ben.private.sent[0], "as it once was")
    late.age()
    with pytest.raises(BadRequest, match="too old"):
        await api.answer_callback_query(late.id)
    assert len(server.misbehaviour) == 2
    assert [update.callback_query is not None for update in await hear(api, 2)] == [True, True]


async def test_a_press_below_what_is_gone(api: Bot, ben: TelegramPerson) -> None:
    await api.send_message(ben.private.id, "t", reply_markup=BUTTONS)
    shown = ben.private.sent[0]
    await ben.delete(shown)
    with pytest.raises(NotShownError):
        await ben.press(shown, "More")
    await ben.press_data(shown, "m")
    (update,) = await hear(api, 1)
    assert update.callback_query is not None
    # The library makes a Message of it all the same, so its type tells nothing.
    assert update.callback_query.message is not None
    assert not update.callback_query.message.is_accessible


async def test_what_else_the_bot_wished_can_be_seen(api: Bot, chat: Chat) -> None:
    await api.send_message(chat.id, "t", protect_content=True, disable_notification=True)
    assert chat.sent[0].asked["protect_content"] == "true"
    assert chat.sent[0].is_silent


async def test_chats_in_which_nothing_can_be_written(
    api: Bot, world: World, ben: TelegramPerson, server: TelegramServer
) -> None:
    cleo = world.person("Cleo")
    with pytest.raises(Forbidden, match="initiate"):
        await api.send_message(cleo.id, "x")
    await cleo.block()
    with pytest.raises(Forbidden, match="blocked"):
        await api.send_message(cleo.id, "x")
    ben.private.is_deactivated = True
    with pytest.raises(Forbidden, match="deactivated"):
        await api.send_message(ben.id, "x")
    group = world.group(ben, bot="left")
    with pytest.raises(Forbidden, match="not a member of the supergroup"):
        await api.send_chat_action(group.id, "typing")
    assert server.misbehaviour == []
    with pytest.raises(BadRequest, match="Chat not found"):
        await api.send_message(1, "x")
    with pytest.raises(BadRequest, match="action"):
        await api.send_chat_action(world.group(ben).id, "thinking")
    assert len(server.misbehaviour) == 2
