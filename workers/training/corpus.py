"""Everything the text tower learns from, as arrays: phrases, what they denote, how often they come.

A phrase denotes pictures (a distribution over the rows of the gallery), or the teacher's vector of
its English translation, or both.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.training.annotations import Annotation

NAME_SHARE = 1.0  # how often each name is drawn
KEYWORD_SHARE = 0.6  # how often each keyword, in a locale that has no more than the numbers below
KEYWORDS_A_LOCALE = 4000
KEYWORDS_OF_ENGLISH = 12_000
KEYWORD_TO_NAME = 0.12  # of a name that is also another picture's keyword


@dataclass(frozen=True)
class Corpus:
    """Phrases with their targets.

    ``starts`` int64 [n + 1] with ``rows`` int64 [k] and ``shares`` float32 [k] give each phrase's
    pictures (none where its two starts are equal); ``vector`` int64 [n] points into the teacher's
    vectors (−1: none); ``weight`` float64 [n] says how often the phrase is drawn.
    """

    phrases: list[str]
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    shares: npt.NDArray[np.float32]
    vector: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.phrases)


class CorpusBuilder:
    """Collects phrases from many sources; equal phrases are joined at the end."""

    def __init__(self) -> None:
        self._shares: dict[str, dict[int, float]] = {}
        self._vector: dict[str, int] = {}
        self._weight: dict[str, float] = defaultdict(float)

    def add_pictures(self, phrase: str, shares: Mapping[int, float], weight: float) -> None:
        """Let ``phrase`` denote the rows in ``shares``, unless it denotes some already."""
        self._shares.setdefault(phrase, dict(shares))
        self._weight[phrase] += weight

    def add_vector(self, phrase: str, vector: int, weight: float) -> None:
        """Let ``phrase`` have the teacher's vector number ``vector``, unless it has one already."""
        self._vector.setdefault(phrase, vector)
        self._weight[phrase] += weight

    @property
    def total(self) -> float:
        """The weight of all phrases so far."""
        return sum(self._weight.values())

    def build(self) -> Corpus:
        """Return the collected phrases as arrays."""
        phrases = list(self._weight)
        starts = np.zeros(len(phrases) + 1, dtype=np.int64)
        rows: list[int] = []
        shares: list[float] = []
        for index, phrase in enumerate(phrases):
            found = self._shares.get(phrase, {})
            total = sum(found.values())
            rows.extend(found)
            shares.extend(share / total for share in found.values())
            starts[index + 1] = len(rows)
        return Corpus(
            phrases,
            starts,
            np.asarray(rows, dtype=np.int64),
            np.asarray(shares, dtype=np.float32),
            np.asarray([self._vector.get(phrase, -1) for phrase in phrases], dtype=np.int64),
            np.asarray([self._weight[phrase] for phrase in phrases], dtype=np.float64),
        )


def held_out(annotation: Annotation, share: float) -> bool:
    """Whether this (picture, locale) pair is kept from training in the run that measures it."""
    if share <= 0:
        return False
    mixed = hash_pair(annotation.locale, annotation.row)
    return mixed < share


def hash_pair(locale: str, row: int) -> float:
    """Return a number in 0…1 that depends on the pair alone, the same on every machine."""
    value = 2166136261
    for byte in f"{locale}:{row}".encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    value ^= value >> 15
    value = (value * 0x2C1B3C6D) & 0xFFFFFFFF
    value ^= value >> 12
    return value / 2**32


def add_annotations(builder: CorpusBuilder, annotations: Iterable[Annotation]) -> None:
    """Add names and keywords, so that no locale outweighs the others by the number of its words.

    The locale is not known to the model, so a phrase denotes what it denotes in any of them.
    """
    names: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    keywords: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    places: dict[tuple[str, bool], dict[str, None]] = defaultdict(dict)
    for entry in annotations:
        (names if entry.is_name else keywords)[entry.phrase][entry.row] += 1.0
        places[entry.locale, entry.is_name][entry.phrase] = None
    weight: dict[str, float] = defaultdict(float)
    for (locale, is_name), phrases in places.items():
        # English has several times the keywords of any other locale, and more who ask in it.
        most = KEYWORDS_OF_ENGLISH if locale == "en" else KEYWORDS_A_LOCALE
        each = NAME_SHARE if is_name else KEYWORD_SHARE * min(1.0, most / len(phrases))
        for phrase in phrases:
            weight[phrase] += each
    for phrase, total in weight.items():
        as_name, as_keyword = names.get(phrase), keywords.get(phrase)
        shares: dict[int, float] = defaultdict(float)
        for found, part in ((as_name, 1.0), (as_keyword, KEYWORD_TO_NAME)):
            if found:
                count = sum(found.values())
                for row, times in found.items():
                    shares[row] += part * times / count
        # Words that 60 locales share need not be drawn 60 times as often.
        builder.add_pictures(phrase, shares, total if total < 1 else total**0.5)


def shares_of(annotations: Sequence[Annotation], locale: str) -> dict[str, dict[int, float]]:
    """Return what each lower-cased phrase of one locale denotes; a name counts thrice."""
    found: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for entry in annotations:
        if entry.locale == locale:
            found[entry.phrase.lower()][entry.row] += 3.0 if entry.is_name else 1.0
    return found
