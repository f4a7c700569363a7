"""Brings all sources together into the corpus that the text tower learns from."""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from workers.training import (
    artwork,
    captions,
    compositions,
    dictionaries,
    gcompris,
    phrases,
    teacher,
    wordnet,
)
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.chance import seeded
from workers.training.corpus import (
    Corpus,
    CorpusBuilder,
    add_annotations,
    held_out,
    shares_of,
)
from workers.training.languages import base_language
from workers.training.targets import centred

# How many drawn phrases come from where, for every 110 names and keywords (see corpus).
PARTS = {
    "emoji": 1.0,
    "composed": 16.0,
    "typos": 4.0,
    "dictionaries": 38.0,
    "captions": 6.0,
    "wordnet": 14.0,
    "qualified": 12.0,
}
ANNOTATION_PART = 110.0

PAIRS_A_LOCALE = 500
ASKED_A_LOCALE = 2500
WORDS_A_LANGUAGE = 9000
QUALIFIED = 20_000
GLOSSES = 60_000


@dataclass(frozen=True)
class Material:
    """The corpus and the teacher's centred vectors float16 [m, 384] that it points into."""

    corpus: Corpus
    vectors: npt.NDArray[np.float16]


class _Vectors:
    """Numbers English phrases and remembers which foreign phrase wants which."""

    def __init__(self) -> None:
        self.place: dict[str, int] = {}
        self.wanted: dict[str, list[tuple[str, int]]] = defaultdict(list)

    def want(self, part: str, phrase: str, english: str) -> None:
        number = self.place.setdefault(english, len(self.place))
        self.wanted[part].append((phrase, number))


def typo(text: str, draw: random.Random) -> str:
    """Return the text with one slip: a letter lost, doubled, or swapped with the next."""
    place = draw.randrange(len(text) - 1)
    kind = draw.randrange(3)
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[: place + 1] + text[place:]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _add_share(
    builder: CorpusBuilder, part: str, phrases: Sequence[tuple[str, dict[int, float]]], unit: float
) -> None:
    for phrase, shares in phrases:
        builder.add_pictures(phrase, shares, unit * PARTS[part] / len(phrases))


def _typos(annotations: Iterable[Annotation], draw: random.Random) -> list[tuple[str, int]]:
    alphabetic = re.compile(r"[\w\s'-]+")
    return [
        (typo(entry.phrase, draw), entry.row)
        for entry in annotations
        if entry.is_name and len(entry.phrase) >= 6 and alphabetic.fullmatch(entry.phrase)
    ]


