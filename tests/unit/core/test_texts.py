"""The core's sentences in every language: the catalogues, their choice, and their plural forms."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Formatter
from types import ModuleType
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.sentences import REFUSALS, SENTENCES
from bot.core.texts import LOCALES, languages, texts_for

ROOT = Path(__file__).resolve().parents[3]
SPOKEN = [
    "en",
    "ar",
    "cs",
    "da",
    "de",
    "el",
    "es",
    "fa",
    "fi",
    "fr",
    "he",
    "hi",
    "hu",
    "id",
    "it",
    "ja",
    "ko",
    "nb",
    "nl",
    "pl",
    "pt",
    "ro",
    "ru",
    "sv",
    "sw",
    "th",
    "tr",
    "uk",
    "vi",
    "zh",
    "zh-Hant",
]
ADDED = ("{number} picture was added.", "{number} pictures were added.")
EMPTY = REFUSALS["empty"]


@pytest.fixture(scope="module")
def catalogues() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("catalogues", ROOT / "scripts" / "catalogues.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, {"catalogues": module}):
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def whole(catalogues: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few catalogues; what has no translation yet has its English."""
    copy = tmp_path_factory.mktemp("whole") / "locales"
    for language in ("de", "ar"):
        shutil.copytree(LOCALES / language, copy / language)
    catalogues.update(copy, [])
    for language in ("de", "ar"):
        po = po_of(copy, language)
        book = catalogues.taken_up(po, catalogues.template())
        for message in book.sentences():
            if isinstance(message.id, str):
                message.string = message.string or message.id
            elif not all(message.string):
                message.string = (message.id[-1],) * book.num_plurals
        po.write_bytes(book.as_po())
    catalogues.compile_all(copy)
    return copy


@pytest.fixture
def locales(whole: Path, tmp_path: Path) -> Path:
    """A copy of a few catalogues, to be spoilt."""
    return Path(shutil.copytree(whole, tmp_path / "locales"))


def po_of(locales: Path, language: str) -> Path:
    return locales / language / "LC_MESSAGES" / "babelpix.po"


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


# The catalogues


def test_the_catalogues_are_complete_and_compiled(catalogues: ModuleType) -> None:
    assert catalogues.check(LOCALES) == []


def test_all_languages_have_a_catalogue() -> None:
    assert languages() == SPOKEN


def test_update_and_compile_write_what_is_there_already(
    catalogues: ModuleType, locales: Path
) -> None:
    before = {path: path.read_bytes() for path in locales.rglob("*.*")}
    catalogues.update(locales, [])
    catalogues.compile_all(locales)
    assert {path: path.read_bytes() for path in locales.rglob("*.*")} == before


def test_the_template_has_what_the_core_and_the_commands_on_discord_say(
    catalogues: ModuleType,
) -> None:
    sentences = {message.id for message in catalogues.template().sentences()}
    assert {*SENTENCES.values(), *REFUSALS.values(), ADDED} <= sentences
    assert {"More like this …", "/search", "query:", "from:", "Find similar"} <= sentences
    assert "You have added {number} picture, here and elsewhere together." in {
        sentence[0] for sentence in sentences if isinstance(sentence, tuple)
    }


def test_update_starts_a_language_with_nothing_translated(
    catalogues: ModuleType, locales: Path
) -> None:
    catalogues.update(locales, ["lv"])
    problems = catalogues.check(locales)
    assert "lv: not translated: The file is empty." in problems
    assert all(problem.startswith("lv: ") for problem in problems)
    assert "nplurals=3" in po_of(locales, "lv").read_text("utf-8")


def test_words_stay_with_their_numbers_when_the_rule_for_plural_forms_changes(
    catalogues: ModuleType, locales: Path
) -> None:
    po = po_of(locales, "ar")
    now = po.read_text("utf-8")
    # The forms for 11 to 99 and for 100 as Babel numbered them before 2.19.
    before = now.replace("n % 100 >= 11 && n % 100 <= 99 ? 4 : 5", "n % 100 <= 2 ? 4 : 5")
    assert before != now
    for old, new in (("[4]", "[x]"), ("[5]", "[4]"), ("[x]", "[5]")):
        before = before.replace(f"msgstr{old}", f"msgstr{new}")
    po.write_text(before, "utf-8")
    catalogues.update(locales, [])
    assert po.read_text("utf-8") == now


