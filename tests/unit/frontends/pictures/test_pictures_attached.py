"""Pictures on their way out to Discord: made smaller where they must be, and attached."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot.core.messages import Hit, Picture
from bot.frontends.discord_bot import pictures
from bot.frontends.discord_bot.limits import FILE_BYTES, REQUEST_BYTES
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
