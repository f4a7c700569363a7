"""The bot's own sentences, by language: gettext catalogues under ``locales``."""

from __future__ import annotations

import gettext
import re
from functools import lru_cache
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "babelpix"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi", "ps", "sd", "ug", "dv"})

_TAG = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,3}(?![A-Za-z0-9])")
_OTHER_NAMES = {"in": "id", "iw": "he", "nn": "nb", "no": "nb"}


class Texts:
    """The sentences of one language, English where a translation is missing."""

    def __init__(self, language: str, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def say(self, sentence: str, **params: object) -> str:
        """Translate an English sentence and fill its ``{gaps}``."""
        return self._catalogue.gettext(sentence).format(**params)

    def count(self, one: str, many: str, number: int, **params: object) -> str:
        """Translate with the plural form that ``number`` takes; it fills ``{number}``."""
        return self._catalogue.ngettext(one, many, number).format(number=number, **params)


def _candidates(language: str) -> list[str]:
    """Return catalogue names to try for a BCP 47 tag, most specific first."""
    tag = _TAG.match(language)
    if tag is None:
        return []
    base, *rest = tag[0].lower().replace("_", "-").split("-")
    base = _OTHER_NAMES.get(base, base)
    names = ["_".join([base, *rest[:end]]) for end in range(len(rest), -1, -1)]
    if base == "zh" and "hans" not in rest and not {"hant", "tw", "hk", "mo"}.isdisjoint(rest):
        names.insert(0, "zh_Hant")
    return names


@lru_cache(maxsize=64)
def texts_for(language: str) -> Texts:
    """Return the sentences for a BCP 47 language tag; English for one we do not speak."""
    catalogue = gettext.translation(
        DOMAIN, LOCALES, languages=_candidates(language) or ["en"], fallback=True
    )
    return Texts(language, catalogue)


def languages() -> list[str]:
    """Return the tags of all languages with a catalogue, English first."""
    found = sorted(path.parts[-3] for path in LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return ["en", *(name.replace("_", "-") for name in found if name != "en")]
