"""Words for kinds of pictures: the project's own list, ``kinds.tsv``."""

from importlib import resources

from workers.encoders.languages import words_of
from workers.encoders.mosaic.kinds import KINDS
from workers.training.compositions import UNSPACED


def kind_words() -> tuple[dict[str, int], dict[str, int]]:
    """Return the places of kinds by word, and by the words of scripts without spaces.

    What means two kinds is left out.
    """
    text = resources.files("workers.training.mosaic").joinpath("kinds.tsv").read_text("utf-8")
    found: dict[str, set[int]] = {}
    unspaced: dict[str, set[int]] = {}
    for line in text.splitlines():
        language, kind, *words = line.split("\t")
        for word in words:
            if language.split("-")[0] in UNSPACED:
                unspaced.setdefault(word, set()).add(KINDS.index(kind))
            else:
                found.setdefault(" ".join(words_of(word)), set()).add(KINDS.index(kind))
    return _sure(found), _sure(unspaced)


def _sure(found: dict[str, set[int]]) -> dict[str, int]:
    return {word: next(iter(places)) for word, places in sorted(found.items()) if len(places) == 1}
