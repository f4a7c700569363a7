"""Decoding pictures, good and bad, and what is made of them."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from bot.core.sniff import media_type
from tests import pictures
from tests.pictures.comparison import assert_near, pixels
from workers import images
from workers.images import DecodedPicture, PictureError, decode

# Pillow warns of odd files; a worker does not stop at warnings, and so these tests must not either.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

CODES = {"empty", "too_many_pixels", "not_a_picture", "unsupported", "truncated"}


def refusal(content: bytes, **limits: int) -> str | None:
    try:
        decode(content, **limits)
    except PictureError as error:
        return error.code
    return None


@contextmanager
def peak_memory_below(limit_mb: int) -> Iterator[None]:
    """Check how much the process grew at its highest; does nothing where Linux is not."""
    if not sys.platform.startswith("linux"):
        yield
        return

    def status_mb(name: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) // 1024

    Path("/proc/self/clear_refs").write_text("5")  # forgets the earlier peak
    before = status_mb("VmRSS")
    yield
    assert status_mb("VmHWM") - before < limit_mb


# --- Every kind of picture ------------------------------------------------------------------


@pytest.mark.parametrize("name", pictures.GOOD)
def test_good_pictures_are_decoded(name: str) -> None:
    content = pictures.GOOD[name]
    picture = decode(content)
    assert picture.media_type == media_type(content)
    assert picture.width >= 1
    assert picture.height >= 1
    assert 1 <= len(picture.frames) <= min(3, picture.frame_count)
    for frame in picture.frames:
        assert frame.mode in ("RGB", "RGBA")
        assert max(frame.size) == min(1024, max(picture.width, picture.height))
        assert frame.info == {}
    with Image.open(io.BytesIO(images.rendition(picture))) as stored:
        stored.load()
        assert stored.format == "WEBP"
        assert stored.size == picture.frames[0].size
        assert not stored.info.keys() & {"exif", "xmp", "icc_profile"}
    assert -(2**63) <= images.perceptual_hash(picture) < 2**63
    assert images.flatten(picture.frames[0]).mode == "RGB"


@pytest.mark.parametrize("name", pictures.BAD)
def test_bad_pictures_are_refused_with_their_reason(name: str) -> None:
    content, code = pictures.BAD[name]
    with peak_memory_below(80):
        assert refusal(content) == code


def test_large_pictures_are_scaled_to_the_side_asked_for() -> None:
    picture = decode(pictures.noisy_jpeg((640, 480)), max_side=100)
    assert (picture.width, picture.height) == (640, 480)
    assert picture.frames[0].size == (100, 75)


def test_scaling_from_a_reduced_jpeg_shows_the_same_picture() -> None:
    content = pictures.noisy_jpeg((1600, 1200))
    small = decode(content, max_side=160).frames[0]
    with Image.open(io.BytesIO(content)) as full:
        expected = full.resize((160, 120), Image.Resampling.LANCZOS)
    assert np.abs(pixels(small) - pixels(expected)).mean() < 3


def test_a_jpeg_that_decodes_to_nearly_the_side_asked_for_is_not_scaled_again() -> None:
    content = pictures.noisy_jpeg((2016, 1512))
    frame = decode(content, max_side=512).frames[0]
    assert frame.size == (504, 378)
    with Image.open(io.BytesIO(content)) as full:
        expected = full.resize((504, 378), Image.Resampling.LANCZOS)
    assert np.abs(pixels(frame) - pixels(expected)).mean() < 3
    # One that would come out much smaller is.
    assert decode(content, max_side=600).frames[0].size == (600, 450)


def test_a_panorama_keeps_its_shape() -> None:
    picture = decode(pictures.wide_jpeg())
    assert (picture.width, picture.height) == (20_000, 100)
    assert picture.frames[0].size == (1024, 5)


def test_one_pixel() -> None:
    picture = decode(pictures.one_pixel())
    assert picture.frames[0].size == (1, 1)
    assert picture.frames[0].getpixel((0, 0)) == pictures.RED


# --- Animations -----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [pictures.animated_gif, pictures.animated_webp, pictures.apng])
def test_frames_are_spread_over_an_animation(make: type) -> None:
    picture: DecodedPicture = decode(make(9))
    assert picture.frame_count == 9
    greens = [pixels(frame)[15, 20, 1] for frame in picture.frames]
    assert_near(greens, (0, 96, 191), 6)  # frames 0, 3 and 6 of the fade


def test_only_as_many_frames_as_asked_for() -> None:
    assert len(decode(pictures.animated_gif(9), max_frames=1).frames) == 1
    assert len(decode(pictures.animated_gif(2), max_frames=3).frames) == 2


def test_the_far_end_of_a_long_animation_is_not_decoded() -> None:
    picture = decode(pictures.animated_gif(9, (40, 30)), max_pixels=40 * 30 * 3)
    assert picture.frame_count == 9
    assert [pixels(frame)[15, 20, 1] for frame in picture.frames] == [0, 32, 64]


def test_the_pages_of_a_tiff_are_no_animation() -> None:
    first, second = pictures.drawing(), pictures.drawing((30, 30))
    content = pictures.saved(first, "TIFF", save_all=True, append_images=[second])
    picture = decode(content)
    assert (len(picture.frames), picture.frame_count) == (1, 1)


# --- Limits ---------------------------------------------------------------------------------


def test_the_pixel_limit_is_kept_exactly() -> None:
    content = pictures.png((100, 50))
    assert refusal(content, max_pixels=5000) is None
    assert refusal(content, max_pixels=4999) == "too_many_pixels"


def test_a_picture_as_narrow_as_a_hair_is_too_long() -> None:
    empty = pictures.png_chunk(b"IDAT", b"")
    assert refusal(pictures.raw_png(1, 50_000_000, empty)) == "too_many_pixels"


def test_a_large_picture_is_held_in_memory_once() -> None:
    content = pictures.black_png(6000, 4000)  # 96 MB as Pillow holds it
    with peak_memory_below(150):
        assert decode(content).frames[0].size == (1024, 683)


@pytest.mark.parametrize(
    ("name", "dispensable"),
    [
        ("jpeg", 0),
        ("webp", 0),
        ("animated webp", 0),
        ("bmp", 0),
        ("avif", 0),
        ("png", 22),  # its end mark
        ("tiff", 10),  # values behind the directory, without which it is merely odd
    ],
)
def test_a_picture_cut_short_anywhere_is_truncated(name: str, dispensable: int) -> None:
    if name not in pictures.GOOD:
        pytest.skip("Pillow was built here without libavif, which reads AVIF")
    content = pictures.GOOD[name]
    for length in range(15, len(content) - dispensable, 1 + len(content) // 200):
        assert refusal(content[:length]) == "truncated", length


def test_truncated_pictures_stay_refused() -> None:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


# --- Renditions and hashes ------------------------------------------------------------------


def test_nobody_learns_from_a_rendition_where_it_was_taken() -> None:
    original = pictures.gps_jpeg()
    assert pictures.GPS_MAKER.encode() in original
    stored = images.rendition(decode(original))
    assert pictures.GPS_MAKER.encode() not in stored
    with Image.open(io.BytesIO(stored)) as image:
        assert dict(image.getexif()) == {}


def test_renditions_keep_transparency_and_are_never_enlarged() -> None:
    stored = images.rendition(decode(pictures.transparent_png((64, 48))))
    with Image.open(io.BytesIO(stored)) as image:
        assert (image.mode, image.size) == ("RGBA", (64, 48))
        assert image.getchannel("A").getpixel((0, 0)) == 0


def test_renditions_are_at_most_1024_px() -> None:
    picture = decode(pictures.jpeg((3000, 1500)), max_side=2000)
    with Image.open(io.BytesIO(images.rendition(picture))) as image:
        assert image.size == (1024, 512)
    assert picture.frames[0].size == (2000, 1000)


def distance(one: bytes, other: bytes) -> int:
    first, second = (images.perceptual_hash(decode(content)) for content in (one, other))
    return ((first ^ second) & (2**64 - 1)).bit_count()


def test_hashes_tell_the_same_picture_from_another() -> None:
    one, other = pictures.noisy_jpeg(seed=1), pictures.noisy_jpeg(seed=2)
    smaller = pictures.saved(Image.open(io.BytesIO(one)).resize((320, 240)), "WEBP")
    assert distance(one, smaller) <= 6
    assert distance(one, other) >= 16


# --- Whatever comes -------------------------------------------------------------------------

SMALL = [content for content in pictures.GOOD.values() if len(content) < 4000]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(SMALL)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(content) - 1))
        match draw(st.sampled_from(["set", "insert", "delete"])):
            case "set":
                content[at] = draw(st.integers(0, 255))
            case "insert":
                content[at:at] = draw(st.binary(max_size=8))
            case _:
                del content[at : at + draw(st.integers(1, 8))]
        if not content:
            break
    return bytes(content)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(damaged() | st.binary(max_size=200))
def test_damaged_files_are_decoded_or_refused(content: bytes) -> None:
    try:
        picture = decode(content, max_pixels=1_000_000)
    except PictureError as error:
        code = error.code
    else:
        assert max(picture.frames[0].size) <= 1024
        assert images.rendition(picture)
        return
    assert code in CODES


def test_many_threads_decode_at_once() -> None:
    contents = list(pictures.GOOD.values()) * 4
    alone = [images.perceptual_hash(decode(content)) for content in contents]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda content: images.perceptual_hash(decode(content)), contents))
    assert together == alone
