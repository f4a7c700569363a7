"""Keep the catalogues of the bot's sentences; docs/translating.md tells how they are used.

python scripts/catalogues.py update [LANGUAGE ...]   take up new sentences, start new languages
python scripts/catalogues.py compile                 make each .mo from its .po
python scripts/catalogues.py check                   list what is missing or does not fit
"""

from __future__ import annotations

import argparse
import configparser
import gettext
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "bot" / "core"
DISCORD = ROOT / "bot" / "frontends" / "discord_bot"
TELEGRAM = ROOT / "bot" / "frontends" / "telegram_bot"
LOCALES = CORE / "locales"
DOMAIN = "babelpix"
KEYWORDS = {"_": None, "count": (1, 2)}
HEADERS = {"Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
NUMBERS = (*range(1, 200), 0, 1_000_000, 2_000_000)
"""Numbers among which every plural form of every language has one, the most telling first."""
HEADER_COMMENT = "# What Babelpix says; docs/translating.md tells how to translate it."


class Book(Catalog):
    """A catalogue whose header tells nothing that changes from day to day."""

    def __init__(self, language: str | None = None) -> None:
        super().__init__(language, domain=DOMAIN, header_comment=HEADER_COMMENT, fuzzy=False)

    def __iter__(self) -> Iterator[Message]:
        for message in super().__iter__():
            if not message.id:
                lines = [f"{name}: {value}\n" for name, value in self.mime_headers]
                message.string = "".join(line for line in lines if line.split(":")[0] in HEADERS)
            yield message

    def sentences(self) -> Iterator[Message]:
        """Yield every entry but the header."""
        return (message for message in self if message.id)

    def as_po(self) -> bytes:
        """Return the text of the .po file."""
        file = io.BytesIO()
        write_po(file, self, no_location=True, width=0)
        return file.getvalue().rstrip(b"\n") + b"\n"

    def as_mo(self) -> bytes:
        """Return the bytes of the .mo file."""
        file = io.BytesIO()
        write_mo(file, self)
        return file.getvalue()


@cache
def template() -> Book:
    """Return the sentences that stand in the code."""
    config = configparser.ConfigParser()
    config.read(ROOT / "babel.cfg", encoding="utf-8")
    sections = [section.partition(":") for section in config.sections()]
    methods = [(pattern.strip(), method.strip()) for method, _, pattern in sections]
    book = Book()
    for folder in (CORE, DISCORD, TELEGRAM):
        for _file, _line, sentence, _comments, _context in extract_from_dir(
            folder, methods, None, KEYWORDS
        ):
            book.add(sentence)
    for string in _commands():
        book.add(string)
    return book


@cache
def _commands() -> tuple[str, ...]:
    """Return the names and descriptions of the commands on Discord."""
    sys.path.insert(0, str(ROOT))
    try:
        from bot.frontends.discord_bot.frontend import command_strings
    finally:
        sys.path.remove(str(ROOT))
    return tuple(command_strings())


def taken_up(po: Path, sentences: Book) -> Book:
    """Return the catalogue in a .po file, with exactly the sentences of the code."""
    language = po.parts[-3]
    book = Book(language)
    with io.BytesIO(po.read_bytes() if po.exists() else b"") as file:
        before = read_po(file, language)
    for sentence in sentences.sentences():
        old = before.get(sentence.id)
        if old is None or old.pluralizable != sentence.pluralizable:
            book.add(sentence.id)
        else:
            words = _by_number(old, before, book) if old.pluralizable else old.string
            book.add(sentence.id, words, flags=old.flags, user_comments=old.user_comments)
    return book


def _by_number(message: Message, before: Catalog, now: Catalog) -> tuple[str, ...]:
    """Return the plural forms by the rule of now, each with the words its numbers had before.

    A new release of Babel can give a language more forms, or number them otherwise (Arabic's last
    two changed places in 2.19): position by position the words would come to stand for others.
    """
    old_form, new_form = gettext.c2py(before.plural_expr), gettext.c2py(now.plural_expr)
    words = list(message.string)
    # One is asked before zero: where they share a form, its words are those for one.
    of_form = {new_form(number): old_form(number) for number in reversed(NUMBERS)}
    olds = (of_form.get(index, len(words)) for index in range(now.num_plurals))
    return tuple(words[old] if old < len(words) else "" for old in olds)


def update(locales: Path, new_languages: list[str]) -> None:
    """Write the template anew and bring every .po file to the sentences of the code."""
    sentences = template()
    (locales / f"{DOMAIN}.pot").write_bytes(sentences.as_po())
    new = [locales / language / "LC_MESSAGES" / f"{DOMAIN}.po" for language in new_languages]
    for po in [*_catalogues(locales), *new]:
        po.parent.mkdir(parents=True, exist_ok=True)
        po.write_bytes(taken_up(po, sentences).as_po())


def compile_all(locales: Path) -> None:
    """Write every .mo file anew."""
    sentences = template()
    for po in _catalogues(locales):
        po.with_suffix(".mo").write_bytes(taken_up(po, sentences).as_mo())


def check(locales: Path) -> list[str]:
    """Return all that is out of date, untranslated, or does not fit its sentence."""
    sentences = template()
    problems = []
    if _content(locales / f"{DOMAIN}.pot") != sentences.as_po():
        problems.append(f"{DOMAIN}.pot: out of date, run update")
    for po in _catalogues(locales):
        book = taken_up(po, sentences)
        flaws = [flaw for message in book.sentences() for flaw in _flaws(message, book)]
        if _content(po) != book.as_po():
            flaws.append("the .po file is out of date, run update")
        if _content(po.with_suffix(".mo")) != book.as_mo():
            flaws.append("the .mo file differs from the .po file, run compile")
        problems += [f"{po.parts[-3]}: {flaw}" for flaw in flaws]
    return problems


def _flaws(message: Message, book: Book) -> Iterator[str]:
    sentence = message.id if isinstance(message.id, str) else message.id[-1]
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if message.fuzzy or not all(forms) or (message.pluralizable and len(forms) != book.num_plurals):
        yield f"not translated: {sentence}"
        return
    gaps = _gaps(sentence)
    for index, form in enumerate(forms):
        allowed = [gaps]
        if message.pluralizable and _says_its_number(index, book):
            allowed.append([gap for gap in gaps if gap != "{number}"])
        if _gaps(form) not in allowed:
            yield f"other placeholders than {gaps}: {form}"


def _gaps(sentence: str) -> list[str]:
    """Return the placeholders of a sentence, and any stray brace."""
    return sorted(re.findall(r"\{[^{}]*\}|[{}]", sentence))


def _says_its_number(index: int, book: Book) -> bool:
    """Tell whether a plural form is for one number only, so that words can stand for it."""
    form_for = gettext.c2py(book.plural_expr)
    return Counter(form_for(number) for number in NUMBERS)[index] == 1


def _catalogues(locales: Path) -> list[Path]:
    return sorted(locales.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def main() -> int:
    """Run a command; 1 when check has found something."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["update", "compile", "check"])
    parser.add_argument("language", nargs="*", help="languages to start, with update")
    arguments = parser.parse_args()
    if arguments.command == "update":
        update(LOCALES, arguments.language)
    elif arguments.command == "compile":
        compile_all(LOCALES)
    elif problems := check(LOCALES):
        print("\n".join(problems), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
