"""Emoji names and keywords by locale: Unicode CLDR, and emojilib's English keywords."""

import json
from dataclasses import dataclass
from pathlib import Path

from workers.training import sources
from workers.training.artwork import bare
from workers.training.errors import DataError


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one locale calls one picture: the phrase, the picture's row, name or keyword."""

    locale: str
    row: int
    phrase: str
    is_name: bool


def _read(path: Path, top: str, locale: str, alias: dict[str, int]) -> list[Annotation]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))[top].get("annotations", {})
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is not a CLDR annotations file ({error})") from error
    found: list[Annotation] = []
    for characters, entry in entries.items():
        row = alias.get(bare(characters))
        if row is None:
            continue
        names = entry.get("tts", [])
        found.extend(Annotation(locale, row, name, True) for name in names)
        found.extend(
            Annotation(locale, row, word, False)
            for word in entry.get("default", [])
            if word not in names
        )
    return found


def load(cache: Path, alias: dict[str, int]) -> list[Annotation]:
    """Return every annotation of every locale for the emoji in ``alias`` (without selectors)."""
    found: list[Annotation] = []
    for source, top, folder in (
        (sources.ANNOTATIONS, "annotations", "annotations"),
        (sources.DERIVED, "annotationsDerived", "annotationsDerived"),
    ):
        root = sources.fetch_npm(source, cache) / folder
        for path in sorted(root.glob("*/annotations.json")):
            found.extend(_read(path, top, path.parent.name, alias))
    words = json.loads(
        (sources.fetch_npm(sources.EMOJILIB, cache) / "dist" / "emoji-en-US.json").read_text(
            encoding="utf-8"
        )
    )
    for characters, keywords in words.items():
        row = alias.get(bare(characters))
        if row is not None:
            found.extend(
                Annotation("en", row, word.replace("_", " "), False) for word in keywords[1:]
            )
    return list(dict.fromkeys(found))
