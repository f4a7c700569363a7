"""The parallel phrases of some languages out of the packages' data, as `pack` reads them."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from workers.training import captions, dictionaries
from workers.training.annotations import Annotation
from workers.training.chance import seeded
from workers.training.errors import DataError
from workers.training.files import write_whole
from workers.training.languages import base_language
from workers.training.pairs import Pair


def name_pairs(annotations: Iterable[Annotation], languages: Collection[str]) -> list[Pair]:
    """Pair what each locale of ``languages`` calls a picture with its English name."""
    names = [entry for entry in annotations if entry.is_name]
    english = {entry.row: entry.phrase for entry in names if entry.locale == "en"}
    return [
        Pair(base_language(entry.locale), entry.phrase, english[entry.row])
        for entry in names
        if base_language(entry.locale) in languages and entry.row in english
    ]


def word_pairs(cache: Path, languages: Collection[str], most: int, seed: int) -> list[Pair]:
    """Return up to ``most`` words a language out of the dictionaries, and all captions."""
    words: dict[str, dict[Pair, None]] = {language: {} for language in sorted(languages)}
    for code, foreign, english in dictionaries.every(cache):
        if (language := base_language(code)) in languages:
            words[language][Pair(language, foreign, english)] = None
    draw = seeded(f"{seed} pairs")
    found = [
        Pair(base_language(code), caption, english)
        for code, caption, english in captions.tuxpaint(cache)
        if base_language(code) in languages
    ]
    for pairs in words.values():
        chosen = list(pairs)
        draw.shuffle(chosen)
        found += chosen[:most]
    return found


def write(pairs: Sequence[Pair], path: Path, languages: Collection[str]) -> dict[str, int]:
    """Write the distinct pairs and return how many of each language.

    Raises DataError, and writes nothing, when one of ``languages`` has none.
    """
    clean = {
        Pair(*(" ".join(part.split()) for part in (pair.language, pair.phrase, pair.english))): None
        for pair in pairs
    }
    kept = [pair for pair in clean if pair.phrase and pair.english]
    counts = Counter(pair.language for pair in kept)
    if without := sorted(set(languages) - set(counts)):
        raise DataError(f"the packages hold nothing in {', '.join(without)}")
    write_whole(path, "".join(f"{pair.language}\t{pair.phrase}\t{pair.english}\n" for pair in kept))
    return dict(sorted(counts.items()))
