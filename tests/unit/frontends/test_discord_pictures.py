"""Pictures on their way in from Discord, and out to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from PIL import Image

from bot.core.errors import PictureRefusedError, UnavailableError
from bot.core.messages import Hit, Picture
from bot.frontends.discord_bot import pictures
from bot.frontends.discord_bot.limits import FILE_BYTES, REQUEST_BYTES
from bot.frontends.discord_bot.picture_links import (
    LinkKind,
    PictureLink,
    download,
    first_picture,
    is_discords,
    link_of,
    picture_of,
    pictures_of,
)
from bot.frontends.discord_bot.pictures import Attached, attach, fit, shrink
from tests.pictures import GOOD, bomb_png, truncated_png
from tests.pictures.good import (
    animated_gif,
    exif_rotated_jpeg,
    noisy_jpeg,
    saved,
    transparent_png,
    wide_jpeg,
)

import discord  # isort: skip - after our own package, which keeps its warning quiet

LIMIT = 1000
CDN = "https://cdn.discordapp.com"
PROXY = "https://images-ext-1.discordapp.net/external/abc/https/example.org/cat.png"
INSIDE = ["http://127.0.0.1/admin", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd"]


@pytest.fixture
async def client() -> AsyncIterator[discord.Client]:
    async with aiohttp.TCPConnector() as connector:
        yield discord.Client(intents=discord.Intents(guilds=True), connector=connector)


def message(client: discord.Client, **more: Any) -> discord.Message:
    """Build a message as it comes in."""
    user = {"id": "7", "username": "max", "discriminator": "0", "avatar": None}
    payload: Any = {"id": "1", "author": user, **written(**more)}
    channel = client.get_partial_messageable(2)
    return discord.Message(state=client._connection, channel=channel, data=payload)


def written(**more: Any) -> dict[str, Any]:
    """Write what a message and a forwarded one have in common."""
    empty: Any = {name: [] for name in ("attachments", "embeds", "mentions", "mention_roles")}
    return {
        **empty,
        "content": "",
        "timestamp": "2026-01-02T03:04:05+00:00",
        "edited_timestamp": None,
        "type": 0,
        "pinned": False,
        "mention_everyone": False,
        "tts": False,
        **more,
    }


def attachment(filename: str, content_type: str | None = None, **more: Any) -> dict[str, Any]:
    address = f"{CDN}/attachments/1/2/{filename}"
    described = {} if content_type is None else {"content_type": content_type}
    named = {"id": "3", "filename": filename, "size": 5, "url": address, "proxy_url": address}
    return {**named, **described, **more}


def addresses(client: discord.Client, **more: Any) -> list[str]:
    return [link.url for link in pictures_of(message(client, **more))]


# --- Where pictures are ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filename", "content_type", "is_picture"),
    [
        ("cat.png", "image/png", True),
        ("cat", "image/webp", True),
        ("cat.JPG", None, True),
        ("cat.png", "video/mp4", False),
        ("notes.txt", "text/plain; charset=utf-8", False),
        ("notes", None, False),
    ],
)
async def test_attachments(
    client: discord.Client, filename: str, content_type: str | None, is_picture: bool
) -> None:
    files = [attachment(filename, content_type, description="a cat")]
    asked = message(client, attachments=files)
    link = link_of(asked.attachments[0])
    assert pictures_of(asked) == ([link] if is_picture else [])
    assert first_picture(asked.attachments) == (asked.attachments[0] if is_picture else None)
    assert (link.kind, link.filename, link.size_bytes) == (LinkKind.ATTACHMENT, filename, 5)
    assert link.description == "a cat"


async def test_embeds_are_taken_from_discords_proxy(client: discord.Client) -> None:
    image = {"url": "https://example.org/cat.png", "proxy_url": PROXY}
    thumbnail = {"url": f"{CDN}/attachments/1/2/small.png"}
    embeds = [{"type": "rich", "image": image, "thumbnail": thumbnail}]
    image_link, thumbnail_link = pictures_of(message(client, embeds=embeds))
    assert (image_link.url, image_link.filename) == (PROXY, "cat.png")
    assert (image_link.kind, image_link.size_bytes) == (LinkKind.EMBED, None)
    assert thumbnail_link.url == thumbnail["url"]


@pytest.mark.parametrize("kind", ["gifv", "video"])
async def test_of_films_the_still_is_taken(client: discord.Client, kind: str) -> None:
    still = {"url": "https://media.tenor.com/cat.png", "proxy_url": PROXY}
    film = {"url": "https://media.tenor.com/cat.mp4", "proxy_url": PROXY.replace("png", "mp4")}
    assert addresses(client, embeds=[{"type": kind, "thumbnail": still, "video": film}]) == [PROXY]


@pytest.mark.parametrize("url", [*INSIDE, "attachment://cat.png", "", "http://[", None])
@pytest.mark.parametrize("proxy_url", [*INSIDE, "https://evil.example/cat.png", "", None])
async def test_other_hosts_are_passed_over(
    client: discord.Client, url: str | None, proxy_url: str | None
) -> None:
    media = {"url": url, "proxy_url": proxy_url}
    gallery = {"type": 12, "items": [{"media": media}]}
    embeds = [{"type": "image", "image": media, "thumbnail": media}]
    assert addresses(client, embeds=embeds, components=[gallery]) == []


async def test_stickers(client: discord.Client) -> None:
    stickers = [
        {"id": str(80 + kind), "name": "wave", "format_type": kind} for kind in (1, 2, 3, 4)
    ]
    links = pictures_of(message(client, sticker_items=stickers))
    assert [link.url for link in links] == [
        f"{CDN}/stickers/81.png",
        f"{CDN}/stickers/82.png",
        f"{CDN}/stickers/83.json",
        "https://media.discordapp.net/stickers/84.gif",
    ]
    assert [link.is_readable for link in links] == [True, True, False, True]
    assert {(link.kind, link.description) for link in links} == {(LinkKind.STICKER, "wave")}
    chosen = picture_of(message(client, sticker_items=stickers[2:]))
    assert chosen is not None
    assert chosen.filename == "84.gif"


async def test_a_sticker_that_is_a_program_cannot_be_read(client: discord.Client) -> None:
    stickers = [{"id": "83", "name": "wave", "format_type": 3}]
    link = picture_of(message(client, sticker_items=stickers))
    assert await refusal(link) == "unsupported"


async def test_emoji_in_the_text(client: discord.Client) -> None:
    still, moving = "<:cat:123456789012345678>", "<a:dog_2:223456789012345678>"
    text = f"look {still}{moving} again {still} :smile: <@123456789012345678> <:x:1>"
    links = pictures_of(message(client, content=text))
    assert [(link.url, link.filename, link.description) for link in links] == [
        (f"{CDN}/emojis/123456789012345678.png", "123456789012345678.png", "cat"),
        (f"{CDN}/emojis/223456789012345678.webp?animated=true", "223456789012345678.webp", "dog_2"),
    ]
    assert {link.kind for link in links} == {LinkKind.EMOJI}


async def test_galleries(client: discord.Client) -> None:
    def media(name: str, content_type: str | None = "image/png") -> dict[str, Any]:
        return {"url": f"{CDN}/attachments/1/2/{name}", "content_type": content_type}

    items = [{"media": media("a.png"), "description": "a cat"}, {"media": media("b", "video/mp4")}]
    thumbnail = {"type": 11, "media": media("c.png", None)}
    section = {"type": 9, "components": [{"type": 10, "content": "hi"}], "accessory": thumbnail}
    row = {"type": 1, "components": [{"type": 2, "style": 2, "label": "x", "custom_id": "x"}]}
    container = {"type": 17, "components": [{"type": 12, "items": items}, section, row]}
    first, second = pictures_of(message(client, components=[container]))
    assert (first.filename, first.description) == ("a.png", "a cat")
    assert second.filename == "c.png"


async def test_forwarded_messages(client: discord.Client) -> None:
    forwarded = written(
        content="<:cat:123456789012345678>",
        attachments=[attachment("old.png")],
        sticker_items=[{"id": "81", "name": "wave", "format_type": 1}],
    )
    links = addresses(client, message_snapshots=[{"message": forwarded}])
    assert [link.rpartition("/")[2] for link in links] == [
        "old.png",
        "81.png",
        "123456789012345678.png",
    ]


async def test_the_order_and_that_each_is_named_once(client: discord.Client) -> None:
    own = attachment("own.png")
    again = own["url"].replace("cdn.discordapp.com", "media.discordapp.net") + "?width=9"
    embeds = [{"type": "image", "image": {"url": own["url"], "proxy_url": again}}]
    embeds += [{"type": "image", "thumbnail": {"url": "x", "proxy_url": PROXY}}]
    found = addresses(
        client,
        content="<:cat:123456789012345678>",
        attachments=[own, attachment("own.txt")],
        embeds=embeds,
        sticker_items=[{"id": "81", "name": "wave", "format_type": 1}],
    )
    names = [address.rpartition("/")[2] for address in found]
    assert names == ["own.png", "cat.png", "81.png", "123456789012345678.png"]


async def test_a_message_without_pictures(client: discord.Client) -> None:
    assert picture_of(message(client, content="hello", embeds=[{"type": "rich"}])) is None
    assert await refusal(None) == "not_a_picture"


# --- Downloads ------------------------------------------------------------------------------


class Cdn:
    """A file server that Discord's could be, on loopback."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as the path demands: a status, or a number of bytes with or without a length."""
        self.asked.append(str(request.url))
        kind, _, number = request.path.strip("/").partition("/")
        match kind:
            case "status":
                raise_for = {"Location": f"{self.url}/bytes/5"}
                return web.Response(status=int(number), headers=raise_for)
            case "bytes":
                return web.Response(body=bytes(int(number)))
            case "stream":
                response = web.StreamResponse()
                await response.prepare(request)
                for _ in range(int(number)):
                    await response.write(b"0")
                return response
            case "cut":
                response = web.StreamResponse(headers={"Content-Length": "100"})
                await response.prepare(request)
                await response.write(b"0")
                assert request.transport is not None
                request.transport.abort()
                return response
        raise web.HTTPNotFound


