"""Which language a question is in, as far as language packs need to know."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of Thai, Lao, Tibetan, Burmese, Khmer, Japanese and Chinese: no spaces between words."""
_KANA = re.compile("[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff]")
_HAN = re.compile("[\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_KANA_OR_HAN = re.compile(f"{_KANA.pattern}|{_HAN.pattern}")
_CHARACTERS = {
    "zh": ("gb2312", "big5hkscs"),
    "yue": ("gb2312", "big5hkscs"),
    "wuu": ("gb2312", "big5hkscs"),
    "ja": ("shift_jis",),
}
"""The languages of Chinese characters, and the national sets of those that each writes."""
_SAME = {"cmn": "zh", "nb": "no", "fil": "tl", "iw": "he", "gn": "gug", "ki": "kik", "ff": "fuv"}
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
    and the script itself tells the language, or the few that it may be (``languages_of``).
    """
    known = {word for phrase in english for word in words_of(phrase)}
    found = {word for phrase in foreign for word in words_of(phrase)}
    return sorted(word for word in found - known if not _UNSPACED.search(word))


def languages_of(text: str) -> list[str]:
    """Return the languages a text may be in, as ``language_of`` names them, likeliest first.

    Several only for Chinese characters without kana: of such the library takes Japanese for
    Chinese, and one Chinese language for another.
    """
    words = words_of(text)
    if not words:
        return []
    if _mostly(words, _HANGUL):
        return ["ko"]
    if _mostly(words, _KANA_OR_HAN):
        letters = "".join(words)
        if _KANA.search(letters):
            return ["ja"]
        characters = "".join(_HAN.findall(letters))
        possible = [name for name, sets in _CHARACTERS.items() if _written_in(characters, sets)]
        guess = language_of(text)
        return sorted(possible or _CHARACTERS, key=lambda name: name != guess)
    guess = language_of(text)
    return [] if guess is None else [guess]


def language_of(text: str) -> str | None:
    """Return the BCP 47 language a text is most likely in; None when nothing speaks for any."""
    # Loads its model with the first question (0.3 s, 75 MB): only who has packs pays for it.
    import py3langid

    language, score = py3langid.classify(text)
    return None if score < _NOTHING_SEEN else str(language)


def same_language(language: str) -> str:
    """Return the code under which ``language_of`` knows a language (BCP 47, no region)."""
    return _SAME.get(language, language)


def _mostly(words: Sequence[str], letters: re.Pattern[str]) -> bool:
    return 2 * sum(letters.search(word) is not None for word in words) >= len(words)


def _written_in(characters: str, sets: Iterable[str]) -> bool:
    for name in sets:
        try:
            characters.encode(name)
        except UnicodeEncodeError:
            continue
        return True
    return False


def _bare(part: str) -> str:
    """Cut off what is no letter at both ends (combining marks belong to their letters)."""
    kept = [n for n, letter in enumerate(part) if unicodedata.category(letter)[0] in "LM"]
    return part[kept[0] : kept[-1] + 1] if kept else ""
