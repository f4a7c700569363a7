"""Languages to choose from, by the names their speakers have for them."""

from __future__ import annotations

import re

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.core.texts import Texts, languages
from bot.frontends.telegram_bot.buttons import in_rows
from bot.frontends.telegram_bot.sentences import SENTENCES

PRESS = re.compile(r"g:([pc]):([A-Za-z-]{0,16})")
"""``p``: for the person who presses, ``c``: for the chat."""
_A_ROW = 3
_NAMES = {
    "en": "English",
    "ar": "العربية",
    "cs": "Čeština",
    "da": "Dansk",
    "de": "Deutsch",
    "el": "Ελληνικά",
    "es": "Español",
    "fa": "فارسی",
    "fi": "Suomi",
    "fr": "Français",
    "he": "עברית",
    "hi": "हिन्दी",
    "hu": "Magyar",
    "id": "Bahasa Indonesia",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "nb": "Norsk",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "ro": "Română",
    "ru": "Русский",
    "sv": "Svenska",
    "sw": "Kiswahili",
    "th": "ไทย",
    "tr": "Türkçe",
    "uk": "Українська",
    "vi": "Tiếng Việt",
    "zh": "简体中文",
    "zh-Hant": "繁體中文",
}


def name_of(tag: str) -> str:
    """Return a language's name, the tag itself where there is none."""
    return _NAMES.get(tag, tag)


def is_spoken(tag: str) -> bool:
    """Tell whether a tag can be chosen; none is "as usual"."""
    return not tag or tag in languages()


def told(chosen: str, texts: Texts) -> str:
    """Say which language is chosen."""
    name = name_of(chosen) if chosen else texts.say(SENTENCES["as_usual"])
    return texts.say(SENTENCES["language"], language=name)


def menu(chosen: str, texts: Texts, *, for_chat: bool) -> InlineKeyboardMarkup:
    """Return the buttons that choose one."""
    whom = "c" if for_chat else "p"
    names = {"": texts.say(SENTENCES["as_usual"])} | {tag: name_of(tag) for tag in languages()}
    return InlineKeyboardMarkup(
        in_rows(
            [
                InlineKeyboardButton(
                    f"✓ {name}" if tag == chosen else name, callback_data=f"g:{whom}:{tag}"
                )
                for tag, name in names.items()
            ],
            _A_ROW,
        )
    )