@pytest.fixture
async def cdn(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cdn]:
    cdn, application = Cdn(), web.Application()
    application.router.add_get("/{path:.*}", cdn.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cdn.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    monkeypatch.setattr(discord.Asset, "BASE", cdn.url)
    yield cdn
    await runner.cleanup()


def link(client: discord.Client, url: str, **more: Any) -> PictureLink:
    return PictureLink(LinkKind.EMBED, url, client.http, **more)


async def refusal(link: PictureLink | None) -> str:
    """Return why a picture is not downloaded."""
    with pytest.raises(PictureRefusedError) as refused:
        await download(link, LIMIT, 5)
    return refused.value.reason


@pytest.mark.parametrize("kind", ["bytes", "stream"])
async def test_as_much_as_the_limit_allows_and_no_byte_more(
    client: discord.Client, cdn: Cdn, kind: str
) -> None:
    content = await download(link(client, f"{cdn.url}/{kind}/{LIMIT}"), LIMIT, 5)
    assert len(content) == LIMIT
    assert await refusal(link(client, f"{cdn.url}/{kind}/{LIMIT + 1}")) == "too_large"


async def test_what_is_said_to_be_too_large_is_not_asked_for(
    client: discord.Client, cdn: Cdn
) -> None:
    url = f"{cdn.url}/bytes/5"
    assert len(await download(link(client, url, size_bytes=LIMIT), LIMIT, 5)) == 5
    assert await refusal(link(client, url, size_bytes=LIMIT + 1)) == "too_large"
    assert cdn.asked == [url]


async def test_attachments_are_downloaded(client: discord.Client, cdn: Cdn) -> None:
    files = [attachment("cat.png", url=f"{cdn.url}/bytes/5")]
    (attached,) = message(client, attachments=files).attachments
    assert await download(attached, LIMIT, 5) == bytes(5)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 400, 403, 404, 410, 415])