def test_a_language_that_gets_another_plural_form_keeps_its_words(
    catalogues: ModuleType, locales: Path
) -> None:
    po = po_of(locales, "ar")
    lines = [line for line in po.read_text("utf-8").splitlines() if "msgstr[0]" not in line]
    kept = [line for line in lines if not re.match(r"msgstr\[[1245]\]", line)]
    text = "\n".join(kept).replace("msgstr[3]", "msgstr[0]") + "\n"
    po.write_text(re.sub(r"nplurals=6; plural=\(.*\)", "nplurals=1; plural=0", text), "utf-8")
    catalogues.update(locales, [])
    words = catalogues.taken_up(po, catalogues.template()).get(ADDED).string
    assert words == ("تمت إضافة {number} صور.",) * 6


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"Die Datei ist leer."', '""', "de: not translated: The file is empty."),
        ("{done} von {total}", "{done} von {summe}", "de: other placeholders than"),
        ("{done} von {total}", "{done} von {total", "de: other placeholders than"),
        ("{number} Bild wurde", "{n} Bild wurde", "de: other placeholders than"),
        ("تمت إضافة {number} صور.", "تمت إضافة صور.", "ar: other placeholders than"),
        ("ist leer", "hat keinen Inhalt", "de: the .mo file differs from the .po file"),
        ('msgid "The file is empty."', 'msgid "x"', "de: the .po file is out of date"),
        (
            'msgid "The file is empty."',
            '#, fuzzy\nmsgid "The file is empty."',
            "de: not translated: The file is empty.",
        ),
    ],
)
def test_check_tells_what_is_wrong(
    catalogues: ModuleType, locales: Path, old: str, new: str, problem: str
) -> None:
    replace(po_of(locales, problem[:2]), old, new)
    assert any(line.startswith(problem) for line in catalogues.check(locales))


def test_check_notices_a_stale_template_and_a_missing_mo(
    catalogues: ModuleType, locales: Path
) -> None:
    replace(locales / "babelpix.pot", "The file is empty.", "The file was empty.")
    po_of(locales, "de").with_suffix(".mo").unlink()
    assert catalogues.check(locales) == [
        "babelpix.pot: out of date, run update",
        "de: the .mo file differs from the .po file, run compile",
    ]


def test_the_command_fails_when_check_has_found_something(
    catalogues: ModuleType,
    locales: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(catalogues, "LOCALES", locales)
    monkeypatch.setattr(sys, "argv", ["catalogues.py", "check"])
    assert catalogues.main() == 0
    replace(po_of(locales, "de"), "ist leer", "ist leer!")
    assert catalogues.main() == 1
    assert "de: the .mo file differs" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["catalogues.py", "compile"])
    assert catalogues.main() == 0
    monkeypatch.setattr(sys, "argv", ["catalogues.py", "update", "lv"])
    assert catalogues.main() == 0
    assert po_of(locales, "lv").exists()


