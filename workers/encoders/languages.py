"""Which language a question is in, as far as language packs need to know."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of Thai, Lao, Tibetan, Burmese, Khmer, Japanese and Chinese: no spaces between words."""
_SAME = {"nb": "no", "fil": "tl", "iw": "he", "gn": "gug", "ki": "kik", "ff": "fuv"}
"""Languages that the library calls by another code."""
_NOTHING_SEEN = -1e30
"""Scores below are of texts in which the library saw nothing at all."""


def words_of(text: str) -> list[str]:
    """Return the words of a text, NFKC and case-folded, without punctuation and numbers around."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return [word for part in folded.split() if (word := _bare(part))]


def own_words(foreign: Iterable[str], english: Iterable[str]) -> list[str]:
    """Return the words by which a language can be told from English, sorted, each once.

    Words in scripts without spaces are left out: phrases there are no words that questions repeat,
    and the script itself tells the language.
    """
    known = {word for phrase in english for word in words_of(phrase)}
    found = {word for phrase in foreign for word in words_of(phrase)}
    return sorted(word for word in found - known if not _UNSPACED.search(word))


def language_of(text: str) -> str | None:
    """Return the BCP 47 language a text is most likely in; None when nothing speaks for any."""
    # Loads its model with the first question (0.3 s, 75 MB): only who has packs pays for it.
    import py3langid

    language, score = py3langid.classify(text)
    return None if score < _NOTHING_SEEN else str(language)


def same_language(language: str) -> str:
    """Return the code under which ``language_of`` knows a language (BCP 47, no region)."""
    return _SAME.get(language, language)


def _bare(part: str) -> str:
    """Cut off what is no letter at both ends (combining marks belong to their letters)."""
    kept = [n for n, letter in enumerate(part) if unicodedata.category(letter)[0] in "LM"]
    return part[kept[0] : kept[-1] + 1] if kept else ""
