"""Languages to choose from, by the names their speakers have for them."""

from __future__ import annotations

from bot.core.texts import languages
from bot.frontends.discord_bot.limits import SELECT_OPTIONS

AUTOMATIC = "auto"
_NAMES = {
    # The most used on Discord first; what does not fit into one menu is left out.
    "en": "English",
    "es": "Español",
    "pt": "Português",
    "fr": "Français",
    "de": "Deutsch",
    "ru": "Русский",
    "ja": "日本語",
    "ko": "한국어",
    "zh": "简体中文",
    "zh-Hant": "繁體中文",
    "tr": "Türkçe",
    "it": "Italiano",
    "pl": "Polski",
    "ar": "العربية",
    "id": "Bahasa Indonesia",
    "vi": "Tiếng Việt",
    "hi": "हिन्दी",
    "nl": "Nederlands",
    "th": "ไทย",
    "uk": "Українська",
    "sv": "Svenska",
    "cs": "Čeština",
    "ro": "Română",
    "el": "Ελληνικά",
    "hu": "Magyar",
    "fi": "Suomi",
    "da": "Dansk",
    "nb": "Norsk",
    "he": "עברית",
    "fa": "فارسی",
    "sw": "Kiswahili",
}


def offered() -> dict[str, str]:
    """Return the tags and names of the languages to choose from: 24, one place is for "none"."""
    spoken = set(languages())
    known = [(tag, name) for tag, name in _NAMES.items() if tag in spoken]
    return dict(known[: SELECT_OPTIONS - 1])


def name_of(tag: str) -> str:
    """Return a language's name, the tag itself where there is none."""
    return _NAMES.get(tag, tag)
