"""Phrases of several words in every locale, made of what the locale calls the pictures.

People ask for "an old rusty car", a dictionary of names has "automobile". What such a question
denotes is decided by its noun, whatever stands around it and whichever form the noun has. So: a
word that denotes few pictures, inflected or not, among words that many pictures share, words of
grammar, words of the language that denote no picture, and letters that are no word at all.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from workers.training import dictionaries, gcompris, sources, spelling
from workers.training.annotations import Annotation
from workers.training.chance import seeded
from workers.training.compositions import UNSPACED
from workers.training.errors import DataError
from workers.training.inflections import Inflections, endings
from workers.training.languages import base_language

FEW = 4  # pictures that a telling word denotes at most, unless it is a name
MANY = 8  # pictures that a word denotes at least which tells nothing beside another
LONGEST_NAME = 2  # words; longer names are phrases already
LONGEST_LETTERS = 30
KEYWORD_BESIDE_NAME = 0.15  # of a name that is also a keyword of other pictures
ALTERNATIONS = 30  # pairs of words that make two endings alternate, of a locale's own words
ALTERNATIONS_LISTED = 300  # the same of a spelling dictionary's words
LISTED = 60_000  # words of a dictionary that are looked at for endings

Shares = dict[int, float]


@dataclass(frozen=True)
class Words:
    """What a locale's words are good for.

    ``telling`` lists each picture's words that tell it apart; ``denoted`` gives the pictures of a
    phrase, with a name's weight far above a keyword's; ``shared`` are words of many pictures,
    ``beside`` all keywords that name nothing; ``grammar`` are stop words, ``listed`` other words of
    the language, ``joint`` is its "{0} and {1}".
    """

    locale: str
    telling: Mapping[int, Sequence[str]]
    names: Collection[str]
    denoted: Mapping[str, Mapping[int, float]]
    shared: Sequence[str]
    beside: Sequence[str]
    grammar: Sequence[str]
    listed: Sequence[str]
    joint: str
    inflections: Inflections | None
    invent: "Invention"


class Invention:
    """Makes up words that look like a language's own, three letters deciding the next."""

    def __init__(self, words: Iterable[str]) -> None:
        self._next: dict[str, list[str]] = defaultdict(list)
        for word in words:
            padded = f"  {word}\n"
            for place in range(len(padded) - 2):
                self._next[padded[place : place + 2]].append(padded[place + 2])

    def word(self, draw: random.Random, longest: int = 10) -> str:
        """Return one word, empty when nothing was learnt."""
        made = "  "
        while len(made) < longest + 2 and (found := self._next.get(made[-2:])):
            letter = draw.choice(found)
            if letter == "\n":
                break
            made += letter
        return made.strip()


def stop_words(cache: Path) -> dict[str, list[str]]:
    """Return the words of grammar of some sixty languages."""
    path = sources.fetch_npm(sources.STOP_WORDS, cache) / "stopwords-iso.json"
    try:
        found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a list of stop words ({error})") from error
    return {{"tl": "fil"}.get(language, language): words for language, words in found.items()}


def joints(cache: Path) -> dict[str, str]:
    """Return every locale's way to join two things, such as "{0} and {1}"."""
    found: dict[str, str] = {}
    root = sources.fetch_npm(sources.LISTS, cache) / "main"
    for path in sorted(root.glob("*/listPatterns.json")):
        try:
            main = json.loads(path.read_text(encoding="utf-8"))["main"][path.parent.name]
            found[path.parent.name] = main["listPatterns"]["listPattern-type-standard"]["2"]
        except (ValueError, KeyError) as error:
            raise DataError(f"{path} holds no list patterns ({error})") from error
    return found


