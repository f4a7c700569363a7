"""Pixels of every kind, as they look once decoded."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests import pictures
from tests.pictures.comparison import assert_near, pixels
from workers import images
from workers.images import decode

# Pillow warns of odd files; a worker does not stop at warnings, and so these tests must not either.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.parametrize("by_adobe", [True, False])
def test_cmyk_is_not_seen_as_a_negative(by_adobe: bool) -> None:
    frame = decode(pictures.cmyk_jpeg(by_adobe=by_adobe)).frames[0]
    assert_near(frame.getpixel((10, 10)), pictures.RED)


@pytest.mark.parametrize("name", ["16 bit", "float"])
def test_deep_gradients_keep_their_range(name: str) -> None:
    row = pixels(decode(pictures.GOOD[name]).frames[0])[8, :, 0]
    assert np.abs(row - np.arange(256)).max() <= 1


def test_integers_of_unknown_range_are_stretched() -> None:
    values = np.tile(np.linspace(-1_000_000, 1_000_000, 256).astype(np.int32), (4, 1))
    content = pictures.saved(Image.fromarray(values), "TIFF")
    row = pixels(decode(content).frames[0])[0, :, 0]
    assert np.abs(row - np.arange(256)).max() <= 1


def test_floats_of_any_size_are_stretched() -> None:
    widest = float(np.finfo(np.float32).max)
    values = np.array([[-widest, 0, widest, np.inf, -np.inf, np.nan]], np.float32)
    row = pixels(decode(pictures.saved(Image.fromarray(values), "TIFF")).frames[0])[0, :, 0]
    assert list(row) == [0, 128, 255, 255, 0, 0]


def test_floats_that_are_no_numbers_are_black() -> None:
    content = pictures.saved(Image.fromarray(np.full((4, 4), np.nan, np.float32)), "TIFF")
    assert decode(content).frames[0].getextrema() == ((0, 0),) * 3


def test_transparent_palettes_keep_their_transparency() -> None:
    frame = decode(pictures.palette_png_with_transparency()).frames[0]
    assert frame.mode == "RGBA"
    assert frame.getchannel("A").getpixel((5, 5)) == 0
    assert frame.getpixel((60, 5)) == (*pictures.GREEN, 255)


def test_an_opaque_alpha_channel_is_dropped() -> None:
    opaque = Image.new("RGBA", (8, 8), (*pictures.BLUE, 255))
    assert decode(pictures.saved(opaque, "PNG")).frames[0].mode == "RGB"


def test_flatten_puts_a_background_behind() -> None:
    frame = decode(pictures.transparent_png()).frames[0]
    assert images.flatten(frame).getpixel((0, 0)) == (255, 255, 255)
    assert images.flatten(frame, (1, 2, 3)).getpixel((0, 0)) == (1, 2, 3)
    assert images.flatten(frame).getpixel((32, 24)) == pictures.BLUE


def test_colours_follow_the_profile() -> None:
    frame = decode(pictures.profiled_jpeg()).frames[0]
    assert_near(frame.getpixel((20, 15)), pictures.RED[::-1])


def test_colours_of_transparent_pictures_follow_the_profile_too() -> None:
    with Image.open(io.BytesIO(pictures.profiled_jpeg())) as profiled:
        profile = profiled.info["icc_profile"]
    with Image.open(io.BytesIO(pictures.transparent_png())) as transparent:
        content = pictures.saved(transparent, "PNG", icc_profile=profile)
    frame = decode(content).frames[0]
    assert_near(frame.getpixel((32, 24)), (*pictures.BLUE[::-1], 255))
    assert frame.getchannel("A").getpixel((0, 0)) == 0


def test_a_broken_profile_is_ignored() -> None:
    content = pictures.saved(pictures.drawing(), "JPEG", icc_profile=b"nonsense" * 50)
    assert decode(content).frames[0].size == (96, 64)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(orientation: int) -> None:
    picture = decode(pictures.exif_rotated_jpeg(orientation))
    frame = picture.frames[0]
    assert (picture.width, picture.height) == frame.size == (80, 48)
    assert_near(frame.getpixel((10, 6)), pictures.RED)
    assert_near(frame.getpixel((70, 6)), pictures.GREEN)
    assert_near(frame.getpixel((10, 42)), pictures.BLUE)
    assert_near(frame.getpixel((70, 42)), pictures.YELLOW)


@pytest.mark.parametrize("file_format", ["TIFF", "WEBP", "PNG"])
def test_other_formats_stand_upright_too(file_format: str) -> None:
    with Image.open(io.BytesIO(pictures.exif_rotated_jpeg(6))) as turned:
        content = pictures.saved(turned.copy(), file_format, exif=turned.getexif())
    picture = decode(content)
    assert (picture.width, picture.height) == picture.frames[0].size == (80, 48)
    assert_near(picture.frames[0].getpixel((70, 42)), pictures.YELLOW)


def test_broken_exif_is_ignored() -> None:
    content = pictures.saved(pictures.drawing(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\1")
    assert decode(content).frames[0].size == (96, 64)
