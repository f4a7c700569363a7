"""English words and what they mean: the noun, verb and adjective synsets of WordNet 3.0."""

from collections.abc import Iterator
from pathlib import Path

from workers.training import sources

PARTS = ("noun", "verb", "adj")


def synsets(cache: Path) -> Iterator[tuple[str, list[str], str]]:
    """Yield (part of speech, lemmas, gloss without examples) of every synset."""
    folder = sources.debian_folder("wordnet-base", Path("/usr/share/wordnet"), cache)
    for part in PARTS:
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
            yield part, lemmas, gloss.split('; "')[0].split(";")[0].strip()
