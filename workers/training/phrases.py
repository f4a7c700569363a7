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
from itertools import accumulate, chain
from pathlib import Path

from workers.training import dictionaries, gcompris, sources, spelling
from workers.training.annotations import Annotation
from workers.training.chance import seeded
from workers.training.compositions import QUALITIES, UNSPACED, templates
from workers.training.errors import DataError
from workers.training.inflections import Inflections, endings
from workers.training.languages import base_language

FEW = 4  # pictures that a telling word denotes at most, unless it is a name
MANY = 8  # pictures that a word denotes at least which tells nothing beside another
LONGEST_NAME = 2  # words; longer names are phrases already
LONGEST_LETTERS = 30
KEYWORD_BESIDE_NAME = 0.15  # of a name that is also a keyword of other pictures
RARELY = 0.2  # how often a translated word stands beside things, where a picture's keyword has 1
FEWEST_QUALITIES = 40  # with fewer they are less than half of what stands beside things
FEWEST_ALIKE = 3  # pictures of a word that is compared with another by its pictures
ALIKE = 0.45
ALTERNATIONS = 30  # pairs of words that make two endings alternate, of a locale's own words
ALTERNATIONS_LISTED = 300  # the same of a spelling dictionary's words
LISTED = 60_000  # words of a dictionary that are looked at for endings

Shares = dict[int, float]


@dataclass(frozen=True)
class Words:
    """What a locale's words are good for.

    ``telling`` lists each picture's words that tell it apart; ``denoted`` gives the pictures of a
    phrase, with a name's weight far above a keyword's; ``beside`` are words that name nothing,
    ``shared`` those of them that tell nothing beside a keyword either; ``grammar`` are stop words,
    ``listed`` other words of the language, ``joint`` is its "{0} and {1}".
    """

    locale: str
    telling: Mapping[int, Sequence[str]]
    names: Collection[str]
    denoted: Mapping[str, Mapping[int, float]]
    shared: "Drawn"
    beside: "Drawn"
    grammar: Sequence[str]
    listed: Sequence[str]
    joint: str
    inflections: Inflections | None
    invent: "Invention"


class Drawn:
    """Words that are drawn as often as their weights say."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.words = list(weights)
        self._heap = list(accumulate(weights.values()))

    def pick(self, draw: random.Random) -> str:
        """Return one word, empty when there is none."""
        return draw.choices(self.words, cum_weights=self._heap)[0] if self.words else ""


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


class Vocabulary:
    """A locale's names and keywords in small letters, with the pictures that have them."""

    def __init__(self, annotations: Iterable[Annotation]) -> None:
        self.named: dict[str, set[int]] = defaultdict(set)
        self.keyed: dict[str, set[int]] = defaultdict(set)
        for entry in annotations:
            (self.named if entry.is_name else self.keyed)[entry.phrase.lower()].add(entry.row)

    def rows(self) -> dict[str, set[int]]:
        """Return the pictures of every short keyword and of every word in a name."""
        found: dict[str, set[int]] = defaultdict(set)
        for phrase, rows in self.keyed.items():
            if len(phrase.split()) <= LONGEST_NAME:
                found[phrase] |= rows
        for phrase, rows in self.named.items():
            for word in phrase.split():
                found[word.strip(",:()")] |= rows
        return found


def alike(
    wanted: Mapping[str, Collection[int]], words: Mapping[str, Collection[int]]
) -> dict[str, str]:
    """Return the words that have nearly the pictures of a ``wanted`` word, and which it is.

    "Small" and "klein" are keywords of the same pictures. No dictionary is needed, and where there
    is one it has further words.
    """
    by_row: dict[int, list[str]] = defaultdict(list)
    for word, rows in words.items():
        if len(rows) >= FEWEST_ALIKE:
            for row in rows:
                by_row[row].append(word)
    found: dict[str, str] = {}
    for one, rows in wanted.items():
        common = Counter(word for row in rows for word in by_row[row])
        score = {
            word: count / (len(rows) * len(words[word])) ** 0.5 for word, count in common.items()
        }
        for word in sorted(score, key=lambda word: -score[word])[:2]:
            if score[word] >= ALIKE:
                found.setdefault(word, one)
    return found


