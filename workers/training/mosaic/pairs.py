"""Phrases of every language with their English: what the photograph part's text tower learns from.

Names of emoji are aligned by the emoji, keywords by the emoji that they share with an English
keyword or name; the rest was written by translators.
"""

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from workers.training import captions, compositions, dictionaries, gcompris, spelling, wordnet
from workers.training.annotations import Annotation
from workers.training.chance import seeded
from workers.training.corpus import Corpus
from workers.training.languages import base_language

USE_LANGUAGES = frozenset(
    ["en", "ar", "zh", "nl", "fr", "de", "it", "pt", "es", "ja", "ko", "pl", "ru", "th", "tr"]
)
"""Those that the teacher itself has learnt, without script and region."""

# How often a phrase comes from where, within a language that has them all.
PARTS = {
    "names": 0.26,
    "keywords": 0.12,
    "words": 0.28,
    "forms": 0.08,
    "qualified": 0.08,
    "presets": 0.08,
    "everyday": 0.05,
    "captions": 0.02,
    "cataclysm": 0.03,
    "joined": 0.05,
}
OF_TEACHER = 0.35  # how often a language that the teacher knows comes for each that it does not
OF_ENGLISH = 1.5
WORDS_A_LANGUAGE = 60_000
CONCRETE = 4.0  # how often a word for something that can be seen comes for each that cannot
CONCEPT = 5.0  # how often a name of a class comes for each other phrase of its part
ALIKE = 0.5  # the share of emoji that a keyword must have in common with its English
FORMS_A_WORD = 2
JOINED_A_LANGUAGE = 2500
QUALIFIED = 30_000
LONGEST_GLOSS = 60

_SEEN = frozenset({5, 6, 8, 13, 15, 17, 18, 19, 20, 25, 27})
"""WordNet's files of nouns for what can be seen: animals, artefacts, food, persons, …"""

Pair = tuple[str, str]


def concrete_words(cache: Path) -> set[str]:
    """Return English nouns for what can be seen, lower-case."""
    found: set[str] = set()
    for file, lemmas, _ in wordnet.nouns(cache):
        if file in _SEEN:
            found.update(lemma.lower() for lemma in lemmas)
    return found


def aligned_keywords(
    annotations: Iterable[Annotation],
) -> Iterator[tuple[str, str, str]]:
    """Yield (locale, keyword, English) for keywords that stand with the emoji of an English one.

    A keyword of two emoji or more is taken for the English name or keyword whose emoji are most
    alike to its own, by the Jaccard index.
    """
    places: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for entry in annotations:
        places[entry.locale][entry.phrase.lower()].add(entry.row)
    english = {word: rows for word, rows in places["en"].items() if len(rows) > 1}
    by_row: dict[int, set[str]] = defaultdict(set)
    for word, rows in english.items():
        for row in rows:
            by_row[row].add(word)
    for locale in sorted(places):
        if locale == "en":
            continue
        for word, rows in places[locale].items():
            if len(rows) < 2:
                continue
            others = {other for row in rows for other in by_row[row]}
            scored = [
                (len(rows & english[other]) / len(rows | english[other]), other) for other in others
            ]
            if scored and max(scored)[0] >= ALIKE:
                yield locale, word, max(scored)[1]


def names(annotations: Iterable[Annotation]) -> tuple[dict[int, str], dict[str, dict[int, str]]]:
    """Return the English names of emoji by their rows, and those of the other locales."""
    english: dict[int, str] = {}
    others: dict[str, dict[int, str]] = defaultdict(dict)
    for entry in annotations:
        if entry.is_name:
            if entry.locale == "en":
                english.setdefault(entry.row, entry.phrase)
            else:
                others[entry.locale].setdefault(entry.row, entry.phrase)
    return english, others


