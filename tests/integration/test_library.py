"""Adding and deleting pictures, and who sees what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bot.app import App
from bot.core.messages import Add, Delete, MoreLikeThis, PictureKind, Tone, Upload
from db.blobs import original, rendition
from tests import pictures
from tests.conversing import ADMIN, MEMBER, add, ask, captions, say


async def test_an_added_picture_is_found_by_the_very_next_question(
    app: App, collection: str
) -> None:
    assert (await ask(app, collection, "red")).hits == ()
    reply = await add(app, collection, pictures.jpeg(colour=(250, 0, 0)), caption="all red")
    assert (reply.tone, reply.text) == (Tone.DONE, "1 picture was added.")
    assert captions(await ask(app, collection, "red")) == ["all red"]
    await add(app, collection, pictures.jpeg(colour=(0, 0, 250)), caption="all blue")
    assert set(captions(await ask(app, collection, "red"))) == {"all red", "all blue"}


async def test_a_deleted_picture_is_gone_with_the_very_next_question(
    app: App, collection: str
) -> None:
    await add(app, collection, pictures.jpeg(colour=(9, 9, 9)), caption="dark")
    hit = (await ask(app, collection, "dark")).hits[0]
    reply = await say(app, collection, Delete(hit.image_id))
    assert (reply.tone, reply.text) == (Tone.DONE, "“dark” is deleted.")
    assert (await ask(app, collection, "dark")).hits == ()
    for kind in PictureKind:
        assert await app.conversation.picture(collection, hit.image_id, kind) is None
    assert await app.blobs.get(original(hit.sha256)) is None
    assert await app.blobs.get(rendition(hit.sha256)) is None
    again = await say(app, collection, Delete(hit.image_id))
    assert (again.tone, again.code) == (Tone.ERROR, "image_gone")


@pytest.mark.parametrize("name", sorted(pictures.GOOD))
async def test_every_kind_of_picture_becomes_findable(app: App, collection: str, name: str) -> None:
    reply = await add(app, collection, pictures.GOOD[name], caption=name)
    assert (reply.tone, reply.done) == (Tone.DONE, 1), reply
    hit = (await ask(app, collection, "anything")).hits[0]
    assert hit.caption == name
    assert hit.width > 0
    assert hit.height > 0
    picture = await app.conversation.picture(collection, hit.image_id, PictureKind.RENDITION)
    assert picture is not None
    assert picture.media_type == "image/webp"


@pytest.mark.parametrize("name", sorted(pictures.BAD))
async def test_a_bad_upload_is_refused_in_words_and_found_by_nobody(
    app: App, collection: str, name: str
) -> None:
    reply = await add(app, collection, pictures.BAD[name][0])
    assert reply.tone is Tone.ERROR
    assert reply.text
    assert (await ask(app, collection, "anything")).hits == ()


async def test_one_bad_picture_does_not_keep_the_others_out(app: App, collection: str) -> None:
    good, bad = pictures.jpeg(colour=(1, 200, 1)), pictures.truncated_jpeg()
    reply = await add(app, collection, good, bad, b"no picture at all")
    assert reply.tone is Tone.DONE
    assert reply.text.splitlines() == [
        "1 picture was added.",
        "picture-2: The picture is damaged or incomplete.",
        "picture-3: This is not a picture I can read.",
    ]


async def test_the_same_picture_twice_is_there_once(app: App, collection: str) -> None:
    content = pictures.jpeg(colour=(5, 6, 7))
    reply = await add(app, collection, content, content)
    assert reply.text.splitlines() == ["1 picture was added.", "1 picture was here already."]
    again = await add(app, collection, content)
    assert again.text == "1 picture was here already."
    assert len((await ask(app, collection, "anything")).hits) == 1


async def test_the_same_picture_added_by_many_at_once_is_there_once(
    app: App, collection: str
) -> None:
    content = pictures.jpeg(colour=(77, 6, 7))
    replies = await asyncio.gather(*(add(app, collection, content) for _ in range(8)))
    assert all(reply.tone is Tone.DONE for reply in replies)
    assert sum("was added" in reply.text for reply in replies) == 1
    assert len((await ask(app, collection, "anything")).hits) == 1


async def test_a_member_may_neither_add_nor_delete(app: App, collection: str) -> None:
    upload = Add((Upload(pictures.jpeg(), "x.jpg"),))
    refused = await say(app, collection, upload, person=MEMBER)
    assert (refused.tone, refused.code) == (Tone.ERROR, "not_allowed")
    await add(app, collection, pictures.jpeg())
    hit = (await ask(app, collection, "x")).hits[0]
    refused = await say(app, collection, Delete(hit.image_id), person=MEMBER)
    assert (refused.tone, refused.code) == (Tone.ERROR, "not_allowed")
    assert not (await say(app, collection, MoreLikeThis(hit.image_id), person=MEMBER)).code


async def test_pictures_of_one_collection_never_appear_in_another(
    app: App, new_collection: Callable[[], str]
) -> None:
    ours, theirs = new_collection(), new_collection()
    shared = pictures.jpeg(colour=(10, 100, 10))
    await add(app, ours, shared, pictures.jpeg(colour=(100, 10, 10)), caption="ours")
    await add(app, theirs, shared, caption="theirs")
    assert captions(await ask(app, theirs, "green")) == ["theirs"]
    assert captions(await ask(app, ours, "green")) == ["ours", "ours"]
    hit = (await ask(app, ours, "green")).hits[0]
    for kind in PictureKind:
        assert await app.conversation.picture(theirs, hit.image_id, kind) is None
    assert (await say(app, theirs, Delete(hit.image_id))).code == "image_gone"
    assert (await say(app, theirs, MoreLikeThis(hit.image_id))).code == "image_gone"


async def test_a_blob_two_collections_share_outlives_the_first_deletion(
    app: App, new_collection: Callable[[], str]
) -> None:
    ours, theirs = new_collection(), new_collection()
    shared = pictures.jpeg(colour=(10, 100, 200))
    await add(app, ours, shared)
    await add(app, theirs, shared)
    hit = (await ask(app, ours, "x")).hits[0]
    await say(app, ours, Delete(hit.image_id))
    other = (await ask(app, theirs, "x")).hits[0]
    picture = await app.conversation.picture(theirs, other.image_id, PictureKind.ORIGINAL)
    assert picture is not None
    assert picture.content == shared
    assert ADMIN.id == other.uploader_id
