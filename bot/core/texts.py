"""The bot's own sentences, by language: gettext catalogues under ``locales``."""

from __future__ import annotations

import gettext
from functools import lru_cache
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "babelpix"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi", "ps", "sd", "ug", "dv"})


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
    parts = [part for part in language.replace("_", "-").split("-") if part.isalnum()]
    if not parts:
        return []
    base = parts[0].lower()
    names = ["_".join([base, *parts[1:end]]) for end in range(len(parts), 0, -1)]
    if base == "zh" and any(part.lower() in {"hant", "tw", "hk", "mo"} for part in parts[1:]):
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