def words_of(
    locale: str,
    annotations: Iterable[Annotation],
    *,
    grammar: Sequence[str] = (),
    joint: str = "{0} {1}",
    listed: spelling.Spelling | None = None,
    translated: Mapping[str, Mapping[int, float]] | None = None,
) -> Words:
    """Sort the words of one locale by what they tell.

    ``translated`` gives what further words denote, by the shares of their English.
    """
    named: dict[str, set[int]] = defaultdict(set)
    keyed: dict[str, set[int]] = defaultdict(set)
    within: Counter[str] = Counter()
    for entry in annotations:
        phrase = entry.phrase.lower()
        (named if entry.is_name else keyed)[phrase].add(entry.row)
        if entry.is_name:
            within.update(set(phrase.split()))
    denoted = {
        phrase: _shares(named.get(phrase, set()), keyed.get(phrase, set()))
        for phrase in dict.fromkeys([*named, *keyed])
    }
    for phrase, meant in (translated or {}).items():
        total = sum(meant.values())
        denoted.setdefault(phrase, {row: share / total for row, share in meant.items()})
    telling: dict[int, list[str]] = defaultdict(list)
    for phrase, shares in denoted.items():
        if len(phrase.split()) <= LONGEST_NAME and len(phrase) <= LONGEST_LETTERS:
            for row in _told(shares, named.get(phrase, set())):
                telling[row].append(phrase)
    beside = [
        phrase for phrase in keyed if phrase not in named and len(phrase.split()) <= LONGEST_NAME
    ]
    shared = [phrase for phrase, rows in keyed.items() if len(rows) >= MANY and phrase not in named]
    told = {phrase for found in telling.values() for phrase in found}
    shared += [phrase for phrase in translated or {} if phrase not in told]
    shared += [word for word, count in within.items() if count >= MANY and word not in named]
    own = {word for phrase in denoted for word in phrase.split() if word.isalpha()}
    others = [word for word in spelling.words(listed) if word not in denoted] if listed else []
    return Words(
        locale,
        telling,
        named.keys(),
        denoted,
        list(dict.fromkeys(shared)),
        beside,
        [word for word in grammar if word.lower() not in denoted],
        others,
        joint,
        _inflections(locale, own, listed, others),
        Invention(sorted(own)),
    )


def _shares(as_name: Collection[int], as_keyword: Collection[int]) -> Shares:
    keyword = KEYWORD_BESIDE_NAME if as_name else 1.0
    shares = dict.fromkeys(as_keyword, keyword / max(1, len(as_keyword)))
    for row in as_name:
        shares[row] = shares.get(row, 0.0) + 1 / len(as_name)
    return shares


def _told(shares: Mapping[int, float], as_name: Collection[int]) -> Collection[int]:
    """Return the pictures that a phrase tells from the others."""
    if as_name:
        return as_name
    # A keyword of few, or the translation of a name: "dog" is a keyword of many besides.
    return [row for row, share in shares.items() if share >= 1 / FEW]


def _inflections(
    locale: str,
    own: Collection[str],
    listed: spelling.Spelling | None,
    others: Sequence[str],
) -> Inflections | None:
    if locale in UNSPACED:
        return None
    if listed is None:
        return Inflections(None, endings(own, ALTERNATIONS))
    looked_at = seeded(f"{locale} endings").sample(others, min(LISTED, len(others)))
    return Inflections(listed, endings(looked_at, ALTERNATIONS_LISTED))


def inflected(thing: str, forms: Inflections | None, draw: random.Random) -> str:
    """Return ``thing`` with one of its words in another form, as it is where there is none."""
    if forms is None:
        return thing
    parts = thing.split()
    place = draw.randrange(len(parts))
    other = forms.of(parts[place])
    if other:
        parts[place] = draw.choice(other)
    return " ".join(parts)


