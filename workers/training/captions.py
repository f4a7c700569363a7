"""Phrases of several words with their English, written by translators of free programs.

Captions of a thousand drawings (the stamps of Tux Paint), things on a map (OpenStreetMap's
presets), things and creatures of a game (Cataclysm).
"""

import gettext
import json
import re
from collections.abc import Iterator
from pathlib import Path

from workers.training import sources
from workers.training.errors import DataError

_LINE = re.compile(r"^([A-Za-z]{2,3})(?:_[A-Z]{2})?(?:@\w+)?\.utf8=(.+)$")
_THING = re.compile(r"[a-z]{3,}(?:[ '-][a-z]+){0,4}")


def tuxpaint(cache: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (language, caption, English caption); English comes as ("en", caption, caption)."""
    folder = sources.debian_folder(
        "tuxpaint-stamps-default", Path("/usr/share/tuxpaint/stamps"), cache
    )
    for path in sorted(folder.rglob("*.txt")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        if not lines or not lines[0].strip():
            continue
        english = lines[0].strip().rstrip(".")
        yield "en", english, english
        for line in lines[1:]:
            found = _LINE.match(line.strip())
            if found and (caption := found[2].strip(" .।|。")):
                yield found[1], caption, english


def presets(cache: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (language, name, English name) of what a map shows, in some seventy languages."""
    folder = sources.fetch_npm(sources.PRESETS, cache) / "dist" / "translations"
    english = dict(_preset_names(folder / "en.json"))
    for path in sorted(folder.glob("*.json")):
        if path.stem == "index" or path.stem.endswith(".min") or path.stem.startswith("en"):
            continue
        for preset, names in _preset_names(path):
            if preset in english:
                for name in names:
                    yield path.stem, name, english[preset][0].lower()


def _preset_names(path: Path) -> Iterator[tuple[str, list[str]]]:
    try:
        (translated,) = json.loads(path.read_text(encoding="utf-8")).values()
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is not a file of presets ({error})") from error
    for preset, texts in translated.get("presets", {}).get("presets", {}).items():
        if texts.get("name"):
            aliases = texts.get("aliases", "").split("\n")
            yield preset, [name.strip() for name in (texts["name"], *aliases) if name.strip()]


def cataclysm(cache: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (language, phrase, English phrase) of a game's things, all their forms of number."""
    folder = sources.fetch_debian(sources.CATACLYSM.name, cache) / "usr" / "share" / "locale"
    for path in sorted(folder.glob("*/LC_MESSAGES/*.mo")):
        language = path.parts[-3]
        for english, phrase in _messages(path):
            if _THING.fullmatch(english) and phrase and phrase.lower() != english:
                yield language, phrase, english


def _messages(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open("rb") as file:
            catalogue = gettext.GNUTranslations(file)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path} is not a catalogue of translations ({error})") from error
    # The module has no public way to go through a catalogue; plural forms have (text, number).
    entries: dict[str | tuple[str, int], str] = getattr(catalogue, "_catalog", {})
    for key, phrase in entries.items():
        text = key if isinstance(key, str) else key[0]
        yield text.rpartition("\x04")[2], phrase
