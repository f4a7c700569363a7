"""Words that ask for something that a vector has a number for: a colour, a kind of picture."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.encoders.languages import words_of
from workers.encoders.mosaic import colours, kinds

_ENDING = 3
"""Letters that a word and a known one may have behind what they share."""
_MOST_WORDS = 4
"""Of an expression, "captura de pantalla"."""
_SHORT = 3
_BLACK_AND_WHITE = [colours.COLOURS.index("black"), colours.COLOURS.index("white")]
_STEM = 4
"""Letters that they share at least."""


class AskingWords:
    """Which words ask for which of some numbers, in all languages at once."""

    def __init__(self, words: Mapping[str, int], unspaced: Mapping[str, int], places: int) -> None:
        """``unspaced`` are those of scripts without spaces, looked for anywhere in a text.

        Both lead to one of ``places``.
        """
        self._count = places
        self._words = {word.replace("ё", "е"): place for word, place in words.items()}
        # The longest first: the word for a screenshot has the one for a photograph in it.
        self._unspaced = sorted(unspaced.items(), key=lambda item: -len(item[0]))
        self._stems: dict[str, set[int]] = defaultdict(set)
        for word, place in self._words.items():
            if " " in word:
                continue
            for length in range(max(_STEM, len(word) - _ENDING), len(word) + 1):
                self._stems[word[:length]].add(place)

    @classmethod
    def read(cls, path: Path, places: int) -> AskingWords:
        """Read a table; raises OSError, ValueError, LookupError."""
        table = json.loads(path.read_text("utf-8"))
        return cls(table["words"], table["unspaced"], places)

    def asked(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 [n, places]: 1 for each that a text asks for."""
        found = np.zeros((len(texts), self._count), np.float32)
        for row, text in enumerate(texts):
            # "чёрно-белое" asks for both.
            found[row, self.read_out(text.replace("-", " "))[0]] = 1
        return found

    def read_out(self, text: str) -> tuple[list[int], str]:
        """Return the places that a text asks for, and what is left of it without those words."""
        found, rest = [], []
        written = text.split()
        # Russian is written with and without the dots.
        words = [" ".join(words_of(one)).replace("ё", "е") for one in written]
        at = 0
        while at < len(words):
            for length in range(min(_MOST_WORDS, len(words) - at), 0, -1):
                expression = " ".join(words[at : at + length])
                place = self._words.get(expression) if length > 1 else self._place(expression)
                if place is not None:
                    found.append(place)
                    break
            else:
                rest.append(written[at])
            at += length
        if not found and not any(word in text for word, _ in self._unspaced):
            return [], text
        left = " ".join(rest)
        for word, place in self._unspaced:
            if word in left:
                found.append(place)
                left = left.replace(word, " ")
        return found, left.strip()

    def _place(self, word: str) -> int | None:
        if word in self._words:
            return self._words[word]
        # "czarnego" beside "czarny": the longest beginning that they share.
        for length in range(len(word), max(_STEM, len(word) - _ENDING) - 1, -1):
            places = self._stems.get(word[:length], ())
            if places:
                return next(iter(places)) if len(places) == 1 else None
        return None


@dataclass(frozen=True, slots=True)
class Asked:
    """What n questions ask for beside things: 1 where they do."""

    colours: NDArray[np.float32]
    """[n, 12]"""
    kinds: NDArray[np.float32]
    """[n, 3]"""
    things: Sequence[str]
    """The questions without the words for kinds; where nothing else is left, as they were."""
    nothing_else: NDArray[np.bool_]
    """[n]: whether a kind is all that a question asks for."""


class Asking:
    """Reads out of questions which colours and kinds of pictures they ask for."""

    def __init__(self, colour_words: AskingWords, kind_words: AskingWords) -> None:
        self._colours, self._kinds = colour_words, kind_words

    @classmethod
    def read(cls, folder: Path) -> Asking:
        """Read a model's tables; raises OSError, ValueError, LookupError."""
        return cls(
            AskingWords.read(folder / colours.FILE, colours.DIMENSION),
            AskingWords.read(folder / kinds.FILE, len(kinds.KINDS)),
        )

    def asked(self, texts: Sequence[str]) -> Asked:
        """Return what n >= 1 texts ask for."""
        asked_colours = self._colours.asked(texts)
        asked_kinds = np.zeros((len(texts), len(kinds.KINDS)), np.float32)
        things, nothing_else = [], np.zeros(len(texts), np.bool_)
        for row, text in enumerate(texts):
            places, rest = self._kinds.read_out(text)
            asked_kinds[row, places] = 1
            if places and asked_colours[row, _BLACK_AND_WHITE].all():
                rest = self._colours.read_out(rest.replace("-", " "))[1]
                # "and" is left of a black and white photograph.
                rest = rest if any(len(word) > _SHORT for word in rest.split()) else ""
            nothing_else[row] = bool(places) and not rest
            things.append(rest or text)
        return Asked(asked_colours, asked_kinds, things, nothing_else)
