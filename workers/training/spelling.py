"""Words and their inflected forms in some fifty languages: the spelling dictionaries of Hunspell.

A dictionary lists stems with flags (`.dic`), its rules say what each flag may put before or behind
a stem (`.aff`; see hunspell(5)). Checkers look words up; here the rules are run forwards.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from workers.training import sources
from workers.training.errors import DataError

# Debian's packages by the locale of CLDR that writes as they do.
_SAME_CODE = """
af ar be bg bn br bs ca cs da el es eu gd gl gu he hi hr hu id is it kk ko lo lt lv ml mn ne nl no
pl ro ru si sk sl sr sv sw te th tr uk uz vi
"""
PACKAGES = {code: f"hunspell-{code}" for code in _SAME_CODE.split()} | {
    "de": "hunspell-de-de",
    "en": "hunspell-en-us",
    "et": "myspell-et",
    "fil": "myspell-tl",
    "fo": "myspell-fo",
    "fr": "hunspell-fr-classical",
    "pt": "hunspell-pt-br",
    "pt-PT": "hunspell-pt-pt",
}
MOST_FORMS = 40  # of one stem; Hungarian has hundreds


@dataclass(frozen=True, slots=True)
class _Rule:
    """What one flag does: takes ``strip`` off a word that fits ``condition``, adds ``affix``."""

    strip: str
    affix: str
    condition: re.Pattern[str]
    is_prefix: bool
    flags: tuple[str, ...] = ()

    def apply(self, word: str) -> str | None:
        if not self.condition.search(word):
            return None
        if self.is_prefix:
            return self.affix + word[len(self.strip) :] if word.startswith(self.strip) else None
        if not word.endswith(self.strip):
            return None
        return word[: len(word) - len(self.strip)] + self.affix


@dataclass
class Spelling:
    """One language's stems with their flags, and its rules by flag."""

    stems: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rules: dict[str, list[_Rule]] = field(default_factory=lambda: defaultdict(list))
    writing: Literal["NFC", "NFD"] = "NFC"  # in which the rules are written

    def forms(self, word: str) -> list[str]:
        """Return the forms of a stem other than itself, none when it is no stem; NFC."""
        flags = self.stems.get(word, ())
        decomposed = word if word.isascii() else unicodedata.normalize(self.writing, word)
        found: dict[str, None] = {}
        for rule in (rule for flag in flags for rule in self.rules.get(flag, ())):
            if (form := rule.apply(decomposed)) is None:
                continue
            found[unicodedata.normalize("NFC", form)] = None
            # One affix upon another: the genitive of a plural, say.
            for further in (more for flag in rule.flags for more in self.rules.get(flag, ())):
                if (longer := further.apply(form)) is not None:
                    found[unicodedata.normalize("NFC", longer)] = None
            if len(found) >= MOST_FORMS:
                break
        found.pop(word, None)
        return list(found)


class _Flags:
    """How a dictionary writes its flags: letter by letter, in pairs, or as numbers; or aliases."""

    def __init__(self) -> None:
        self.kind = ""
        self.aliases: list[tuple[str, ...]] | None = None

    def add_alias(self, text: str) -> None:
        if self.aliases is not None:
            self.aliases.append(self._cut(text))

    def split(self, text: str) -> tuple[str, ...]:
        if self.aliases is not None and text.isdigit():
            number = int(text)
            return self.aliases[number - 1] if 0 < number <= len(self.aliases) else ()
        return self._cut(text)

    def _cut(self, text: str) -> tuple[str, ...]:
        if self.kind == "num":
            return tuple(text.split(","))
        if self.kind == "long":
            return tuple(text[place : place + 2] for place in range(0, len(text), 2))
        return tuple(text)


def _text(path: Path, encoding: str) -> list[str]:
    try:
        return path.read_bytes().decode(encoding, "replace").lstrip("\ufeff").splitlines()
    except (OSError, LookupError) as error:
        raise DataError(f"{path} is not a readable spelling dictionary ({error})") from error


def _encoding(path: Path) -> str:
    named = re.search(rb"^SET\s+(\S+)", path.read_bytes(), re.MULTILINE)
    name = named[1].decode("ascii") if named else "ISO8859-1"
    return {"microsoft-cp1251": "cp1251"}.get(name.lower(), name)


def _rule(columns: list[str], flags: _Flags) -> _Rule | None:
    is_prefix = columns[0] == "PFX"
    affix, _, further = columns[3].partition("/")
    condition = columns[4] if len(columns) > 4 else "."
    # Hunspell's conditions are brackets and dots; a lone hyphen in brackets is a letter there.
    pattern = condition.replace("-]", r"\-]").replace("[-", r"[\-")
    try:
        fits = re.compile(f"^(?:{pattern})" if is_prefix else f"(?:{pattern})$")
    except re.error:
        return None
    nothing = ("", "0")
    return _Rule(
        strip="" if columns[2] in nothing else columns[2],
        affix="" if affix in nothing else affix,
        condition=fits,
        is_prefix=is_prefix,
        flags=flags.split(further) if further else (),
    )


def read(affixes: Path, dictionary: Path, wanted: Collection[str] | None = None) -> Spelling:
    """Read a dictionary; ``wanted`` keeps only the flags of these lower-case words.

    Every stem is kept, by its lower-case spelling in NFC.
    """
    try:
        encoding = _encoding(affixes)
    except OSError as error:
        raise DataError(f"{affixes} is not a readable spelling dictionary ({error})") from error
    spelling, flags = Spelling(), _Flags()
    for line in _text(affixes, encoding):
        columns = line.split()
        if not columns:
            continue
        if columns[0] == "FLAG":
            flags.kind = columns[1].lower()
        elif columns[0] == "AF" and flags.aliases is None:
            flags.aliases = []  # the first of these lines only says how many there are
        elif columns[0] == "AF":
            flags.add_alias(columns[1])
        elif columns[0] in ("SFX", "PFX") and len(columns) >= 4 and not _is_header(columns):
            rule = _rule(columns, flags)
            if rule:
                spelling.rules[columns[1]].append(rule)
    for line in _text(dictionary, encoding)[1:]:
        entry = line.split("\t")[0].strip()
        stem, _, marks = entry.partition("/")
        marks = marks.split(" ")[0]
        if not stem:
            continue
        if unicodedata.normalize("NFC", stem) != stem:
            spelling.writing = "NFD"
        word = unicodedata.normalize("NFC", stem).lower()
        known = spelling.stems.get(word, ())
        mine = flags.split(marks) if marks and (wanted is None or word in wanted) else ()
        spelling.stems[word] = known + mine
    return spelling


def _is_header(columns: list[str]) -> bool:
    return len(columns) == 4 and columns[2] in ("Y", "N") and columns[3].isdigit()


def load(cache: Path, locale: str, wanted: Collection[str]) -> Spelling | None:
    """Return the dictionary of a locale with the flags of ``wanted``, None where there is none."""
    package = PACKAGES.get(locale)
    if package is None:
        return None
    folder = sources.fetch_debian(package, cache)
    for affixes in sorted(folder.rglob("*.aff")):
        dictionary = affixes.with_suffix(".dic")
        if dictionary.exists() and not affixes.is_symlink():
            return read(affixes, dictionary, wanted)
    raise DataError(f"{package} holds no spelling dictionary")


def words(spelling: Spelling) -> Iterator[str]:
    """Yield the stems that are words of letters, three or more."""
    for stem in spelling.stems:
        if len(stem) >= 3 and stem.isalpha():
            yield stem
