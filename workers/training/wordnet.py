"""English words and what they mean: the noun, verb and adjective synsets of WordNet 3.0."""

from collections.abc import Iterator
from pathlib import Path

from workers.training import sources

PARTS = ("noun", "verb", "adj")


def synsets(cache: Path) -> Iterator[tuple[str, list[str], str]]:
    """Yield (part of speech, lemmas, gloss without examples) of every synset."""
    for part in PARTS:
        for _, lemmas, gloss in _read(cache, part):
            yield part, lemmas, gloss


def nouns(cache: Path) -> Iterator[tuple[int, list[str], str]]:
    """Yield (number of the lexicographers' file, lemmas, gloss) of the nouns' synsets."""
    return _read(cache, "noun")


def _read(cache: Path, part: str) -> Iterator[tuple[int, list[str], str]]:
    folder = sources.debian_folder("wordnet-base", Path("/usr/share/wordnet"), cache)
    text = (folder / f"data.{part}").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith(" "):
            continue  # the licence at the top
        fields, _, gloss = line.partition(" | ")
        columns = fields.split()
        count = int(columns[3], 16)
        lemmas = [
            columns[4 + 2 * number].split("(")[0].replace("_", " ") for number in range(count)
        ]
        yield int(columns[1]), lemmas, gloss.split('; "')[0].split(";")[0].strip()


class Nouns:
    """WordNet's nouns by their place in its file, with what each is a kind of."""

    def __init__(self, cache: Path) -> None:
        folder = sources.debian_folder("wordnet-base", Path("/usr/share/wordnet"), cache)
        self._lines: dict[str, tuple[list[str], str]] = {}
        for line in (folder / "data.noun").read_text(encoding="utf-8").splitlines():
            if not line.startswith(" "):
                fields, _, gloss = line.partition(" | ")
                self._lines[fields[:8]] = fields.split(), gloss

    def lemmas(self, place: str) -> list[str]:
        """Return the words of the synset at ``place``, eight digits."""
        columns, _ = self._lines[place]
        count = int(columns[3], 16)
        return [columns[4 + 2 * number].replace("_", " ") for number in range(count)]

    def gloss(self, place: str) -> str:
        """Return what the synset means, without examples."""
        return self._lines[place][1].split('; "')[0].strip()

    def kinds(self, place: str) -> list[str]:
        """Return the places of all synsets that it is a kind of, the nearest first."""
        found: dict[str, None] = {}
        waiting = [place]
        for one in waiting:
            columns, _ = self._lines[one]
            for number, pointer in enumerate(columns):
                if pointer in ("@", "@i") and number > 5 and columns[number + 2] == "n":
                    other = columns[number + 1]
                    if other not in found:
                        found[other] = None
                        waiting.append(other)
        return list(found)