class _Pairs:
    """Pairs by language and by the part that they come from."""

    def __init__(self, concepts: Collection[str]) -> None:
        self._concepts = concepts
        self.found: dict[str, dict[str, dict[Pair, float]]] = defaultdict(lambda: defaultdict(dict))

    def add(self, language: str, part: str, phrase: str, english: str, weight: float = 1.0) -> None:
        """Add one pair; where it is known, nothing changes."""
        phrase, english = phrase.strip(), english.strip().lower()
        if phrase and english:
            weight *= CONCEPT if english in self._concepts else 1.0
            self.found[language][part].setdefault((phrase, english), weight)


def _add_dictionaries(pairs: _Pairs, cache: Path, concrete: set[str], seed: int) -> None:
    found: dict[str, dict[Pair, None]] = defaultdict(dict)
    for language, foreign, english in dictionaries.every(cache):
        # Bulgarian headwords carry stress marks that nobody types.
        found[base_language(language)][foreign.replace("\u0301", ""), english.lower()] = None
    combinations = compositions.qualified(
        sorted(word for word in concrete if word.isalpha() and word.isascii()), QUALIFIED, seed
    )
    for language, listed in sorted(found.items()):
        seen = [pair for pair in listed if pair[1] in concrete]
        others = [pair for pair in listed if pair[1] not in concrete]
        draw = seeded(f"{seed} {language} words")
        draw.shuffle(seen)
        draw.shuffle(others)
        for foreign, english in seen[:WORDS_A_LANGUAGE]:
            pairs.add(language, "words", foreign, english, CONCRETE)
        for foreign, english in others[: max(0, WORDS_A_LANGUAGE - len(seen))]:
            pairs.add(language, "words", foreign, english)
        words: dict[str, list[str]] = defaultdict(list)
        for foreign, english in listed:
            if len(words[english]) < 2:
                words[english].append(foreign)
        for phrase, (quality, noun) in compositions.translated(combinations, words, seed):
            pairs.add(language, "qualified", phrase, f"{quality} {noun}")


def _add_forms(pairs: _Pairs, cache: Path, seed: int) -> None:
    """Let other forms of single words mean what the words mean."""
    for language in sorted(pairs.found):
        if language in USE_LANGUAGES or language not in spelling.PACKAGES:
            continue
        single = {
            (phrase.lower(), english)
            for part in ("names", "keywords", "words", "everyday")
            for phrase, english in pairs.found[language][part]
            if phrase.isalpha()
        }
        draw = seeded(f"{seed} {language} forms")
        listed = spelling.load(cache, language, {phrase for phrase, _ in single})
        if listed is None:
            continue
        for phrase, english in sorted(single):
            forms = listed.forms(phrase)
            for form in draw.sample(forms, min(FORMS_A_WORD, len(forms))):
                pairs.add(language, "forms", form, english)


def _add_joined(pairs: _Pairs, draw: random.Random) -> None:
    """Put two phrases of a language side by side, as people do who name two things."""
    for language in sorted(pairs.found):
        space = "" if language in compositions.UNSPACED else " "
        short = [
            pair
            for part in ("names", "keywords", "words", "everyday", "presets")
            for pair in pairs.found[language][part]
            if len(pair[1].split()) <= 2
        ]
        for _ in range(JOINED_A_LANGUAGE if len(short) > 500 else 0):
            one, other = draw.sample(short, 2)
            pairs.add(language, "joined", one[0] + space + other[0], f"{one[1]} {other[1]}")


