"""The everyday words out of a Qt resource file, and files that are none."""

import json
import struct
import zlib
from pathlib import Path

import pytest

from workers.training import gcompris, sources
from workers.training.errors import DataError

HASH = b"\0\0\0\0"


def resource(files: dict[str, bytes], version: int = 3) -> bytes:
    """Return a resource file of one folder "data" with ``files``, every other one compressed."""
    names, places, contents = b"", [], b""
    for name in ("data", *files):
        places.append(len(names))
        names += struct.pack(">H", len(name)) + HASH + name.encode("utf-16-be")
    rest = b"\0" * (8 if version > 1 else 0)
    tree = struct.pack(">IHII", 0, 2, 1, 1) + rest
    tree += struct.pack(">IHII", places[0], 2, len(files), 2) + rest
    for number, content in enumerate(files.values()):
        raw = struct.pack(">I", len(content)) + zlib.compress(content) if number % 2 else content
        tree += struct.pack(">IHHHI", places[number + 1], number % 2, 0, 0, len(contents)) + rest
        contents += struct.pack(">I", len(raw)) + raw
    at = 20, 20 + len(tree), 20 + len(tree) + len(contents)
    return b"qres" + struct.pack(">4I", version, *at) + tree + contents + names


def put(cache: Path, content: bytes) -> None:
    path = cache / "debian" / sources.GCOMPRIS.name / "usr/share/gcompris-qt/rcc/lang.rcc"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


@pytest.mark.parametrize("version", [1, 3])
def test_words_with_their_english(tmp_path: Path, version: int) -> None:
    hebrew = {"10.ogg": "עשר", "goat.ogg": "עז", "polar_bear.ogg": "דב קוטב", "kite.ogg": ""}
    files = {
        "words.json": b"[]",
        "content-he.json": json.dumps(hebrew).encode(),
        "content-pt_BR.json": b'{"goat.ogg": "cabra"}',
        "content-en_GB.json": b'{"goat.ogg": "goat"}',
        "picture.svg": b"<svg/>",
    }
    put(tmp_path, resource(files, version))
    assert list(gcompris.words(tmp_path)) == [
        ("he", "עז", "goat"),
        ("he", "דב קוטב", "polar bear"),
        ("pt_BR", "cabra", "goat"),
    ]


@pytest.mark.parametrize(
    "content", [b"", b"no resource file at all", resource({"content-he.json": b"{}"})[:40]]
)
def test_damaged_resources(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, content)
    with pytest.raises(DataError, match="not a readable Qt resource file"):
        list(gcompris.words(tmp_path))


def test_damaged_words(tmp_path: Path) -> None:
    put(tmp_path, resource({"content-he.json": b"{"}))
    with pytest.raises(DataError, match=r"content-he\.json is no JSON"):
        list(gcompris.words(tmp_path))