def _read_pairs(cache: Path, leave_out: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Return the dictionaries by language: distinct (foreign, English) pairs in their order."""
    pairs: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for language, foreign, english in dictionaries.every(cache):
        if base_language(language) not in leave_out and re.search("[a-z]", english.lower()):
            # Bulgarian headwords carry stress marks that nobody types.
            pairs[language][foreign.replace("\u0301", ""), english.lower()] = None
    return {language: list(found) for language, found in sorted(pairs.items())}


def _collect(
    cache: Path, known: dict[str, dict[int, float]], leave_out: Sequence[str], seed: int
) -> _Vectors:
    """Gather the phrases that have an English side, with what each is worth."""
    draw = seeded(f"{seed} words")
    vectors = _Vectors()
    nouns = sorted(
        word
        for word, shares in known.items()
        if word.isalpha() and word.isascii() and len(shares) <= 12 and len(word) > 2
    )
    combinations = compositions.qualified(nouns, QUALIFIED, seed)
    for quality, noun in combinations:
        vectors.want("qualified", f"{quality} {noun}", f"{quality} {noun}")
    for found in _read_pairs(cache, leave_out).values():
        useful = [pair for pair in found if pair[1] in known]
        others = [pair for pair in found if pair[1] not in known]
        draw.shuffle(useful)
        draw.shuffle(others)
        chosen = useful[:WORDS_A_LANGUAGE]
        chosen += others[: WORDS_A_LANGUAGE - len(chosen)]
        for foreign, english in chosen:
            vectors.want("dictionaries", foreign, english)
        words: dict[str, list[str]] = defaultdict(list)
        for foreign, english in found:
            if len(words[english]) < 2:
                words[english].append(foreign)
        for phrase, (quality, noun) in compositions.translated(combinations, words, seed):
            vectors.want("qualified", phrase, f"{quality} {noun}")
    for language, caption, english in captions.tuxpaint(cache):
        if base_language(language) not in leave_out:
            vectors.want("captions", caption, english)
    glosses = []
    for _, lemmas, gloss in wordnet.synsets(cache):
        for lemma in lemmas:
            if lemma.lower() in known:
                vectors.want("wordnet", lemma, lemma)
        glosses.append((lemmas[0], gloss))
    for lemma, gloss in draw.sample(glosses, min(GLOSSES, len(glosses))):
        vectors.want("wordnet", gloss, gloss)
        vectors.want("wordnet", lemma, lemma)
    return vectors


def gather(
    cache: Path,
    pictures: Artwork,
    annotations: Sequence[Annotation],
    centre: torch.Tensor,
    *,
    hold_out: float = 0.0,
    leave_out: Sequence[str] = (),
    seed: int = 20,
    device: str = "cpu",
) -> Material:
    """Return everything to learn from, less the share ``hold_out`` of (picture, locale) pairs.

    ``leave_out`` lists languages whose dictionaries and captions are not read; ``annotations``
    must not hold them either.
    """
    trained = [entry for entry in annotations if not held_out(entry, hold_out)]
    draw = seeded(f"{seed} typos")
    builder = CorpusBuilder()
    add_annotations(builder, trained)
    unit = builder.total / ANNOTATION_PART
    for characters, row in pictures.alias.items():
        builder.add_pictures(characters, {row: 1.0}, unit * PARTS["emoji"] / len(pictures.alias))
    slips = [(phrase, {row: 1.0}) for phrase, row in _typos(trained, draw)]
    _add_share(builder, "typos", slips, unit)
    composed = list(
        compositions.compose(trained, pairs=PAIRS_A_LOCALE, asked=ASKED_A_LOCALE, seed=seed)
    )
    _add_share(builder, "composed", composed, unit)
    known = shares_of(trained, "en")
    # Which words are taken does not depend on what is held out: the teacher answers them once.
    wanted = _collect(cache, shares_of(annotations, "en"), leave_out, seed)
    english = list(wanted.place)
    for part, listed in wanted.wanted.items():
        for phrase, number in listed:
            weight = unit * PARTS[part] / len(listed)
            shares = known.get(english[number]) if part == "dictionaries" else None
            if shares:
                # Someone said which pictures the English word means: better than a vector alone.
                builder.add_pictures(phrase, shares, 0.0)
            builder.add_vector(phrase, number, weight)
    vectors = torch.from_numpy(teacher.cached(english, cache, device)[:].copy())
    return Material(builder.build(), centred(vectors, centre).numpy().astype(np.float16))


# How many of the phrases stage's own phrases come from where.
PHRASES_PARTS = {"made": 0.8, "everyday": 0.05, "presets": 0.075, "cataclysm": 0.075}
TRANSLATED_A_LANGUAGE = 3000


def gather_phrases(
    cache: Path,
    pictures: Artwork,
    annotations: Sequence[Annotation],
    centre: torch.Tensor,
    *,
    each: int,
    things: int,
    leave_out: Sequence[str] = (),
    seed: int = 20,
    device: str = "cpu",
) -> Material:
    """Return phrases of several words: ``each`` made for every locale, and translated ones.

    A picture named in one word comes ``things`` times as often as one that is not.
    """
    draw = seeded(f"{seed} translated phrases")
    builder = CorpusBuilder()
    # Nobody describes a flag but by its country, and names have taught those.
    rows = [row for row, emoji in enumerate(pictures.emoji) if not artwork.is_flag(emoji)]
    made = list(phrases.phrases(cache, annotations, rows, each=each, things=things, seed=seed))
    for text, shares in made:
        builder.add_pictures(text, shares, PHRASES_PARTS["made"] / len(made))
    vectors = _Vectors()
    for part, read in (
        ("everyday", gcompris.words),
        ("presets", captions.presets),
        ("cataclysm", captions.cataclysm),
    ):
        by_language: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        for code, text, meaning in read(cache):
            language = base_language(code.split("@")[0])
            if language not in leave_out:
                by_language[language][text, meaning] = None
        for _, found in sorted(by_language.items()):
            for text, meaning in draw.sample(list(found), min(TRANSLATED_A_LANGUAGE, len(found))):
                vectors.want(part, text, meaning)
    english = list(vectors.place)
    for part, wanted in vectors.wanted.items():
        for phrase, number in wanted:
            builder.add_vector(phrase, number, PHRASES_PARTS[part] / len(wanted))
    encoded = torch.from_numpy(teacher.cached(english, cache, device)[:].copy())
    return Material(builder.build(), centred(encoded, centre).numpy().astype(np.float16))


def join(first: Material, second: Material, share: float) -> Material:
    """Return both materials as one, of which ``share`` of what is drawn is the second's."""
    one, other = first.corpus, second.corpus
    weight = other.weight * (share / (1 - share) * one.weight.sum() / other.weight.sum())
    corpus = Corpus(
        one.phrases + other.phrases,
        np.concatenate([one.starts, one.starts[-1] + other.starts[1:]]),
        np.concatenate([one.rows, other.rows]),
        np.concatenate([one.shares, other.shares]),
        np.concatenate(
            [one.vector, np.where(other.vector < 0, -1, other.vector + len(first.vectors))]
        ),
        np.concatenate([one.weight, weight]),
    )
    return Material(corpus, np.concatenate([first.vectors, second.vectors]))


def save_material(material: Material, path: Path) -> None:
    """Write the material to one file; the file exists only when it is whole."""
    corpus = material.corpus
    partial = path.with_suffix(".partial")
    torch.save(
        {
            "phrases": "\n".join(phrase.replace("\n", " ") for phrase in corpus.phrases),
            "starts": torch.from_numpy(corpus.starts),
            "rows": torch.from_numpy(corpus.rows),
            "shares": torch.from_numpy(corpus.shares),
            "vector": torch.from_numpy(corpus.vector),
            "weight": torch.from_numpy(corpus.weight),
            "vectors": torch.from_numpy(material.vectors),
        },
        partial,
    )
    partial.rename(path)


def load_material(path: Path) -> Material:
    """Read what ``save_material`` wrote."""
    stored = torch.load(path, weights_only=True)
    corpus = Corpus(
        stored["phrases"].split("\n"),
        stored["starts"].numpy(),
        stored["rows"].numpy(),
        stored["shares"].numpy(),
        stored["vector"].numpy(),
        stored["weight"].numpy(),
    )
    return Material(corpus, stored["vectors"].numpy())
