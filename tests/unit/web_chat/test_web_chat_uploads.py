"""Pictures in, by POST."""

from __future__ import annotations

import pytest
from aiohttp import FormData

from bot.core.messages import Add, FindSimilar
from bot.frontends.web_chat.uploads import MAX_FIELD_BYTES, MAX_PICTURES
from tests.unit.web_chat.memory_conversation import MemoryConversation
from tests.unit.web_chat.visitor import UPLOAD_LIMIT, Visitor


async def test_pictures_are_added_with_captions_and_progress(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    status, replies = await visitor.upload("add", b"one", b"two", captions=("Eins 🥇", "قطة"))
    assert status == 200
    assert [(reply["tone"], reply["done"], reply["total"]) for reply in replies] == [
        ("progress", 0, 2),
        ("progress", 1, 2),
        ("done", 0, 0),
    ]
    (incoming,) = conversation.incoming
    assert incoming.language == "de"
    assert isinstance(incoming.request, Add)
    assert [
        (upload.content, upload.caption, upload.filename) for upload in incoming.request.uploads
    ] == [(b"one", "Eins 🥇", "кот.png"), (b"two", "قطة", "кот.png")]


async def test_captions_may_be_missing(visitor: Visitor, conversation: MemoryConversation) -> None:
    await visitor.upload("add", b"one", b"two", captions=("first",))
    assert [stored.caption for stored in conversation.pictures.values()] == ["first", ""]


async def test_a_picture_to_compare_is_not_added(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    conversation.add(b"cat", "cat")
    status, replies = await visitor.upload("similar", b"another cat")
    assert status == 200
    assert [hit["caption"] for hit in replies[-1]["hits"]] == ["cat"]
    assert conversation.incoming[0].request == FindSimilar(b"another cat")
    assert len(conversation.pictures) == 1


async def test_a_picture_of_exactly_the_limit_is_taken(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    status, _ = await visitor.upload("add", b"x" * UPLOAD_LIMIT)
    assert status == 200
    assert len(conversation.pictures[1].content) == UPLOAD_LIMIT


@pytest.mark.parametrize("pictures", [(UPLOAD_LIMIT + 1,), (UPLOAD_LIMIT, 1)])
async def test_a_byte_more_is_refused_in_the_persons_language(
    visitor: Visitor, conversation: MemoryConversation, pictures: tuple[int, ...]
) -> None:
    status, (reply,) = await visitor.upload("add", *(b"x" * size for size in pictures))
    assert status == 413
    assert reply["code"] == "too_large"
    assert reply["text"] == "Zu groß: erlaubt sind höchstens 1 KB."
    assert conversation.incoming == []


async def test_a_body_announced_as_too_large_is_not_read(visitor: Visitor) -> None:
    sent = 0

    async def endless() -> object:
        nonlocal sent
        while True:
            sent += 2**16
            yield b"x" * 2**16

    headers = {
        **await visitor.headers(),
        "Content-Type": "multipart/form-data; boundary=b",
        "Content-Length": str(2**40),
    }
    url = f"{visitor.chat.url}/api/upload"
    async with visitor.http.post(url, data=endless(), headers=headers) as response:
        assert response.status == 413
    assert sent < 2**30


@pytest.mark.parametrize(
    ("kind", "count"),
    [("similar", 0), ("similar", 2), ("add", 0), ("steal", 1), ("", 1), ("add", MAX_PICTURES + 1)],
)
async def test_a_form_that_makes_no_sense_is_refused(
    visitor: Visitor, conversation: MemoryConversation, kind: str, count: int
) -> None:
    status, (reply,) = await visitor.upload(kind, *[b"x"] * count)
    assert (status, reply["code"], reply["tone"]) == (400, "malformed", "error")
    assert conversation.incoming == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b\r\n"),
        ("multipart/form-data; boundary=b", b"garbage"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Type: multipart/mixed; boundary=c"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="kind"\r\n\r\n\xff\xfe\r\n--b--\r\n',
        ),
    ],
)
async def test_a_broken_form_is_refused(
    visitor: Visitor, conversation: MemoryConversation, content_type: str, body: bytes
) -> None:
    headers = {**await visitor.headers(), "Content-Type": content_type}
    url = f"{visitor.chat.url}/api/upload"
    async with visitor.http.post(url, data=body, headers=headers) as response:
        assert response.status == 400
    assert conversation.incoming == []


async def test_a_caption_has_a_limit(visitor: Visitor) -> None:
    status, _ = await visitor.upload("add", b"x", captions=("c" * MAX_FIELD_BYTES,))
    assert status == 200
    status, _ = await visitor.upload("add", b"x", captions=("c" * (MAX_FIELD_BYTES + 1),))
    assert status == 400


async def test_an_unknown_field_is_refused(visitor: Visitor) -> None:
    form = FormData({"kind": "add", "admin": "yes"})
    form.add_field("picture", b"x", filename="x.png")
    url = f"{visitor.chat.url}/api/upload"
    async with visitor.http.post(url, data=form, headers=await visitor.headers()) as response:
        assert response.status == 400
