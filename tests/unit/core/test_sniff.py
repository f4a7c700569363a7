"""Recognising files by their first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import REFUSALS
from bot.core.sniff import SUPPORTED, is_supported, media_type
from tests import pictures

STARTS = [content[:64] for content in pictures.GOOD.values()] + [
    content[:64] for content, _ in pictures.BAD.values()
]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (pictures.jpeg(), "image/jpeg"),
        (pictures.png(), "image/png"),
        (pictures.apng(), "image/apng"),
        (pictures.animated_gif(), "image/gif"),
        (pictures.animated_webp(), "image/webp"),
        (pictures.webp(), "image/webp"),
        (pictures.bmp(), "image/bmp"),
        (pictures.tiff(), "image/tiff"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00mif1avifmiaf", "image/avif"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "image/avif"),
    ],
)
def test_supported_pictures_are_recognised(content: bytes, expected: str) -> None:
    assert media_type(content) == expected
    assert is_supported(expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (pictures.heic(), "image/heic"),
        (pictures.svg(), "image/svg+xml"),
        (b"\xef\xbb\xbf  " + pictures.svg(), "image/svg+xml"),
        (pictures.svg().decode().encode("utf-16"), "image/svg+xml"),
        (b"<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>", "image/svg+xml"),
        (b"\xff\x0a\xfa\x1f", "image/jxl"),
        (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
        (pictures.html(), "text/html"),
        (pictures.pdf_named_jpg(), "application/pdf"),
        (b"\n\n" + pictures.pdf_named_jpg(), "application/pdf"),
        (pictures.mp4(), "video/mp4"),
        (pictures.webm(), "video/webm"),
        (pictures.zip_archive(), "application/zip"),
    ],
)
def test_other_files_are_recognised_as_what_they_are(content: bytes, expected: str) -> None:
    assert media_type(content) == expected
    assert not is_supported(expected)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"BM",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"<svgfoo>",
        b"text about <svg> tags",
        pictures.not_a_picture(),
        pictures.text_like_a_bitmap(),
    ],
)
def test_anything_else_is_nothing(content: bytes) -> None:
    assert media_type(content) is None


def test_an_animation_announced_behind_the_pixels_does_not_count() -> None:
    pixels = pictures.png_chunk(b"IDAT", b"")
    announcement = pictures.png_chunk(b"acTL", b"\x00\x00\x00\x02\x00\x00\x00\x00")
    assert media_type(pictures.raw_png(1, 1, announcement, pixels)) == "image/apng"
    assert media_type(pictures.raw_png(1, 1, pixels, announcement)) == "image/png"


@pytest.mark.parametrize("name", pictures.GOOD)
def test_good_pictures_pass(name: str) -> None:
    assert media_type(pictures.GOOD[name]) in SUPPORTED


@pytest.mark.parametrize("name", pictures.BAD)
def test_bad_files_are_stopped_for_the_right_reason_or_left_to_the_worker(name: str) -> None:
    content, code = pictures.BAD[name]
    assert code in REFUSALS
    found = media_type(content)
    if found is None:
        assert code in ("not_a_picture", "empty")
    elif not is_supported(found):
        assert code == "unsupported"
    else:
        assert code != "not_a_picture"


@given(st.binary(max_size=300) | st.builds(bytes.__add__, st.sampled_from(STARTS), st.binary()))
def test_any_bytes_get_an_answer(content: bytes) -> None:
    found = media_type(content)
    assert found is None or is_supported(found) == (found in SUPPORTED)


@given(st.sampled_from(STARTS), st.integers(0, 64))
def test_any_cut_gets_an_answer(start: bytes, length: int) -> None:
    found = media_type(start[:length])
    assert found is None or "/" in found
