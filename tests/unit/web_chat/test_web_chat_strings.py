"""The page's words are complete in every language, and the page uses no others."""

from __future__ import annotations

import re

import pytest

from bot.frontends.web_chat import strings
from bot.frontends.web_chat.pages import STATIC

ENGLISH = strings.load("en")
WANTED = {
    *["en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "tr", "ja", "ko", "zh"],
    *["ar", "fa", "he", "ur", "hi", "th", "sw"],
}
SAME_AS_ENGLISH = {("it", "password"), ("it", "file")}
"""Words that are the same in both languages; all other equal ones were forgotten."""


def gaps(sentence: str) -> set[str]:
    return set(re.findall(r"\{\w+\}", sentence))


def test_all_languages_are_there() -> None:
    assert set(strings.languages()) >= WANTED
    assert len(set(strings.languages().values())) == len(strings.languages())


@pytest.mark.parametrize("language", sorted(strings.languages()))
def test_a_language_is_complete(language: str) -> None:
    words = strings.load(language)
    assert list(words) == list(ENGLISH)
    for key, sentence in words.items():
        assert sentence.strip() == sentence != "", key
        assert gaps(sentence) == gaps(ENGLISH[key]), key
        if language != "en" and len(sentence) > 3 and (language, key) not in SAME_AS_ENGLISH:
            assert sentence != ENGLISH[key] or key == "conversation", key


def test_every_string_is_used_and_every_one_used_exists() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for folder, pattern in ((STATIC, "*.js"), (STATIC, "*.html"), (STATIC.parent, "*.py"))
        for path in folder.rglob(pattern)
    ]
    text = "\n".join(sources)
    unused = {key for key in ENGLISH if not re.search(rf"[\"'`]{key}[\"'`]", text)}
    assert unused == set()
    named = set(re.findall(r"data-t(?:-\w+)?=\"(\w+)\"", text))
    named |= set(re.findall(r"\bt\(\"(\w+)\"", text))
    for named_in_data in re.findall(r"data: \{([^}]*)\}", text):
        named |= set(re.findall(r": \"(\w+)\"", named_in_data))
    named |= set(re.findall(r"iconButton\(\"\w+\", \"(\w+)\"", text))
    named |= set(re.findall(r"textButton\((?:\"\w+\"|null), \"(\w+)\"", text))
    assert named <= set(ENGLISH)
    assert len(named) > 40


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(1, "1 KB"), (2**20, "1 MB"), (30 * 2**20, "30 MB"), (2**21 + 2**19, "2.5 MB")],
)
def test_sizes_read_well(size_bytes: int, text: str) -> None:
    assert strings.size(size_bytes) == text
