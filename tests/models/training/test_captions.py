"""Translated phrases out of the files of free programs."""

import json
import struct
from pathlib import Path

import pytest

from workers.training import captions, sources
from workers.training.errors import DataError


def presets(**names: dict[str, str]) -> dict[str, object]:
    return {"xx": {"presets": {"presets": names}}}


def in_cache(cache: Path, name: str, content: object) -> None:
    folder = f"{sources.PRESETS.name.replace('/', '-').lstrip('@')}-{sources.PRESETS.version}"
    path = cache / "npm" / folder / "package" / "dist" / "translations" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_presets_by_their_english(tmp_path: Path) -> None:
    in_cache(tmp_path, "en.json", presets(dog={"name": "Dog Park"}, fire={"name": "Fire Station"}))
    in_cache(
        tmp_path,
        "de.json",
        presets(
            dog={"name": "Hundepark", "aliases": "Hundewiese\nHundeauslauf"}, other={"name": "X"}
        ),
    )
    for left in ("de.min.json", "en-GB.json", "index.json"):
        in_cache(tmp_path, left, presets(dog={"name": "wrong"}))
    assert list(captions.presets(tmp_path)) == [
        ("de", "Hundepark", "dog park"),
        ("de", "Hundewiese", "dog park"),
        ("de", "Hundeauslauf", "dog park"),
    ]


def test_damaged_presets(tmp_path: Path) -> None:
    in_cache(tmp_path, "en.json", [1, 2])
    with pytest.raises(DataError, match="not a file of presets"):
        list(captions.presets(tmp_path))


def catalogue(entries: dict[bytes, bytes]) -> bytes:
    """Return a compiled catalogue as gettext has it."""
    entries = dict(
        sorted({b"": b"Content-Type: text/plain; charset=UTF-8\n"}.items() | entries.items())
    )
    first, texts = 28 + 16 * len(entries), b""
    tables: tuple[list[int], list[int]] = ([], [])
    for table, strings in zip(tables, (entries.keys(), entries.values()), strict=True):
        for string in strings:
            table.extend((len(string), first + len(texts)))
            texts += string + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, 0)
    return head + struct.pack(f"<{4 * len(entries)}I", *tables[0], *tables[1]) + texts


def put(cache: Path, content: bytes) -> None:
    path = cache / "debian" / sources.CATACLYSM.name / "usr/share/locale/ru/LC_MESSAGES/x.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


def test_things_of_the_game_in_all_their_forms(tmp_path: Path) -> None:
    put(
        tmp_path,
        catalogue(
            {
                b"black cat\0black cats": "чёрный кот\0чёрные коты".encode(),
                b"item\x04wooden chair": "деревянный стул".encode(),
                b"You hit the %s.": "Вы бьёте %s.".encode(),
                b"same": b"same",
            }
        ),
    )
    assert sorted(captions.cataclysm(tmp_path)) == [
        ("ru", "деревянный стул", "wooden chair"),
        ("ru", "чёрные коты", "black cat"),
        ("ru", "чёрный кот", "black cat"),
    ]


def test_a_damaged_catalogue(tmp_path: Path) -> None:
    put(tmp_path, b"no catalogue")
    with pytest.raises(DataError, match="not a catalogue of translations"):
        list(captions.cataclysm(tmp_path))
