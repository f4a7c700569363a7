"""Where in a Discord message pictures are, and from which hosts they are taken."""

from __future__ import annotations

from typing import Any

import pytest

from bot.frontends.discord_bot.picture_links import (
    LinkKind,
    first_picture,
    is_discords,
    link_of,
    picture_of,
    pictures_of,
)
from tests.unit.frontends.pictures.conftest import (
    CDN,
    INSIDE,
    PROXY,
    attachment,
    message,
    refusal,
    written,
)

import discord  # isort: skip - after our own package, which keeps its warning quiet


def addresses(client: discord.Client, **more: Any) -> list[str]:
    return [link.url for link in pictures_of(message(client, **more))]


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
