"""A thousand everyday words in some forty languages: what GCompris lets children name in pictures.

They lie in a Qt resource file: a tree of names and contents, all numbers big-endian.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from workers.training import sources
from workers.training.errors import DataError

_FOLDER, _ZLIB = 2, 1  # flags of a node
_NODE_BYTES = {1: 14, 2: 22, 3: 22}  # by the version of the format
_NAME = "content-"


def read_resources(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of every JSON file in a Qt resource file."""
    try:
        yield from _files(path.read_bytes())
    except (OSError, struct.error, zlib.error, KeyError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable Qt resource file ({error})") from error


def _files(body: bytes) -> Iterator[tuple[str, bytes]]:
    version, tree, contents, names = struct.unpack_from(">4I", body, 4)
    size = _NODE_BYTES[version]
    folders = [0]
    while folders:
        _, _, count, first = struct.unpack_from(">IHII", body, tree + size * folders.pop())
        for number in range(first, first + count):
            name_at, flags = struct.unpack_from(">IH", body, tree + size * number)
            if flags & _FOLDER:
                folders.append(number)
                continue
            (letters,) = struct.unpack_from(">H", body, names + name_at)
            start = names + name_at + 6  # after the length and a hash
            name = body[start : start + 2 * letters].decode("utf-16-be")
            if name.endswith(".json"):
                (at,) = struct.unpack_from(">I", body, tree + size * number + 10)
                (length,) = struct.unpack_from(">I", body, contents + at)
                raw = body[contents + at + 4 : contents + at + 4 + length]
                yield name, zlib.decompress(raw[4:]) if flags & _ZLIB else raw


def words(cache: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (language, word, English word)."""
    folder = sources.fetch_debian(sources.GCOMPRIS.name, cache)
    path = folder / "usr" / "share" / "gcompris-qt" / "rcc" / "lang.rcc"
    for name, content in sorted(read_resources(path)):
        language = name.removeprefix(_NAME).removesuffix(".json").split("@")[0]
        if not name.startswith(_NAME) or language.startswith("en"):
            continue
        try:
            found = json.loads(content)
        except ValueError as error:
            raise DataError(f"{path}: {name} is no JSON ({error})") from error
        for file, word in found.items():
            english = file.removesuffix(".ogg").replace("_", " ")
            if word and english.replace(" ", "").isalpha():
                yield language, word, english
