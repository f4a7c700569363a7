"""Other forms of a word: by a spelling dictionary's rules, or by endings that alternate."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

from workers.training.spelling import Spelling

LONGEST_ENDING = 3
SHORTEST_STEM = 3
LONGEST_GROWTH = 5  # letters that a form may be longer than its word

Endings = Mapping[str, Collection[str]]
"""For an ending of a word, those that it alternates with."""


def endings(words: Iterable[str], least: int) -> dict[str, list[str]]:
    """Return what endings alternate in at least ``least`` pairs of ``words``, most common first.

    Two words are a pair when they are equal but for endings of up to three letters that begin
    differently: "лисица" and "лисицы" make "а" and "ы" alternate.
    """
    by_stem: dict[str, set[str]] = defaultdict(set)
    for word in set(words):
        for length in range(LONGEST_ENDING + 1):
            if len(word) - length > SHORTEST_STEM:
                by_stem[word[: len(word) - length]].add(word[len(word) - length :])
    count: Counter[tuple[str, str]] = Counter()
    for found in by_stem.values():
        for one in found:
            for other in found:
                if one != other and one[:1] != other[:1]:
                    count[one, other] += 1
    rules: dict[str, list[str]] = defaultdict(list)
    for (one, other), times in sorted(count.items(), key=lambda item: (-item[1], item[0])):
        if times >= least:
            rules[one].append(other)
    return dict(rules)


def alternated(
    word: str, rules: Endings, known: Collection[str] | None = None, most: int = 6
) -> list[str]:
    """Return ``word`` with other endings, the longest ending it has first.

    Only what is ``known`` to be a word is taken where a list of the language's words is given.
    """
    found: dict[str, None] = {}
    for length in range(min(LONGEST_ENDING, len(word) - SHORTEST_STEM), -1, -1):
        stem, ending = word[: len(word) - length], word[len(word) - length :]
        for other in rules.get(ending, ()):
            form = stem + other
            if form != word and (known is None or form in known):
                found[form] = None
            if len(found) >= most:
                return list(found)
    return list(found)


class Inflections:
    """The forms of a locale's words."""

    def __init__(self, spelling: Spelling | None, rules: Endings) -> None:
        self._spelling = spelling
        self._rules = rules
        self._found: dict[str, list[str]] = {}

    def of(self, word: str) -> list[str]:
        """Return the other forms of a lower-case word, as far as they are known or guessed."""
        if word not in self._found:
            self._found[word] = self._forms(word)
        return self._found[word]

    def _forms(self, word: str) -> list[str]:
        if self._spelling is None:
            return alternated(word, self._rules)
        forms = [
            form
            for form in self._spelling.forms(word)
            if len(form) <= len(word) + LONGEST_GROWTH and not set(form) & set("-'\"")
        ]
        return forms or alternated(word, self._rules, self._spelling.stems)