def words_of(
    locale: str,
    annotations: Iterable[Annotation],
    *,
    grammar: Sequence[str] = (),
    joint: str = "{0} {1}",
    listed: spelling.Spelling | None = None,
    translated: Mapping[str, Mapping[int, float]] | None = None,
    qualities: Collection[str] = (),
) -> Words:
    """Sort the words of one locale by what they tell.

    ``translated`` gives what further words denote, by the shares of their English; ``qualities``
    are words such as "big", which stand beside things more than others do.
    """
    own = Vocabulary(annotations)
    denoted = {
        phrase: _shares(own.named.get(phrase, set()), own.keyed.get(phrase, set()))
        for phrase in dict.fromkeys([*own.named, *own.keyed])
    }
    for phrase, meant in (translated or {}).items():
        total = sum(meant.values())
        denoted.setdefault(phrase, {row: share / total for row, share in meant.items()})
    telling: dict[int, list[str]] = defaultdict(list)
    for phrase, shares in denoted.items():
        as_name = own.named.get(phrase, set())
        short = len(phrase.split()) <= LONGEST_NAME and len(phrase) <= LONGEST_LETTERS
        if short and (as_name or phrase not in qualities):
            for row in _told(shares, as_name):
                telling[row].append(phrase)
    told = {phrase for found in telling.values() for phrase in found}
    rows = {word: len(found) for word, found in own.rows().items() if word not in own.named}
    beside: dict[str, float] = {word: count for word, count in rows.items() if len(word) > 1}
    beside |= {phrase: RARELY for phrase in translated or {} if phrase not in told}
    shared = {word: count for word, count in beside.items() if rows.get(word, MANY) >= MANY}
    for weights in (beside, shared):
        each = sum(weights.values()) / max(FEWEST_QUALITIES, len(qualities))
        weights.update(dict.fromkeys(sorted(qualities), each))
    single = {word for phrase in denoted for word in phrase.split() if word.isalpha()}
    others = [word for word in spelling.words(listed) if word not in denoted] if listed else []
    return Words(
        locale,
        telling,
        own.named.keys(),
        denoted,
        Drawn(shared),
        Drawn(beside),
        [word for word in grammar if word.lower() not in denoted],
        others,
        joint,
        _inflections(locale, single, listed, others),
        Invention(sorted(single)),
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
    if kind < 0.6:
        # A name holds its own against any keyword, a keyword only against what tells nothing.
        word = (words.beside if is_name else words.shared).pick(draw)
        if word:
            form = inflected(word, words.inflections, draw) if draw.random() < 0.5 else word
            return form, word
    if kind < 0.8 and words.grammar:
        return draw.choice(words.grammar), ""
    if kind < 0.95 and words.listed:
        word = draw.choice(words.listed)
        return (inflected(word, words.inflections, draw) if draw.random() < 0.3 else word), ""
    return words.invent.word(draw), ""


def phrase(words: Words, rows: Sequence[int], draw: random.Random) -> tuple[str, Shares]:
    """Return one phrase of a locale, and the shares of the pictures that it denotes.

    ``rows`` lists the pictures in mind, each as often as it is to come.
    """

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


def _translated(
    cache: Path, english: Words
) -> tuple[dict[str, dict[str, Mapping[int, float]]], dict[str, set[str]]]:
    """Return by language what the dictionaries' words denote whose English is known, and which of
    their words are qualities.
    """
    found: dict[str, dict[str, Mapping[int, float]]] = defaultdict(dict)
    qualities: dict[str, set[str]] = defaultdict(set)
    # The everyday words first: pictures show which of its meanings the English word has.
    for language, foreign, meaning in chain(gcompris.words(cache), dictionaries.every(cache)):
        # Bulgarian headwords carry stress marks that nobody types.
        word, base = foreign.replace("\u0301", "").lower(), base_language(language)
        if shares := english.denoted.get(meaning.lower()):
            found[base].setdefault(word, shares)
        if meaning.lower() in QUALITIES and len(word.split()) == 1:
            qualities[base].add(word)
    return found, qualities


def phrases(
    cache: Path,
    annotations: Sequence[Annotation],
    rows: Collection[int],
    *,
    each: int,
    things: int,
    seed: int,
) -> Iterator[tuple[str, Shares]]:
    """Yield ``each`` phrases of every locale that names most pictures, about those in ``rows``.

    A picture that the locale names in one word comes ``things`` times as often as others.
    Of locales of which we know no way to ask, which fewer people write, come half as many.
    """
    by_locale: dict[str, list[Annotation]] = defaultdict(list)
    for entry in annotations:
        by_locale[entry.locale].append(entry)
    grammar, joint, ways = stop_words(cache), joints(cache), templates()
    english = by_locale.get("en", ())
    translated, qualities = _translated(cache, words_of("en", english))
    pictures = Vocabulary(english).rows()
    wanted = {word: pictures[word] for word in QUALITIES if len(pictures[word]) >= FEWEST_ALIKE}
    for locale, entries in sorted(by_locale.items()):
        named = len({entry.row for entry in entries if entry.is_name})
        if named < len(rows) / 2:
            continue  # a regional variant, which differs in a few words
        base = locale.split("-")[0]
        own = Vocabulary(entries)
        known = translated.get(locale) or translated.get(base) or {}
        listed = spelling.load(cache, locale, {*own.rows(), *known})
        words = words_of(
            locale,
            entries,
            grammar=grammar.get(locale) or grammar.get(base) or (),
            joint=joint.get(locale, "{0} {1}"),
            listed=listed,
            translated=known,
            qualities={*alike(wanted, own.rows()), *qualities.get(base, ())} - own.named.keys(),
        )
        draw = seeded(f"{seed} phrases {locale}")
        told = _weighed(words, rows, things)
        count = each if locale in ways or base in ways else each // 2
        for _ in range(count if told else 0):
            yield phrase(words, told, draw)


def _weighed(words: Words, rows: Iterable[int], things: int) -> list[int]:
    """Return the pictures to speak of: those named in one word, as things mostly are, often."""
    found: list[int] = []
    for row in sorted(rows):
        told = words.telling.get(row, ())
        single = any(phrase in words.names and " " not in phrase for phrase in told)
        found += [row] * ((things if single else 1) if told else 0)
    return found
