"""Noto Color Emoji as pictures: which glyphs the installed font draws, and the drawing itself.

The names come from the PyPI package ``emoji``; the pictures from the font that Debian ships as
``fonts-noto-color-emoji`` (SIL Open Font License 1.1). Joined sequences (🐈‍⬛, flags, keycaps)
need Pillow's raqm layout, which in turn loads FriBidi.
"""

import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import emoji as emoji_data
from PIL import Image, ImageDraw, ImageFont, features

NATIVE_SIZE = 109  # the font holds bitmaps, and FreeType offers them at this pixel size only
WIDTH_PX = 136
HEIGHT_PX = 128

FONT_VARIABLE = "BABELPIX_EMOJI_FONT"
FONT_NAME = "NotoColorEmoji.ttf"
FONT_FOLDERS = (
    "/usr/share/fonts/truetype/noto",
    "/usr/share/fonts/noto",
    "/usr/share/fonts/noto-emoji",
    "/usr/share/fonts/google-noto-emoji",
    "/usr/share/fonts/google-noto-color-emoji-fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
)
INSTALL_HINT = "apt-get install fonts-noto-color-emoji libfribidi0"

_SKIN_TONES = range(0x1F3FB, 0x1F400)


class EmojiFontError(RuntimeError):
    """The emoji font, or the text layout that it needs, is not installed."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """One picture of the font: the characters, their English name, a name fit for a file."""

    emoji: str
    name: str
    slug: str


def find_font() -> Path:
    """Return the path of NotoColorEmoji.ttf.

    ``BABELPIX_EMOJI_FONT`` names another file first. Raises EmojiFontError, with the command that
    installs what is missing, when there is no such font or Pillow cannot lay out joined sequences.
    """
    if not features.check("raqm"):
        raise EmojiFontError(
            f"Pillow cannot load raqm and FriBidi, which join emoji sequences: {INSTALL_HINT}"
        )
    named = os.environ.get(FONT_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise EmojiFontError(f"{FONT_VARIABLE} names a file that does not exist: {named}")
        return Path(named)
    folders = [Path(folder).expanduser() for folder in FONT_FOLDERS]
    if sys.platform == "win32":
        folders.append(Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts")
    for folder in folders:
        if (folder / FONT_NAME).is_file():
            return folder / FONT_NAME
    raise EmojiFontError(f"{FONT_NAME} was not found: {INSTALL_HINT}")


@lru_cache(maxsize=2)
def _load(path: Path) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(path, NATIVE_SIZE, layout_engine=ImageFont.Layout.RAQM)
    except OSError as error:
        raise EmojiFontError(f"{path} is not a usable colour font ({error})") from error


def _is_one_picture(font: ImageFont.FreeTypeFont, emoji: str) -> bool:
    # A missing character is drawn as an empty box of no height, and a sequence that the font
    # does not join is drawn as several pictures side by side.
    left, top, right, bottom = font.getbbox(emoji)
    return 0 < bottom - top <= HEIGHT_PX and 0 < right - left <= WIDTH_PX


def slug(name: str) -> str:
    """Return an ASCII file name of lower-case words joined by hyphens: "piñata" → "pinata"."""
    spaced = name.replace("’", " ")
    plain = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


@lru_cache(maxsize=2)
def _glyphs(path: Path) -> tuple[Glyph, ...]:
    font = _load(path)
    found: list[Glyph] = []
    taken: set[str] = set()
    for characters, data in emoji_data.EMOJI_DATA.items():
        if data["status"] != emoji_data.STATUS["fully_qualified"]:
            continue
        if any(ord(character) in _SKIN_TONES for character in characters):
            continue
        if not _is_one_picture(font, characters):
            continue
        name = data["en"].strip(":").replace("_", " ")
        file_name = slug(name) or "emoji"
        if file_name in taken:  # "Japanese “bargain” button" and its like differ in signs alone
            file_name += "-" + "-".join(f"{ord(character):x}" for character in characters)
        taken.add(file_name)
        found.append(Glyph(characters, name, file_name))
    return tuple(found)


def glyphs() -> Iterator[Glyph]:
    """Yield every emoji that the font draws as one picture, without skin-tone variants.

    The order is that of the package ``emoji`` and stays the same from run to run.
    """
    yield from _glyphs(find_font())


def render(emoji: str) -> Image.Image:
    """Return one emoji as an RGBA picture of 136 × 128 pixels on a transparent ground.

    Raises ValueError when the font does not draw ``emoji`` as a single picture.
    """
    font = _load(find_font())
    if not _is_one_picture(font, emoji):
        raise ValueError(f"the font has no single picture for {emoji!r}")
    picture = Image.new("RGBA", (WIDTH_PX, HEIGHT_PX))
    ImageDraw.Draw(picture).text((0, 0), emoji, font=font, embedded_color=True)
    return picture
