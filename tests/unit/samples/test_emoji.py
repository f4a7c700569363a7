"""The emoji renderer draws single pictures and says clearly when it cannot."""

from pathlib import Path

import pytest
from PIL import features

from samples import emoji


def _font_is_there() -> bool:
    try:
        emoji.find_font()
    except emoji.EmojiFontError:
        return False
    return True


needs_font = pytest.mark.skipif(
    not _font_is_there(), reason="the emoji font or raqm is not installed"
)


@pytest.fixture
def glyphs() -> list[emoji.Glyph]:
    return list(emoji.glyphs())


@needs_font
def test_lists_every_picture_once(glyphs: list[emoji.Glyph]) -> None:
    assert 1800 < len(glyphs) < 2200
    assert len({glyph.emoji for glyph in glyphs}) == len(glyphs)
    assert len({glyph.slug for glyph in glyphs}) == len(glyphs)
    assert all(glyph.slug.isascii() and glyph.slug for glyph in glyphs)


@needs_font
def test_leaves_out_skin_tones(glyphs: list[emoji.Glyph]) -> None:
    tones = {chr(code) for code in range(0x1F3FB, 0x1F400)}
    assert not any(tones & set(glyph.emoji) for glyph in glyphs)


@needs_font
@pytest.mark.parametrize("characters", ["🐈‍⬛", "🇫🇷", "1️⃣", "👨‍👩‍👧", "😀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_joined_sequences_are_one_picture(characters: str, glyphs: list[emoji.Glyph]) -> None:
    assert characters in {glyph.emoji for glyph in glyphs}
    picture = emoji.render(characters)
    assert picture.mode == "RGBA"
    assert picture.size == (emoji.WIDTH_PX, emoji.HEIGHT_PX)
    assert picture.getbbox() is not None
    corner = picture.getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert corner[3] == 0


@needs_font
def test_a_joined_sequence_differs_from_its_parts() -> None:
    assert emoji.render("🐈‍⬛").tobytes() != emoji.render("🐈").tobytes()


@needs_font
@pytest.mark.parametrize("characters", ["", "A", "😀😀", "\U0010fffd"])
def test_refuses_what_is_not_one_picture(characters: str) -> None:
    with pytest.raises(ValueError, match="no single picture"):
        emoji.render(characters)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("black cat", "black-cat"),
        ("piñata", "pinata"),
        ("Côte d’Ivoire", "cote-d-ivoire"),
        ("keycap: *", "keycap"),
    ],
)
def test_slug(name: str, expected: str) -> None:
    assert emoji.slug(name) == expected


@pytest.fixture
def no_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv(emoji.FONT_VARIABLE, raising=False)
    monkeypatch.setattr(emoji, "FONT_FOLDERS", (str(tmp_path),))
    return tmp_path


def test_says_how_to_install_a_missing_font(
    no_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "check", lambda feature: True)
    with pytest.raises(emoji.EmojiFontError, match="apt-get install fonts-noto-color-emoji"):
        emoji.find_font()


def test_says_how_to_install_missing_raqm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda feature: False)
    with pytest.raises(emoji.EmojiFontError, match="libfribidi0"):
        emoji.find_font()


def test_a_named_font_must_exist(no_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda feature: True)
    monkeypatch.setenv(emoji.FONT_VARIABLE, str(no_folders / "gone.ttf"))
    with pytest.raises(emoji.EmojiFontError, match=r"gone\.ttf"):
        emoji.find_font()


def test_a_file_that_is_no_font(no_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = no_folders / "broken.ttf"
    broken.write_bytes(b"not a font")
    monkeypatch.setattr(features, "check", lambda feature: True)
    monkeypatch.setenv(emoji.FONT_VARIABLE, str(broken))
    with pytest.raises(emoji.EmojiFontError, match="not a usable colour font"):
        emoji.render("😀")