async def test_what_is_not_there(client: discord.Client, cdn: Cdn, status: int) -> None:
    url = f"{cdn.url}/status/{status}"
    assert await refusal(link(client, url)) == "missing"
    assert cdn.asked == [url]  # redirects are not followed, not even on the same host


@pytest.mark.parametrize("path", ["status/408", "status/429", "status/500", "status/503", "cut"])
async def test_what_may_be_there_later(client: discord.Client, cdn: Cdn, path: str) -> None:
    with pytest.raises(UnavailableError):
        await download(link(client, f"{cdn.url}/{path}"), LIMIT, 5)


async def test_nobody_listens(client: discord.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.Asset, "BASE", "http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        await download(link(client, "http://127.0.0.1:9/x"), LIMIT, 5)


async def test_the_bot_is_being_stopped(client: discord.Client, cdn: Cdn) -> None:
    await client.http.connector.close()
    with pytest.raises(UnavailableError):
        await download(link(client, f"{cdn.url}/bytes/5"), LIMIT, 5)


async def test_no_time_left(client: discord.Client, cdn: Cdn) -> None:
    with pytest.raises(UnavailableError):
        await download(link(client, f"{cdn.url}/bytes/5"), LIMIT, 0)


async def test_other_addresses_are_not_asked(client: discord.Client, cdn: Cdn) -> None:
    port = cdn.url.rpartition(":")[2]
    for url in (
        *INSIDE,
        f"http://localhost:{port}/bytes/5",
        f"http://127.0.0.1.:{port}/bytes/5",
        f"{cdn.url}@evil.example/bytes/5",
    ):
        assert await refusal(link(client, url)) == "missing"
    assert cdn.asked == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"{CDN}/emojis/1.png", True),
        ("https://media.discordapp.net/stickers/1.gif", True),
        (PROXY, True),
        ("https://images-ext-2.discordapp.net/external/x", True),
        ("HTTPS://CDN.DISCORDAPP.COM/x", True),
        ("http://cdn.discordapp.com/x", False),
        ("https://cdn.discordapp.com:8443/x", False),
        ("https://cdn.discordapp.com.evil.example/x", False),
        ("https://evil.example/cdn.discordapp.com", False),
        ("https://cdn.discordapp.com@evil.example/x", False),
        ("https://evil.example\\@cdn.discordapp.com/x", False),
        ("https://evil.example#@cdn.discordapp.com/x", False),
        ("https://discordapp.com/x", False),
        ("//cdn.discordapp.com/x", False),
        ("/x", False),
        ("", False),
    ],
)
def test_discords_hosts(address: str, expected: bool) -> None:
    assert is_discords(address) is expected