def _beside(words: Words, is_name: bool, draw: random.Random) -> tuple[str, str]:
    """Return a word to stand beside a thing, and the phrase that it is a form of."""
    kind = draw.random()
    if kind < 0.45:
        # A name holds its own against any keyword, a keyword only against what tells nothing.
        chosen = words.beside if is_name and draw.random() < 0.6 else words.shared
        if chosen:
            word = draw.choice(chosen)
            form = inflected(word, words.inflections, draw) if draw.random() < 0.5 else word
            return form, word
    if kind < 0.7 and words.grammar:
        return draw.choice(words.grammar), ""
    if kind < 0.9 and words.listed:
        word = draw.choice(words.listed)
        return (inflected(word, words.inflections, draw) if draw.random() < 0.3 else word), ""
    return words.invent.word(draw), ""


def phrase(words: Words, rows: Sequence[int], draw: random.Random) -> tuple[str, Shares]:
    """Return one phrase of a locale, and the shares of the pictures that it denotes."""

    def pick() -> tuple[int, str, str]:
        row = draw.choice(rows)
        told = words.telling[row]
        thing = draw.choices(told, [1 / len(words.denoted[one]) for one in told])[0]
        form = inflected(thing, words.inflections, draw) if draw.random() < 0.5 else thing
        return row, thing, form

    row, thing, form = pick()
    shares = dict(words.denoted[thing])
    shares[row] += max(shares.values())  # the picture in mind more than its namesakes
    kind = draw.random()
    if kind < 0.12:
        other, second, second_form = pick()
        for one, share in words.denoted[second].items():
            shares[one] = shares.get(one, 0.0) + share * (2.0 if one == other else 1.0)
        joined = words.joint.replace("{0}", form).replace("{1}", second_form)
        return joined, shares
    if kind < 0.24:
        return form, shares
    parts = [form]
    for _ in range(draw.choices((1, 2, 3), (5, 4, 2))[0]):
        text, word = _beside(words, thing in words.names, draw)
        parts.insert(draw.randrange(len(parts) + 1), text)
        for one in words.denoted.get(word, ()):
            if one in shares:
                shares[one] *= 3.0
    return " ".join(filter(None, parts)), shares


def _translated(cache: Path, english: Words) -> dict[str, dict[str, Mapping[int, float]]]:
    """Return by language what the dictionaries' words denote whose English is known."""
    found: dict[str, dict[str, Mapping[int, float]]] = defaultdict(dict)
    # The everyday words first: pictures show which of its meanings the English word has.
    for language, foreign, meaning in chain(gcompris.words(cache), dictionaries.every(cache)):
        shares = english.denoted.get(meaning.lower())
        if shares:
            # Bulgarian headwords carry stress marks that nobody types.
            word = foreign.replace("\u0301", "").lower()
            found[base_language(language)].setdefault(word, shares)
    return found


def phrases(
    cache: Path,
    annotations: Sequence[Annotation],
    rows: Collection[int],
    *,
    each: int,
    seed: int,
) -> Iterator[tuple[str, Shares]]:
    """Yield ``each`` phrases of every locale that names most pictures, about those in ``rows``."""
    by_locale: dict[str, list[Annotation]] = defaultdict(list)
    for entry in annotations:
        by_locale[entry.locale].append(entry)
    grammar, joint = stop_words(cache), joints(cache)
    translated = _translated(cache, words_of("en", by_locale.get("en", ())))
    for locale, entries in sorted(by_locale.items()):
        named = len({entry.row for entry in entries if entry.is_name})
        if named < len(rows) / 2:
            continue  # a regional variant, which differs in a few words
        base = locale.split("-")[0]
        own = {word for entry in entries for word in entry.phrase.lower().split()}
        known = translated.get(locale) or translated.get(base) or {}
        words = words_of(
            locale,
            entries,
            grammar=grammar.get(locale) or grammar.get(base) or (),
            joint=joint.get(locale, "{0} {1}"),
            listed=spelling.load(cache, locale, own | known.keys()),
            translated=known,
        )
        told = sorted(row for row in rows if words.telling.get(row))
        draw = seeded(f"{seed} phrases {locale}")
        for _ in range(each if told else 0):
            yield phrase(words, told, draw)
