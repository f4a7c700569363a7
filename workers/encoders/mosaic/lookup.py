"""Words of many languages whose English is known: a table of hashes, and what they lead to.

For things that have no emoji the text tower has seldom met a word, and where the language is not
the sentence encoder's, nobody has. What may be shipped as a table is looked up.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from workers.encoders.base import Vectors, unit
from workers.encoders.languages import words_of

MOST_WORDS = 4
MOST_LETTERS = 12
"""Of an expression in a script that is written without spaces."""
ENDING = 2
"""Letters that a word may have behind a known one: "masalar" beside "masa"."""
STEM = 4
"""Letters that are left of it at least."""
CUT = 3
LEAST = 5
"""Where even that is unknown, so many letters may differ behind at least so many that a known word
begins with as well: "perhosia" beside "perhonen"."""
OF_STEMS = 0.7
"""What such a word counts."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

Hashes = NDArray[np.uint64]
Places = NDArray[np.int32]


def key(expression: str) -> str:
    """Return an expression as it is looked up: folded words with a space between."""
    return " ".join(words_of(expression))


def hash_of(expression: str) -> int:
    """Return 64 bits of a folded expression."""
    return int.from_bytes(hashlib.blake2b(expression.encode(), digest_size=8).digest(), "little")


class Table:
    """A sorted table of hashes. Thread-safe."""

    def __init__(self, hashes: Hashes, places: Places) -> None:
        """``hashes`` sorted, with ``places`` what they lead to."""
        self._hashes, self._places = hashes, places

    def __bool__(self) -> bool:
        return bool(len(self._hashes))

    def place(self, expressions: Iterable[str]) -> int | None:
        """Return what the first known one of the expressions leads to."""
        for expression in expressions:
            wanted = np.uint64(hash_of(expression))
            at = int(np.searchsorted(self._hashes, wanted))
            if at < len(self._hashes) and self._hashes[at] == wanted:
                return int(self._places[at])
        return None


class Lookup:
    """From expressions to vectors. Thread-safe."""

    def __init__(self, words: Table, stems: Table, vectors: Vectors) -> None:
        """Both tables lead to the rows of ``vectors`` float32 [m, 512]."""
        self._words, self._stems, self._vectors = words, stems, vectors

    def find(self, texts: Sequence[str]) -> tuple[Vectors, NDArray[np.float32]]:
        """Return the mean vectors float32 [n, 512] of what is known of each text, and how much is.

        How much is the share of its words (letters, without spaces); 0 with a vector of zeros.
        """
        vectors = np.zeros((len(texts), self._vectors.shape[1]), np.float32)
        shares = np.zeros(len(texts), np.float32)
        for row, text in enumerate(texts):
            words = words_of(text)
            if not words or not self._words:
                continue
            found, count = self._known(words)
            if found:
                places, weights, lengths = (
                    np.asarray(column) for column in zip(*found, strict=True)
                )
                mean = np.average(self._vectors[places], axis=0, weights=weights)
                vectors[row] = unit(mean[None].astype(np.float32))[0]
                shares[row] = (weights * lengths).sum() / count
        return vectors, shares

    def _known(self, words: Sequence[str]) -> tuple[list[tuple[int, float, int]], int]:
        """Return places, weights and lengths of the longest known expressions, and all units."""
        spaced = not _UNSPACED.search("".join(words))
        units: Sequence[str] = words if spaced else "".join(words)
        most, joint = (MOST_WORDS, " ") if spaced else (MOST_LETTERS, "")
        found: list[tuple[int, float, int]] = []
        at = 0
        while at < len(units):
            for length in range(min(most, len(units) - at), 0, -1):
                expression, weight = joint.join(units[at : at + length]), 1.0
                place = self._words.place(_forms(expression) if spaced else (expression,))
                if place is None and spaced and length == 1:
                    place, weight = self._stems.place(_stems(expression)), OF_STEMS
                if place is not None:
                    found.append((place, weight, length))
                    break
            at += length
        return found, len(units)


def _forms(expression: str) -> Iterator[str]:
    yield expression
    for letters in range(1, ENDING + 1):
        if len(expression) - letters >= STEM:
            yield expression[:-letters]


def _stems(word: str) -> Iterator[str]:
    """Yield a word, and what is left of it without its last letters, the longest first."""
    for length in range(len(word), max(LEAST, len(word) - CUT) - 1, -1):
        yield word[:length]


def stems_of(meanings: Mapping[str, int]) -> dict[str, int]:
    """Return what the stems of single words mean where all words that have one mean the same."""
    found: dict[str, set[int]] = {}
    for expression, place in meanings.items():
        if " " not in expression and not _UNSPACED.search(expression):
            for stem in _stems(expression):
                found.setdefault(stem, set()).add(place)
    return {stem: next(iter(places)) for stem, places in found.items() if len(places) == 1}


def table(meanings: Mapping[str, int]) -> tuple[Hashes, Places]:
    """Return hashes, sorted, and places for expressions, as ``key`` writes them."""
    hashes = np.fromiter(map(hash_of, meanings), np.uint64, len(meanings))
    places = np.fromiter(meanings.values(), np.int32, len(meanings))
    order = np.argsort(hashes)
    return hashes[order], places[order]


def unambiguous(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return what each expression means most often, by ``key``; the first of equals."""
    count: dict[str, dict[int, int]] = {}
    for expression, place in pairs:
        if folded := key(expression):
            own = count.setdefault(folded, {})
            own[place] = own.get(place, 0) + 1
    return {folded: max(own, key=lambda one: own[one]) for folded, own in count.items()}