async def test_the_clients_proxy_is_used(cdn: Cdn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.Asset, "BASE", "http://cdn.invalid")
    async with aiohttp.TCPConnector() as connector:
        through = discord.Client(
            intents=discord.Intents(guilds=True), connector=connector, proxy=cdn.url
        )
        assert await download(link(through, "http://cdn.invalid/bytes/5"), LIMIT, 5) == bytes(5)
    assert cdn.asked == ["http://cdn.invalid/bytes/5"]


# --- Smaller --------------------------------------------------------------------------------


def noise(side: int) -> bytes:
    """The hardest to compress there is, about three bytes a pixel."""
    pixels = np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return saved(Image.fromarray(pixels), "PNG", compress_level=1)


def opened(content: bytes | None) -> Image.Image:
    assert content is not None
    return Image.open(BytesIO(content))


@pytest.mark.parametrize("content", [noisy_jpeg((1200, 900)), noise(700)], ids=["jpeg", "png"])
def test_noisy_pictures_get_smaller_step_by_step(content: bytes) -> None:
    assert shrink(content, len(content)) is content
    sides = []
    for part in (1, 3, 10, 100):
        limit = len(content) // part - 1
        smaller = shrink(content, limit)
        assert smaller is not None
        assert len(smaller) <= limit
        picture = opened(smaller)
        assert picture.format == "WEBP"
        sides.append(picture.width)
    assert sides == sorted(sides, reverse=True)
    assert sides[0] == opened(content).width
    assert sides[-1] >= 64


def test_what_matters_stays_as_it_is() -> None:
    rotated = opened(shrink(exif_rotated_jpeg(), 400))
    assert rotated.size == (80, 48)
    clear = opened(shrink(transparent_png((640, 480)), 1500))
    assert clear.convert("RGBA").getpixel((0, 0))[3] == 0
    wide = opened(shrink(wide_jpeg(), 3000))
    assert wide.width > 20 * wide.height
    assert opened(shrink(animated_gif(), 400)).size == (40, 30)


@pytest.mark.parametrize(
    "content", [bomb_png(), truncated_png(), b"RIFFwebp" * 9, b"<svg>" + bytes(60)]
)
def test_what_cannot_be_read_cannot_be_made_smaller(content: bytes) -> None:
    assert shrink(content, 40) is None


def test_too_many_pixels_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = noisy_jpeg((640, 480))
    monkeypatch.setattr(pictures, "MAX_PIXELS", 640 * 480)
    assert shrink(content, len(content) - 1) is not None
    monkeypatch.setattr(pictures, "MAX_PIXELS", 640 * 480 - 1)
    assert shrink(content, len(content) - 1) is None


def test_there_is_an_end_to_it() -> None:
    assert shrink(noisy_jpeg(), 10) is None