def gather(
    cache: Path, annotations: Sequence[Annotation], concepts: Collection[str], seed: int
) -> Mapping[str, Mapping[str, Mapping[Pair, float]]]:
    """Return (phrase, English) with their weights, by language and part.

    ``concepts`` are the lower-case English names of what the photograph part tells apart.
    """
    pairs = _Pairs(concepts)
    concrete = concrete_words(cache)
    english, named = names(annotations)
    for name in english.values():
        pairs.add("en", "names", name, name)
    for locale, own in sorted(named.items()):
        for row, name in own.items():
            if row in english:
                pairs.add(base_language(locale), "names", name, english[row])
    for locale, word, meaning in aligned_keywords(annotations):
        pairs.add(base_language(locale), "keywords", word, meaning)
    _add_dictionaries(pairs, cache, concrete, seed)
    for code, phrase, meaning in captions.presets(cache):
        pairs.add(base_language(code), "presets", phrase, meaning)
    for code, phrase, meaning in gcompris.words(cache):
        pairs.add(base_language(code), "everyday", phrase, meaning)
    for code, phrase, meaning in captions.tuxpaint(cache):
        pairs.add(base_language(code), "captions", phrase, meaning)
    for code, phrase, meaning in captions.cataclysm(cache):
        pairs.add(base_language(code), "cataclysm", phrase, meaning)
    for _, lemmas, gloss in wordnet.synsets(cache):
        for lemma in lemmas:
            weight = CONCRETE if lemma.lower() in concrete else 1.0
            pairs.add("en", "words", lemma, lemma, weight)
        if len(gloss) <= LONGEST_GLOSS:
            pairs.add("en", "captions", gloss, gloss)
    _add_forms(pairs, cache, seed)
    _add_joined(pairs, seeded(f"{seed} joined"))
    return pairs.found


def corpus(
    found: Mapping[str, Mapping[str, Mapping[Pair, float]]],
) -> tuple[Corpus, list[str]]:
    """Return the phrases as a corpus that points into the English phrases, and those.

    A phrase that several languages share may come with several meanings.
    """
    place: dict[str, int] = {}
    phrases: list[str] = []
    vector: list[int] = []
    weight: list[float] = []
    for language, parts in sorted(found.items()):
        of_language = OF_TEACHER if language in USE_LANGUAGES else 1.0
        of_language = OF_ENGLISH if language == "en" else of_language
        # A language of a few hundred phrases need not be heard as often as one of thousands.
        count = sum(map(len, parts.values()))
        of_language *= min(1.0, count / 2500) ** 0.5
        share = sum(PARTS[part] for part, pairs in parts.items() if pairs)
        for part, pairs in parts.items():
            total = sum(pairs.values())
            for (phrase, english), times in pairs.items():
                phrases.append(phrase)
                vector.append(place.setdefault(english, len(place)))
                weight.append(of_language * PARTS[part] / share * times / total)
    nothing = np.zeros(len(phrases) + 1, np.int64)
    return (
        Corpus(
            phrases,
            nothing,
            np.empty(0, np.int64),
            np.empty(0, np.float32),
            np.asarray(vector, np.int64),
            np.asarray(weight, np.float64),
        ),
        list(place),
    )


def emphasised(
    corpus: Corpus, english: Sequence[str], concepts: Collection[str], rest: float = 1.0
) -> Corpus:
    """Return the corpus with the names of ``concepts`` drawn three times of five.

    Of other phrases the share ``rest`` is kept, so that fewer are cut into pieces.

    Most names of what the classifier knows are rare words: a tower that has met everything once
    has hardly met them.
    """
    is_concept = np.fromiter((one in concepts for one in english), bool, len(english))
    named = np.where(is_concept[corpus.vector], np.sqrt(corpus.weight), 0.0)
    others = corpus.weight / corpus.weight.sum()
    weight = 0.4 * others + 0.6 * named / named.sum()
    if rest == 1.0:
        return replace(corpus, weight=weight)
    drawn = np.random.default_rng(1).random(len(corpus)) < rest
    kept = np.flatnonzero((named > 0) | drawn)
    return Corpus(
        [corpus.phrases[row] for row in kept],
        np.zeros(len(kept) + 1, np.int64),
        corpus.rows,
        corpus.shares,
        corpus.vector[kept],
        np.where(named[kept] > 0, weight[kept], weight[kept] / rest),
    )
