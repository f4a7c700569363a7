"""What a text tower knows as a whole: texts are cut into the expressions that it was taught."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SPACE = "▁"
"""What the tokenizer writes for white space (SentencePiece)."""
MOST_WORDS = 8
"""Of one expression within a longer text."""
MOST_LETTERS = 16
"""The same in a script that is written without spaces."""
LEAST_LETTERS = 4
"""Of an expression that a word begins with."""
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
    "\u200d\u20e3\u2190-\u257f\u25a0-\u2bff\U0001f000-\U0001faff\U000e0020-\U000e007f]+"
)
"""Thai, Lao, Tibetan, Burmese, Khmer, kana, Han; and emoji."""

Hashes = NDArray[np.uint32]


class Kind(IntEnum):
    """What a part of a text is."""

    WHOLE = 0
    """All of it, where it is no expression itself."""
    KNOWN = 1
    """An expression."""
    UNKNOWN = 2
    """A word that is none, or letters between two."""
    STEM = 3
    """The longest expression that an unknown word begins with."""


class Part(NamedTuple):
    """One part of a text, as the tokenizer normalises it."""

    text: str
    kind: Kind


class Expressions:
    """A set of expressions, of which only hashes are kept: four bytes for each.

    With 300 000 of them, one text in 14 000 is taken for an expression that it is not.
    """

    def __init__(self, hashes: Hashes) -> None:
        """``hashes`` must be sorted and not empty."""
        self.hashes = hashes

    @classmethod
    def of(cls, normalised: Iterable[str]) -> Expressions:
        """Collect expressions, as the tokenizer normalises them."""
        return cls(np.unique(np.fromiter(map(_hash, normalised), np.uint32)))

    def __or__(self, other: Expressions) -> Expressions:
        """Return the expressions of both."""
        return Expressions(np.union1d(self.hashes, other.hashes))

    def hold(self, normalised: Sequence[str]) -> NDArray[np.bool_]:
        """Tell of each of n texts whether it is one of them."""
        wanted = np.fromiter(map(_hash, normalised), np.uint32, len(normalised))
        places = np.searchsorted(self.hashes, wanted)
        places[places == len(self.hashes)] = 0
        held: NDArray[np.bool_] = self.hashes[places] == wanted
        return held

    def cut(self, normalised: str) -> list[Part]:
        """Cut a text into the fewest parts that leave the least of it unknown.

        What is no expression is cut into words, and the stem of a longer word comes beside it; in
        scripts without spaces it stays together. The whole comes first, unless it is the only part.
        """
        if self.hold([normalised])[0]:
            return [Part(normalised, Kind.KNOWN)]
        parts = [Part(normalised, Kind.WHOLE)]
        for units, spaced in _stretches(normalised):
            for text, known in self._shortest(units, spaced=spaced):
                parts.append(Part(text, Kind.KNOWN if known else Kind.UNKNOWN))
                if spaced and not known:
                    parts += self._stem(text)
        # A single word that nobody knows is what the whole is already.
        return [part for part in parts if part != Part(normalised, Kind.UNKNOWN)]

    def _shortest(self, units: Sequence[str], *, spaced: bool) -> list[tuple[str, bool]]:
        """Cut a stretch of words or letters; return what it is cut into and what of it is known."""
        most = MOST_WORDS if spaced else MOST_LETTERS
        spans = [
            (first, last)
            for last in range(1, len(units) + 1)
            for first in range(max(0, last - most), last)
        ]
        held = self.hold(["".join(units[first:last]) for first, last in spans])
        begins: dict[int, list[int]] = defaultdict(list)
        for (first, last), known in zip(spans, held.tolist(), strict=True):
            if known:
                begins[last].append(first)
        # The cheapest way to each place: units left unknown, parts, where the last part begins.
        ways = [(0, 0, 0)]
        for last in range(1, len(units) + 1):
            choices = [(ways[first][0], ways[first][1] + 1, first) for first in begins[last]]
            unknown, parts, _ = ways[last - 1]
            ways.append(min([*choices, (unknown + 1, parts + 1, last - 1)]))
        found: list[tuple[str, bool]] = []
        last = len(units)
        while last:
            first = ways[last][2]
            text, known = "".join(units[first:last]), ways[first][0] == ways[last][0]
            if found and not spaced and not known and not found[-1][1]:
                found[-1] = (text + found[-1][0], False)
            else:
                found.append((text, known))
            last = first
        return found[::-1]

    def _stem(self, word: str) -> list[Part]:
        shortest = max(LEAST_LETTERS, len(word) // 2) + len(SPACE)
        candidates = [word[:length] for length in range(len(word) - 1, shortest - 1, -1)]
        held = self.hold(candidates)
        return [Part(candidates[int(held.argmax())], Kind.STEM)] if held.any() else []


def _hash(expression: str) -> int:
    return zlib.crc32(expression.encode())


def _stretches(normalised: str) -> Iterator[tuple[list[str], bool]]:
    """Split a text by script: words of those with spaces (True), letters of the others."""
    at = 0
    for found in _UNSPACED.finditer(normalised):
        if words := _words(normalised[at : found.start()]):
            yield words, True
        yield list(found.group()), False
        at = found.end()
    if words := _words(normalised[at:]):
        yield words, True


def _words(normalised: str) -> list[str]:
    return [SPACE + word for word in normalised.split(SPACE) if word]