# The sentences


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("sentence", [*SENTENCES.values(), *REFUSALS.values()])
def test_every_sentence_formats_in_every_language(language: str, sentence: str) -> None:
    names = {name for _, name, _, _ in Formatter().parse(sentence) if name}
    said = texts_for(language).say(sentence, **{name: f"<{name}>" for name in names})
    assert all(f"<{name}>" in said for name in names)
    assert "{" not in said
    assert (said == sentence) == (language == "en" and not names)


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", ["1 picture was", "2 pictures were", "5 pictures were", "11 pictures were"]),
        (
            "ru",
            [
                "Добавлена 1 картинка.",
                "Добавлены 2 картинки.",
                "Добавлено 5 картинок.",
                "Добавлено 11 картинок.",
            ],
        ),
        (
            "pl",
            [
                "Dodano 1 obraz.",
                "Dodano 2 obrazy.",
                "Dodano 5 obrazów.",
                "Dodano 11 obrazów.",
            ],
        ),
        (
            "ar",
            [
                "تمت إضافة صورة واحدة.",
                "تمت إضافة صورتين.",
                "تمت إضافة 5 صور.",
                "تمت إضافة 11 صورةً.",
            ],
        ),
    ],
)
def test_plural_forms(language: str, forms: list[str]) -> None:
    texts = texts_for(language)
    said = [texts.count(*ADDED, number) for number in (1, 2, 5, 11)]
    assert all(sentence.startswith(form) for sentence, form in zip(said, forms, strict=True))


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("ar", 100, "تمت إضافة 100 صورة."),
        ("es", 1_000_000, "Se han añadido 1000000 de imágenes."),
        ("es", 1_000_001, "Se han añadido 1000001 imágenes."),
        ("fr", 0, "0 image a été ajoutée."),
        ("fr", 2_000_000, "2000000 d’images ont été ajoutées."),
        ("he", 2, "נוספו שתי תמונות."),
        ("it", 1_000_000, "Sono state aggiunte 1000000 di immagini."),
        ("pt", 0, "0 imagem foi adicionada."),
        ("pt", 3_000_000, "3000000 de imagens foram adicionadas."),
    ],
)
def test_plural_forms_of_few_numbers(language: str, number: int, said: str) -> None:
    assert texts_for(language).count(*ADDED, number) == said


def test_a_sentence_without_translation_is_said_in_english() -> None:
    assert texts_for("de").say("No one translated {this}.", this="that") == (
        "No one translated that."
    )


# The choice of a language


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-at", "de"),
        ("de_DE.UTF-8", "de"),
        ("sr-Latn-RS", "en"),
        ("pt-BR", "pt"),
        ("es-419", "es"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-Hans-HK", "zh"),
        ("zh-TW", "zh-Hant"),
        ("zh-hk", "zh-Hant"),
        ("zh_Hant", "zh-Hant"),
        ("zh-Hant-TW", "zh-Hant"),
        ("zh_TW.UTF-8", "zh-Hant"),
        ("no", "nb"),
        ("nn-NO", "nb"),
        ("iw", "he"),
        ("in", "id"),
        ("xx", "en"),
        ("en_US.UTF-8", "en"),
        ("", "en"),
        ("-", "en"),
        ("C", "en"),
        ("../../etc", "en"),
        ("/etc/passwd", "en"),
        ("de\0", "de"),
        ("\ud800", "en"),
        ("ｄｅ", "en"),
        ("德", "en"),
    ],
)
def test_the_nearest_language_is_chosen(asked: str, spoken: str) -> None:
    assert texts_for(asked).say(EMPTY) == texts_for(spoken).say(EMPTY)


@contextmanager
def looked_up_files() -> Iterator[list[str]]:
    """Record every path that is looked for or opened."""
    seen: list[str] = []
    exists, open_file = os.path.exists, open

    def recorded_exists(path: str) -> bool:
        seen.append(path)
        return exists(path)

    def recorded_open(path: str, *args: str, **kwargs: str) -> object:
        seen.append(path)
        return open_file(path, *args, **kwargs)  # type: ignore[call-overload]

    with (
        mock.patch("os.path.exists", recorded_exists),
        mock.patch("builtins.open", recorded_open),
    ):
        yield seen


@given(
    st.text()
    | st.text("./\\-_@:~deabczhHantTW019\0", max_size=40)
    | st.lists(st.sampled_from(["..", "/", "zh", "de", "-", "_", "Hant", "TW", "en"])).map("".join)
)
@example("../../etc")
@example("de/../../../../etc")
@example("de" + "-a" * 50_000)
@example("a" * 100_000)
def test_any_text_as_a_language_gives_sentences_and_stays_in_the_locales(language: str) -> None:
    with looked_up_files() as seen:
        texts = texts_for.__wrapped__(language)
    assert texts.say(EMPTY)
    assert texts.count(*ADDED, 2)
    assert len(seen) < 100
    assert all(Path(path).resolve().is_relative_to(LOCALES.resolve()) for path in seen)
    assert texts_for(language).say(EMPTY) == texts.say(EMPTY)


@pytest.mark.parametrize("language", ["de", "zh-TW", "en"])
def test_files_are_looked_up_in_the_locales(language: str) -> None:
    with looked_up_files() as seen:
        texts_for.__wrapped__(language)
    assert seen
