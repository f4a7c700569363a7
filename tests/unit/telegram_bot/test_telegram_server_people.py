"""What people do on the fake Telegram, and what a bot is told of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, Update
from telegram.constants import ChatMemberStatus, ChatType

from tests.acceptance.telegram_bare import bare_bot, hear
from tests.acceptance.telegram_chats import NotShownError, Sent, StoredFile, TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import jpeg, png, webp


@pytest.fixture
async def api(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bare_bot(server) as bot:
        yield bot
    assert server.misbehaviour == []


@pytest.fixture
def ben(world: World) -> TelegramPerson:
    return world.person("Ben", "cs")


async def test_a_private_message(api: Bot, ben: TelegramPerson) -> None:
    sent = await ben.send("Hi #cats https://example.org", reply_to=await ben.start("deep"))
    started, update = await hear(api, 2)
    message = update.message
    assert started.message is not None
    assert message is not None
    assert started.message.text == "/start deep"
    assert message.message_id == sent.message_id
    assert message.reply_to_message is not None
    assert message.reply_to_message.message_id == started.message.message_id
    assert message.from_user is not None
    assert (message.from_user.language_code, message.chat.type) == ("cs", ChatType.PRIVATE)
    assert list(message.parse_entities().values()) == ["#cats", "https://example.org"]


async def test_every_kind_of_file(api: Bot, ben: TelegramPerson) -> None:
    await ben.send(photo=jpeg((1300, 40)), caption="a cat", forward_from="Somebody")
    await ben.send(sticker=webp(), thumbnail=jpeg())
    await ben.send(sticker=b"tgs", media_type="application/x-tgsticker")
    await ben.send(animation=b"mp4", thumbnail=jpeg())
    await ben.send(video_note=b"mp4", forward_from=ben)
    await ben.send(document=png(), name="cat.png", media_type="image/png", size=21 * 2**20)
    await ben.send(file=StoredFile("voice", b"ogg", more={"duration": 1}))
    messages = [update.message for update in await hear(api, 7)]
    photo, sticker, moving, animation, note, document, voice = messages
    assert photo
    assert [(one.width, one.height) for one in photo.photo] == [
        (90, 2),
        (320, 9),
        (800, 24),
        (1280, 39),
        (1300, 40),
    ]
    assert photo.caption == "a cat"
    assert photo.forward_origin is not None
    file = await photo.photo[-1].get_file()
    assert bytes(await file.download_as_bytearray()) == jpeg((1300, 40))
    assert sticker
    assert sticker.sticker is not None
    assert sticker.sticker.thumbnail is not None
    assert moving
    assert moving.sticker is not None
    assert moving.sticker.is_animated
    assert animation
    assert animation.animation is not None
    assert animation.document is not None
    assert animation.animation.thumbnail is not None
    assert note
    assert note.video_note is not None
    assert document
    assert document.document is not None
    assert (document.document.file_name, document.document.file_size) == ("cat.png", 21 * 2**20)
    assert voice
    assert voice.voice is not None


async def test_an_album_is_several_messages(api: Bot, ben: TelegramPerson) -> None:
    first = await ben.send(album=[jpeg(), png(), jpeg()], caption="/add mine")
    messages = [update.message for update in await hear(api, 3)]
    assert {message.media_group_id for message in messages if message} == {first.album}
    assert [message.caption for message in messages if message] == ["/add mine", None, None]
    with pytest.raises(NotShownError):
        await ben.send(album=[jpeg()] * 11)


async def test_editing_keeps_what_was(api: Bot, ben: TelegramPerson) -> None:
    sent = await ben.send("dog")
    await ben.edit(sent, "cat")
    told, edited = await hear(api, 2)
    assert told.message is not None
    assert told.message.text == "dog"
    assert edited.edited_message is not None
    assert edited.edited_message.text == "cat"
    assert edited.edited_message.edit_date is not None
    assert [before.text for before in sent.history] == ["dog"]
    with pytest.raises(NotShownError):
        await ben.edit(ben.private.put(Sent(0, "the bot's", is_from_bot=True)), "x")


async def test_pressing_and_what_is_shown(api: Bot, ben: TelegramPerson) -> None:
    keyboard = InlineKeyboardMarkup(
        [
            [InlineKeyboardButton("More · 2", callback_data="m:2")],
            [InlineKeyboardButton("Site", "https://example.org")],
        ]
    )
    asked = await ben.send("cat")
    await api.send_message(ben.id, "here", reply_markup=keyboard)
    shown = await ben.wait_for_answer(asked)
    press = await ben.press(shown, "More")
    *_, update = await hear(api, 2)
    query = update.callback_query
    assert query is not None
    assert (query.data, query.message and query.message.message_id) == ("m:2", shown.message_id)
    await query.answer("done", show_alert=True)
    assert await press.answer() == {
        "callback_query_id": press.id,
        "text": "done",
        "show_alert": "true",
    }
    for label in ("Less", "Site"):
        with pytest.raises(NotShownError):
            await ben.press(shown, label)


async def test_blocking(api: Bot, ben: TelegramPerson) -> None:
    await ben.block()
    with pytest.raises(NotShownError):
        await ben.send("cat")
    await ben.unblock()
    await ben.send("cat")
    blocked, back, message = await hear(api, 3)
    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.new_chat_member.status == ChatMemberStatus.BANNED
    assert back.my_chat_member is not None
    assert message.message is not None


async def test_answers_are_waited_for(api: Bot, world: World, ben: TelegramPerson) -> None:
    group = world.group(ben, is_forum=True)
    thread = await ben.open_topic(group, "Cats")
    asked = await ben.send("/search", chat=group, thread=thread)
    await api.send_message(group.id, "elsewhere")
    album = [InputMediaPhoto(jpeg(), caption="1"), InputMediaPhoto(jpeg(), caption="2")]
    await api.send_media_group(group.id, album, message_thread_id=thread)
    first, second = await ben.wait_for_answers(asked, 2)
    assert (first.caption, second.caption, first.album) == ("1", "2", second.album)
    assert first.photo == jpeg()
    assert first.uploaded_bytes == len(jpeg())
    await api.send_photo(group.id, first.file_id, reply_to_message_id=second.message_id)
    again = group.sent[-1]
    assert (again.photo, again.uploaded_bytes, again.thread_id) == (jpeg(), 0, thread)
    await api.edit_message_caption(group.id, again.message_id, caption="new")
    assert (await again.wait_for_edit()).caption == "new"


async def test_old_messages_and_those_told_again(api: Bot, ben: TelegramPerson) -> None:
    sent = await ben.send("old", ago_s=700)
    (update,) = await hear(api, 1)
    assert update.message is not None
    assert int(update.message.date.timestamp()) == sent.date
    assert await api.get_updates(update.update_id + 1) == ()
    ben.world.queue.repeat()
    (again,) = await api.get_updates(update.update_id + 1)
    assert again.update_id == update.update_id
    assert await api.get_updates(update.update_id + 1) == ()


async def test_fields_of_ones_own(api: Bot, ben: TelegramPerson) -> None:
    await ben.send(more={"location": {"latitude": 1.0, "longitude": 2.0}})
    (update,) = await hear(api, 1)
    assert isinstance(update, Update)
    assert update.message is not None
    assert update.message.location is not None
