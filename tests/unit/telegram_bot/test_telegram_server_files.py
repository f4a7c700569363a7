"""Files and photos of the fake Telegram: what it takes, and what file ids are good for."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest
from telegram import Bot, InputMediaAnimation, InputMediaDocument, InputMediaPhoto
from telegram.error import BadRequest, InvalidToken, NetworkError

from tests.acceptance import telegram_limits as limits
from tests.acceptance.telegram_bare import bare_bot, hear_messages
from tests.acceptance.telegram_chats import Chat, TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import animated_gif, jpeg, png


@pytest.fixture
async def api(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bare_bot(server) as bot:
        yield bot


@pytest.fixture
def ben(world: World) -> TelegramPerson:
    return world.person("Ben")


@pytest.fixture
def chat(ben: TelegramPerson) -> Chat:
    return ben.private


async def test_a_photo_that_is_none(api: Bot, chat: Chat) -> None:
    half = jpeg((640, 480))
    for wrong in (b"GIF89a and nothing more", half[: len(half) // 2], animated_gif()):
        with pytest.raises(BadRequest, match="Image_process_failed"):
            await api.send_photo(chat.id, wrong)
    with pytest.raises(BadRequest, match="Photo_invalid_dimensions"):
        await api.send_photo(chat.id, jpeg((210, 10)))
    with pytest.raises(BadRequest, match="File is too big"):
        await api.send_photo(chat.id, bytes(limits.MAX_PHOTO_BYTES + 1))
    with pytest.raises(BadRequest, match="non-empty"):
        await api.send_document(chat.id, b"")
    assert chat.sent == []


async def test_what_is_sent_again_is_not_uploaded_again(
    api: Bot, chat: Chat, server: TelegramServer
) -> None:
    first = await api.send_photo(chat.id, jpeg())
    assert server.uploaded_bytes == len(jpeg())
    again = await api.send_photo(chat.id, first.photo[-1].file_id)
    assert chat.sent[1].photo == jpeg()
    assert server.uploaded_bytes == len(jpeg())
    # Ids differ, but are good alike; what they have in common is of no use for sending.
    assert again.photo[-1].file_id != first.photo[-1].file_id
    assert again.photo[-1].file_unique_id == first.photo[-1].file_unique_id
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await api.send_photo(chat.id, first.photo[-1].file_unique_id)
    await api.send_media_group(
        chat.id, [InputMediaPhoto(one.photo[-1].file_id) for one in (first, again)]
    )
    assert server.uploaded_twice == []
    await api.send_photo(chat.id, jpeg())
    assert server.uploaded_twice == [hashlib.sha256(jpeg()).hexdigest()]


async def test_ids_that_are_not_good(
    api: Bot, chat: Chat, world: World, server: TelegramServer
) -> None:
    file_id = (await api.send_photo(chat.id, jpeg())).photo[-1].file_id
    for wrong in ("x", world.files.foreign_id()):
        with pytest.raises(BadRequest, match="Wrong file identifier"):
            await api.send_photo(chat.id, wrong)
    with pytest.raises(BadRequest, match="type photo as document"):
        await api.send_document(chat.id, file_id)
    assert len(server.misbehaviour) == 3
    world.files.expire(file_id)
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await api.send_photo(chat.id, file_id)
    assert len(server.misbehaviour) == 3
    with pytest.raises(BadRequest, match="http url content"):
        await api.send_photo(chat.id, "https://example.org/cat.jpg")


async def test_downloads(
    api: Bot, ben: TelegramPerson, world: World, server: TelegramServer
) -> None:
    await ben.send(document=bytes(limits.MAX_GET_FILE_BYTES))
    await ben.send(document=bytes(limits.MAX_GET_FILE_BYTES + 1))
    fits, too_large = await hear_messages(api, 2)
    assert fits.document is not None
    assert too_large.document is not None
    file = await fits.document.get_file()
    assert len(await file.download_as_bytearray()) == limits.MAX_GET_FILE_BYTES
    assert server.downloaded_bytes == limits.MAX_GET_FILE_BYTES
    with pytest.raises(BadRequest, match="too big"):
        await too_large.document.get_file()
    world.files.expire_links()
    with pytest.raises(InvalidToken):
        # The library takes every 404 for this.
        await file.download_as_bytearray()
    with pytest.raises(BadRequest, match="Wrong file_id"):
        await api.get_file("x")


async def test_albums_go_together_or_not_at_all(api: Bot, chat: Chat) -> None:
    with pytest.raises(BadRequest, match="Document can't be mixed"):
        await api.send_media_group(chat.id, [InputMediaPhoto(jpeg()), InputMediaDocument(b"x")])
    with pytest.raises(BadRequest, match="#2"):
        await api.send_media_group(chat.id, [InputMediaPhoto(jpeg()), InputMediaPhoto(b"x")])
    long = InputMediaPhoto(png(), caption="c" * 1025)
    with pytest.raises(BadRequest, match="#2"):
        await api.send_media_group(chat.id, [InputMediaPhoto(jpeg()), long])
    assert chat.sent == []
    await api.send_media_group(chat.id, [InputMediaDocument(b"x"), InputMediaDocument(b"y")])
    assert [one.content for one in chat.sent] == [b"x", b"y"]


async def test_media_is_replaced(api: Bot, chat: Chat, server: TelegramServer) -> None:
    sent = await api.send_photo(chat.id, jpeg(), caption="old")
    shown = chat.sent[0]
    edited = await sent.edit_media(InputMediaPhoto(png(), caption="new"))
    assert (shown.photo, shown.caption) == (png(), "new")
    assert not isinstance(edited, bool)
    assert shown.history[0].photo == jpeg()
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_media(InputMediaPhoto(edited.photo[-1].file_id, caption="new"))
    await sent.edit_media(InputMediaAnimation(b"mp4"))
    assert (shown.kind, shown.caption) == ("animation", "")
    assert server.uploaded_bytes == len(jpeg()) + len(png()) + 3


@pytest.mark.parametrize(
    "more", [1, limits.MAX_UPLOAD_BYTES + 1], ids=["a file", "the whole request"]
)
async def test_documents_that_are_too_large(api: Bot, chat: Chat, more: int) -> None:
    with pytest.raises(NetworkError, match="Too Large"):
        await api.send_document(chat.id, bytes(limits.MAX_UPLOAD_BYTES + more))


async def test_the_largest_files(api: Bot, chat: Chat) -> None:
    await api.send_document(chat.id, bytes(limits.MAX_UPLOAD_BYTES))
    padded = jpeg().ljust(limits.MAX_PHOTO_BYTES, b"\0")
    await api.send_photo(chat.id, padded)
    with pytest.raises(BadRequest, match="File is too big"):
        await api.send_photo(chat.id, padded + b"\0")
