"""Pictures: taken in every form, added, and never uploaded twice."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.core.messages import Add, FindSimilar
from bot.core.policy import Policy
from bot.core.sentences import REFUSALS
from bot.core.sentences import SENTENCES as CORE_SENTENCES
from bot.core.texts import texts_for
from bot.frontends.telegram_bot.limits import MAX_DOWNLOAD_BYTES, MAX_PHOTO_SIDES
from bot.frontends.telegram_bot.photos import as_photo
from bot.frontends.telegram_bot.sentences import SENTENCES
from tests.acceptance.telegram_chats import StoredFile, TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import animated_gif, jpeg, noisy_jpeg, png, webp
from tests.unit.telegram_bot.memory import MemoryConversation

GERMAN = texts_for("de")
ADDED = ("{number} picture was added.", "{number} pictures were added.")


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((96, 64), (96, 64)),
        ((1000, 50), (1000, 50)),
        ((1000, 49), (1000, 50)),
        ((20, 1000), (50, 1000)),
        ((9500, 500), (9500, 500)),
        ((9524, 477), (9523, 477)),
        ((9600, 600), (9411, 588)),
    ],
)
def test_photos_are_what_telegram_takes(size: tuple[int, int], fitted: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(as_photo(png(size)))) as photo:
        assert (photo.format, photo.size) == ("JPEG", fitted)
        assert sum(photo.size) <= MAX_PHOTO_SIDES
        assert max(photo.size) <= 20 * min(photo.size)


@pytest.mark.usefixtures("bot")
async def test_long_captions_fit(conversation: MemoryConversation, ana: TelegramPerson) -> None:
    conversation.add(ana.id, "cat " + "𝔞" * 1000, webp())
    await ana.send("cat")
    photo, _text = await ana.private.next(2)
    assert photo.text.startswith("1 · cat 𝔞")
    assert photo.text.endswith("𝔞…")


@pytest.mark.usefixtures("bot")
async def test_pictures_that_are_missing_or_damaged_are_left_out(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.add(ana.id, "cat", b"no picture")
    await ana.send("cat")
    assert await ana.private.next_text() == GERMAN.say(CORE_SENTENCES["unavailable"])
    conversation.add(ana.id, "a cat")
    await ana.send("cat")
    photo, text = await ana.private.next(2)
    assert photo.text == "2 · a cat"
    assert text.labels[0] == "🔎 2"


@pytest.mark.usefixtures("bot")
async def test_what_was_sent_once_is_sent_by_its_id(
    server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.fill(ana.id, 3)
    for _ in range(3):
        await ana.send("cat")
        await ana.private.next(4)
    assert len(server.uploads) == 3
    assert sorted(conversation.read) == [1, 2, 3]
    # Ids that are worthless are replaced by an upload.
    server.world.files.expire()
    await ana.send("cat")
    await ana.private.next(4)
    assert len(server.uploads) == 6
    # The pictures were made but once.
    assert len(conversation.read) == 3
    await ana.send("cat")
    await ana.private.next(4)
    assert len(server.uploads) == 6


@pytest.mark.usefixtures("bot")
async def test_a_stale_id_is_replaced_in_place_too(
    server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    conversation.add(ana.id, "cat")
    conversation.add(ana.id, "dog")
    for question in ("dog", "cat"):
        asked = await ana.send(question)
        *album, text = await ana.private.next(3)
    server.world.files.expire()
    await ana.edit(asked, "dog")
    await text.wait_for_edit()
    assert [one.text for one in album] == ["1 · dog", "2 · cat"]
    assert ana.private.unread == []


@pytest.mark.usefixtures("bot")
async def test_a_photo_that_was_added_is_never_uploaded(
    server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    await ana.send(photo=jpeg(), caption="/add 🐈‍⬛ black cat #Cat #night")
    assert await ana.private.next_text() == GERMAN.count(*ADDED, 1)
    request = conversation.incoming[-1].request
    assert isinstance(request, Add)
    (upload,) = request.uploads
    assert (upload.content, upload.caption) == (jpeg(), "🐈‍⬛ black cat")
    assert upload.tags == ("Cat", "night")
    assert (upload.source_channel, upload.source_message) == (None, None)
    await ana.send("cat")
    photo, _text = await ana.private.next(2)
    assert photo.photo == jpeg()
    assert server.uploads == []


@pytest.mark.usefixtures("bot")
async def test_every_kind_of_picture_can_be_looked_for(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    small = noisy_jpeg((90, 90))
    await ana.send(photo=jpeg())
    await ana.send(photo=jpeg(), forward_from="Somebody")
    await ana.send(document=png(), media_type="image/png")
    await ana.send(sticker=webp())
    await ana.send(sticker=b"moves", media_type="video/webm", thumbnail=small)
    await ana.send(animation=b"film", thumbnail=small)
    await ana.send(video_note=b"film", thumbnail=small)
    await ana.private.next(7)
    requests = [incoming.request for incoming in conversation.incoming]
    contents = [jpeg(), jpeg(), png(), webp(), small, small, small]
    assert requests == [FindSimilar(content) for content in contents]


@pytest.mark.usefixtures("bot")
async def test_files_it_cannot_use_get_a_clear_word(
    server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    async def said_to(content: bytes, media_type: str, size: int | None = None) -> str:
        await ana.send(document=content, media_type=media_type, size=size)
        return await ana.private.next_text()

    assert await said_to(b"%PDF", "application/pdf") == GERMAN.say(REFUSALS["unsupported"])
    await ana.send(video_note=b"film without a thumbnail")
    assert await ana.private.next_text() == GERMAN.say(REFUSALS["unsupported"])
    too_large = GERMAN.say(SENTENCES["too_large"])
    assert await said_to(jpeg(), "image/jpeg", MAX_DOWNLOAD_BYTES + 1) == too_large
    assert "getFile" not in server.calls
    # The size was not told, and Telegram refuses to hand the file out.
    assert await said_to(bytes(MAX_DOWNLOAD_BYTES + 1), "image/jpeg", 0) == too_large
    assert conversation.incoming == []
    await said_to(jpeg(), "image/jpeg", MAX_DOWNLOAD_BYTES)
    assert len(conversation.incoming) == 1


@pytest.mark.usefixtures("bot")
async def test_an_album_is_added_whole_and_answered_once(
    server: TelegramServer, conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    album = [noisy_jpeg((32, 32), seed=n) for n in range(4)]
    too_large = StoredFile("photo", jpeg())
    too_large.claimed_bytes = MAX_DOWNLOAD_BYTES + 1
    await ana.send(album=[*album, too_large], caption="/add cats #cat")
    said = await ana.private.next_text()
    assert said == "\n".join([GERMAN.count(*ADDED, 4), GERMAN.say(SENTENCES["too_large"])])
    (incoming,) = conversation.incoming
    assert isinstance(incoming.request, Add)
    assert [one.content for one in incoming.request.uploads] == album
    assert {(one.caption, one.tags) for one in incoming.request.uploads} == {("cats", ("cat",))}


@pytest.mark.usefixtures("bot")
async def test_of_an_album_the_first_picture_is_looked_for(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    await ana.send(album=[jpeg(), png()])
    await ana.private.next()
    await ana.send("cat")
    await ana.private.next()
    assert conversation.incoming[0].request == FindSimilar(jpeg())
    assert len(conversation.incoming) == 2


@pytest.mark.usefixtures("bot")
async def test_after_add_pictures_are_taken_until_a_question_comes(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    await ana.send("/add")
    assert await ana.private.next_text() == GERMAN.say(SENTENCES["send_now"])
    await ana.send(photo=jpeg(), caption="a cat")
    await ana.send(sticker=webp())
    for _ in range(2):
        assert await ana.private.next_text() == GERMAN.count(*ADDED, 1)
    await ana.send("cat")
    photo, *_ = await ana.private.next(3)
    assert photo.text == "1 · a cat"
    await ana.send(photo=jpeg())
    await ana.private.next(3)
    assert conversation.incoming[-1].request == FindSimilar(jpeg())


@pytest.mark.usefixtures("bot")
async def test_a_picture_is_added_in_reply_by_those_who_may(
    world: World, conversation: MemoryConversation, ana: TelegramPerson, bob: TelegramPerson
) -> None:
    group = world.group(ana, members=[bob])
    gif = animated_gif()
    posted = await bob.send(document=gif, media_type="image/gif", chat=group)
    refused = await bob.send("/add", chat=group, reply_to=posted)
    assert (await bob.wait_for_answer(refused)).text == CORE_SENTENCES["not_allowed"]
    asked = await ana.send("/add dancing #gif", chat=group, reply_to=posted)
    assert (await ana.wait_for_answer(asked)).text == GERMAN.count(*ADDED, 1)
    request = conversation.incoming[-1].request
    assert isinstance(request, Add)
    assert (request.uploads[0].content, request.uploads[0].tags) == (gif, ("gif",))
    # An admin has named Bob.
    conversation.hashed.policies[f"telegram:chat:{group.id}"] = Policy(
        add_groups=frozenset({f"telegram:{bob.id}"})
    )
    again = await bob.send("/add", chat=group, reply_to=posted)
    assert "1" in (await bob.wait_for_answer(again)).text
