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
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

Hashes = NDArray[np.uint64]
Places = NDArray[np.int32]


def key(expression: str) -> str:
    """Return an expression as it is looked up: folded words with a space between."""
    return " ".join(words_of(expression))


def hash_of(expression: str) -> int:
    """Return 64 bits of a folded expression."""
    return int.from_bytes(hashlib.blake2b(expression.encode(), digest_size=8).digest(), "little")


class Lookup:
    """A table from expressions to vectors. Thread-safe."""

    def __init__(self, hashes: Hashes, places: Places, vectors: Vectors) -> None:
        """``hashes`` sorted, with ``places`` the rows of ``vectors`` float32 [m, 512]."""
        self._hashes, self._places, self._vectors = hashes, places, vectors

    def find(self, texts: Sequence[str]) -> tuple[Vectors, NDArray[np.float32]]:
        """Return the mean vectors float32 [n, 512] of what is known of each text, and how much is.

        How much is the share of its words (letters, without spaces); 0 with a vector of zeros.
        """
        vectors = np.zeros((len(texts), self._vectors.shape[1]), np.float32)
        shares = np.zeros(len(texts), np.float32)
        for row, text in enumerate(texts):
            words = words_of(text)
            if not words or not len(self._hashes):
                continue
            found, known, count = self._known(words)
            if found:
                vectors[row] = unit(self._vectors[found].mean(0)[None])[0]
                shares[row] = known / count
        return vectors, shares

    def _known(self, words: Sequence[str]) -> tuple[list[int], int, int]:
        """Return the places of the longest known expressions, units known, and units."""
        spaced = not _UNSPACED.search("".join(words))
        units: Sequence[str] = words if spaced else "".join(words)
        most, joint = (MOST_WORDS, " ") if spaced else (MOST_LETTERS, "")
        found: list[int] = []
        known = at = 0
        while at < len(units):
            for length in range(min(most, len(units) - at), 0, -1):
                candidate = joint.join(units[at : at + length])
                place = self._place(candidate, stem=spaced)
                if place is not None:
                    found.append(place)
                    known += length
                    at += length
                    break
            else:
                at += 1
        return found, known, len(units)

    def _place(self, expression: str, *, stem: bool) -> int | None:
        for form in _forms(expression) if stem else (expression,):
            wanted = np.uint64(hash_of(form))
            at = int(np.searchsorted(self._hashes, wanted))
            if at < len(self._hashes) and self._hashes[at] == wanted:
                return int(self._places[at])
        return None


def _forms(expression: str) -> Iterator[str]:
    yield expression
    for letters in range(1, ENDING + 1):
        if len(expression) - letters >= STEM:
            yield expression[:-letters]


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
