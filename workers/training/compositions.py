"""Longer questions made of words that are known: templates, word pairs, and qualified nouns."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources

from workers.training.annotations import Annotation
from workers.training.chance import seeded

UNSPACED = frozenset({"zh", "zh-Hant", "yue", "yue-Hans", "ja", "th", "lo", "km", "my"})

_QUALITY_WORDS = """
big small large little huge tiny tall short long round square thin fat heavy light old young new
modern ancient beautiful pretty ugly cute funny silly scary strange angry furious happy sad sleepy
tired hungry sick dead broken clean dirty wet dry hot cold frozen burning warm fast slow strong
weak rich poor loud quiet bright dark black white red blue green yellow orange purple pink brown
grey golden silver wooden sweet sour spicy fresh raw open closed empty full wild magic secret
royal military musical electric flying running dancing crying laughing smiling sleeping sitting
dangerous poisonous friendly famous lonely proud shy surprised confused bored nervous crazy evil
holy left right
"""
QUALITIES = tuple(_QUALITY_WORDS.split())


def templates() -> dict[str, list[str]]:
    """Return the ways to ask by language; every one has {} where the thing goes."""
    found: dict[str, list[str]] = defaultdict(list)
    text = resources.files("workers.training").joinpath("phrasing.tsv").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            language, template = line.split("\t")
            found[language].append(template)
    return found


def compose(
    annotations: Iterable[Annotation], *, pairs: int, asked: int, seed: int
) -> Iterator[tuple[str, dict[int, float]]]:
    """Yield (phrase, shares of the pictures it denotes) for every locale.

    ``pairs`` phrases a locale put two words of one picture together and denote whatever has both;
    ``asked`` put a name or a word into a template, where the language has templates.
    """
    ways = templates()
    names: dict[str, dict[int, str]] = defaultdict(dict)
    words: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    denoted: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for entry in annotations:
        if entry.is_name:
            names[entry.locale].setdefault(entry.row, entry.phrase)
        words[entry.locale][entry.row].append(entry.phrase)
        denoted[entry.locale][entry.phrase].add(entry.row)
    for locale in sorted(words):
        draw = seeded(f"{seed} {locale}")
        space = "" if locale in UNSPACED else " "
        rich = [row for row, found in words[locale].items() if len(found) >= 2]
        for _ in range(pairs if len(rich) > 200 else 0):
            row = draw.choice(rich)
            first, second = draw.sample(words[locale][row], 2)
            both = denoted[locale][first] & denoted[locale][second]
            yield f"{first}{space}{second}", {one: 3.0 if one == row else 1.0 for one in both}
        local = ways.get(locale) or ways.get(locale.split("-")[0]) if space else ways.get(locale)
        rows = list(words[locale])
        for _ in range(asked if local else 0):
            row = draw.choice(rows)
            thing = names[locale].get(row) if draw.random() < 0.5 else None
            if thing is None:
                thing = draw.choice(words[locale][row])
            shares = dict.fromkeys(denoted[locale][thing], 1.0)
            shares[row] = 2.0
            yield draw.choice(local or ["{}"]).replace("{}", thing), shares


def qualified(nouns: Sequence[str], count: int, seed: int) -> list[tuple[str, str]]:
    """Return ``count`` distinct pairs (quality, noun) of English words."""
    draw = seeded(f"{seed} qualified")
    found: dict[tuple[str, str], None] = {}
    for _ in range(20 * count):
        if len(found) >= count:
            break
        found[draw.choice(QUALITIES), draw.choice(nouns)] = None
    return list(found)


def translated(
    combinations: Iterable[tuple[str, str]], words: Mapping[str, Sequence[str]], seed: int
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield (foreign phrase, English pair) for the pairs both of whose words are in ``words``.

    Which comes first, the quality or the noun, differs between languages and is left to chance.
    """
    draw = seeded(f"{seed} translated")
    for quality, noun in combinations:
        if quality in words and noun in words:
            parts = [draw.choice(words[quality]), draw.choice(words[noun])]
            if draw.random() < 0.5:
                parts.reverse()
            yield " ".join(parts), (quality, noun)
