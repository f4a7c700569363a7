"""The pairs file that the packages' data makes, and what a pack made of it changes."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from workers.training import parallel
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.errors import DataError
from workers.training.evaluation import with_pack
from workers.training.languages import base_language
from workers.training.pack import PackSettings, make_pack
from workers.training.pairs import Pair, read

ENGLISH = ("black cat", "dog", "red apple", "crescent moon")
GERMAN = ("schwarze Katze", "Hund", "roter Apfel", "Mondsichel")


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("fin", "fi"),
        ("swh", "sw"),
        ("zh-Hant", "zh"),
        ("pt_PT", "pt"),
        ("EN", "en"),
        ("quc", "quc"),
    ],
)
def test_one_code_a_language(code: str, language: str) -> None:
    assert base_language(code) == language


def annotations() -> list[Annotation]:
    found = [Annotation("en", row, name, True) for row, name in enumerate(ENGLISH)]
    found += [Annotation("de", row, name, True) for row, name in enumerate(GERMAN)]
    found += [Annotation("de-CH", 1, "Hund", True), Annotation("de", 1, "Haustier", False)]
    return [*found, Annotation("fr", 9, "ohne englischen Namen", True)]


def test_names_are_paired_with_the_english_names() -> None:
    found = parallel.name_pairs(annotations(), {"de", "fr"})
    assert dict.fromkeys(found) == dict.fromkeys(
        Pair("de", german, english) for german, english in zip(GERMAN, ENGLISH, strict=True)
    )


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    given = [Pair("de", "ein\tHund", "dog"), Pair("de", "Katze", "cat"), Pair("de", "Katze", "cat")]
    assert parallel.write(given, path, {"de"}) == {"de": 2}
    assert read(path) == [Pair("de", "ein Hund", "dog"), Pair("de", "Katze", "cat")]


def test_nothing_is_written_for_a_language_without_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing in xx"):
        parallel.write([Pair("de", "Hund", "dog")], tmp_path / "pairs.tsv", {"de", "xx"})
    assert not (tmp_path / "pairs.tsv").exists()


def test_a_pack_is_measured_as_a_worker_would_ask(
    folder: Path, pictures: Artwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    colours = ("black", "red", "green", "white")
    monkeypatch.setattr(with_pack, "LEAST_NAMES", 4)
    monkeypatch.setattr(
        with_pack, "rendered", lambda given: [Image.new("RGB", (64, 64), one) for one in colours]
    )
    pairs = tmp_path / "pairs.tsv"
    parallel.write(parallel.name_pairs(annotations(), {"de"}), pairs, {"de"})
    settings = PackSettings(steps=30, batch=16, learning_rate=3e-3, bf16=False)
    pack = make_pack(folder, pairs, tmp_path / "run", settings)
    found = with_pack.compare(folder, pack, pictures, annotations())
    assert found["same_pictures"]
    assert list(found["by_locale"]) == ["de"]  # de-CH has too few names
    german = found["by_locale"]["de"]
    assert german["before"]["count"] == german["after"]["count"] == 4
    assert german["before"]["mrr"] != german["after"]["mrr"]  # asked of another tower
    assert found["other_locales"]["before"] == found["other_locales"]["after"]  # English only
    shorter = [replace(entry, locale="fr") for entry in annotations() if entry.locale == "de"]
    assert not with_pack.compare(folder, pack, pictures, shorter)["by_locale"]
