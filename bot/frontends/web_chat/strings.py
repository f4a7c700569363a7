"""The page's own words, by language: one JSON file each under ``locales/``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FALLBACK = "en"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
_FOLDER = Path(__file__).parent / "locales"
_ALIASES = {"iw": "he"}
"""Old codes that browsers still send."""


@cache
def languages() -> dict[str, str]:
    """Return the languages of the page: code and the name its speakers give it."""
    return {path.stem: load(path.stem)["language_name"] for path in sorted(_FOLDER.glob("*.json"))}


@cache
def load(language: str) -> dict[str, str]:
    """Return one language's strings by key; ``language`` must be one of :func:`languages`."""
    strings = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return {str(key): str(value) for key, value in strings.items()}


def direction(language: str) -> str:
    """Return the value of the ``dir`` attribute for a language."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def match(tag: str) -> str | None:
    """Return the page's language for a BCP 47 tag, or None when it does not speak it."""
    code = tag.strip().lower().split("-")[0]
    code = _ALIASES.get(code, code)
    return code if code in languages() else None


def negotiate(accept_language: str, chosen: str = "") -> tuple[str, str]:
    """Pick a language from what the person chose and what the browser asks for.

    Returns the page's language and the full tag it stands for, e.g. ``("pt", "pt-BR")``.
    """
    for tag in [chosen, *_by_preference(accept_language)]:
        language = match(tag)
        if language:
            return language, tag
    return FALLBACK, FALLBACK


def _by_preference(accept_language: str) -> list[str]:
    weighted = []
    for entry in accept_language[:1000].split(","):
        tag, _, parameter = entry.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            weight = 0.0
        if tag and weight > 0:
            weighted.append((weight, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]


def say(language: str, key: str, **params: object) -> str:
    """Return one sentence in the person's language, its gaps filled."""
    sentence = load(match(language) or FALLBACK)[key]
    for name, value in params.items():
        sentence = sentence.replace(f"{{{name}}}", str(value))
    return sentence


def size(size_bytes: int) -> str:
    """Write a number of bytes for people."""
    if size_bytes < 2**20:
        return f"{max(1, size_bytes // 2**10)} KB"
    return f"{size_bytes / 2**20:.3g} MB"