@pytest.mark.parametrize("name", sorted(GOOD))
def test_pictures_of_every_kind_get_smaller_or_are_left_out(name: str) -> None:
    content = GOOD[name]
    smaller = shrink(content, max(60, len(content) // 2))
    assert smaller is None or len(smaller) <= max(60, len(content) // 2)


# --- Attaching ------------------------------------------------------------------------------


class Shelf:
    """The part of the conversation that hands out pictures."""

    def __init__(self, *contents: bytes | None, media_type: str = "image/webp") -> None:
        self._contents = contents
        self._media_type = media_type

    async def rendition(self, _collection: str, hit: Hit) -> Picture | None:
        content = self._contents[hit.image_id]
        return None if content is None else Picture(content, self._media_type, "x")

    def hits(self, caption: str = "cat") -> list[Hit]:
        return [_hit(number, caption) for number in range(len(self._contents))]

    async def attach(self, *limits: int, caption: str = "cat") -> dict[int, Attached]:
        conversation: Any = self
        return await attach(conversation, "c", self.hits(caption), *limits)


def _hit(number: int, caption: str) -> Hit:
    return Hit(
        image_id=number,
        rank=number + 1,
        score=0.5,
        caption=caption,
        alt_text=caption,
        width=1,
        height=1,
        media_type="image/webp",
        sha256="00",
        uploader_id="u",
        uploader_name="Ada",
        added_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def test_small_pictures_go_out_as_they_are() -> None:
    attached = await Shelf(b"one", None, b"three").attach(FILE_BYTES)
    assert [(n, picture.content, picture.filename) for n, picture in attached.items()] == [
        (0, b"one", "1.webp"),
        (2, b"three", "3.webp"),
    ]


async def test_at_most_ten() -> None:
    assert len(await Shelf(*[b"x"] * 10).attach(FILE_BYTES)) == 10
    assert list(await Shelf(*[b"x"] * 11).attach(FILE_BYTES)) == list(range(10))


async def test_the_file_limit() -> None:
    content = noisy_jpeg()
    shelf = Shelf(content, b"small", media_type="image/jpeg")
    attached = await shelf.attach(len(content))
    assert (attached[0].content, attached[0].filename) == (content, "1.jpg")
    attached = await shelf.attach(len(content) - 1)
    assert len(attached[0].content) < len(content)
    assert attached[0].filename == "1.webp"
    assert (attached[1].content, attached[1].filename) == (b"small", "2.jpg")


async def test_ten_large_pictures_fit_into_one_request() -> None:
    large = noise(1000)
    assert 10 * len(large) > REQUEST_BYTES
    emoji = "😀" * 1025
    attached = await Shelf(*[large] * 9, b"small", media_type="image/png").attach(
        FILE_BYTES, caption=emoji
    )
    assert len(attached) == 10
    assert attached[9].content == b"small"
    described = json.dumps([picture.description for picture in attached.values()])
    total = sum(len(picture.content) for picture in attached.values())
    assert total + len(described) < REQUEST_BYTES
    assert {opened(attached[n].content).size for n in range(9)} == {(1000, 1000)}


async def test_what_cannot_be_made_smaller_is_left_out() -> None:
    attached = await Shelf(bytes(FILE_BYTES + 1), b"small").attach(FILE_BYTES)
    assert list(attached) == [1]
    assert list(await Shelf(bytes(FILE_BYTES)).attach(FILE_BYTES)) == [0]


async def test_once_more_with_lower_limits() -> None:
    content = noisy_jpeg()
    attached = await Shelf(content, content).attach(FILE_BYTES)
    assert {picture.content for picture in attached.values()} == {content}
    again = await fit(attached, len(content) // 2, REQUEST_BYTES // 2)
    assert all(len(picture.content) <= len(content) // 2 for picture in again.values())
    room = len(content) + 256 * 2**10
    third = await Shelf(content, content).attach(FILE_BYTES, room)
    assert sum(len(picture.content) for picture in third.values()) <= len(content)
    assert len(again) == len(third) == 2


@pytest.mark.parametrize(("length", "expected"), [(1024, 1024), (1025, 1024)])
async def test_alt_text(length: int, expected: int) -> None:
    attached = await Shelf(b"x").attach(FILE_BYTES, caption="a" * length)
    assert len(attached[0].description) == expected
    assert attached[0].description.endswith("…") is (length > 1024)
    assert attached[0].file().description == attached[0].description
