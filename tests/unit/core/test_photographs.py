"""A word about photographs, to an encoder that does not know them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.messages import Add, Upload
from bot.core.photographs import COMMAND, looks_like_photograph
from tests.unit.core.memory import ADMIN, MemoryBot
from tests.unit.core.memory_pictures import SPACE

JPEG = b"\xff\xd8\xff\xe0" + bytes(50_000)
CAMERA = b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00" + bytes(99)
ICON = b"\xff\xd8\xff\xe0" + bytes(5_000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50_000)


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        *((JPEG, True), (CAMERA, True), (ICON, False), (PNG, False), (b"", False)),
        (b"\x00\x00\x00\x18ftypheic" + bytes(9), True),
        (b"\x00\x00\x00\x18ftypavif" + bytes(9), False),
    ],
)
def test_a_photograph_is_told_by_its_first_bytes_and_its_size(content: bytes, is_one: bool) -> None:
    assert looks_like_photograph(content) is is_one


@pytest.mark.parametrize("knows", [True, False])
async def test_it_is_said_once_for_a_batch_and_only_where_it_is_true(knows: bool) -> None:
    bot = MemoryBot()
    bot.pictures.space = replace(SPACE, photographs=knows)
    reply = await bot.say(Add((Upload(PNG), Upload(JPEG), Upload(CAMERA))), person=ADMIN)
    assert reply.text.count(COMMAND) == (not knows)
    again = await bot.say(Add((Upload(PNG + b"1"),)), person=ADMIN)
    assert COMMAND not in again.text
