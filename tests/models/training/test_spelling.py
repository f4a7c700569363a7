"""The rules of spelling dictionaries, run forwards."""

from pathlib import Path

import pytest

from workers.training import spelling
from workers.training.errors import DataError
from workers.training.spelling import Spelling

PLAIN = """SET UTF-8
PFX n Y 1
PFX n 0 nie .
SFX k Y 3
SFX k a y [^k]a
SFX k ka ki ka
SFX k a ą a
"""


def written(folder: Path, affixes: str, words: str, encoding: str = "utf-8") -> Spelling:
    (folder / "x.aff").write_bytes(affixes.encode(encoding))
    (folder / "x.dic").write_bytes(f"{len(words.split())}\n{words}".encode(encoding))
    return spelling.read(folder / "x.aff", folder / "x.dic")


def test_prefixes_suffixes_and_their_conditions(tmp_path: Path) -> None:
    found = written(tmp_path, PLAIN, "żaba/k\nmatka/kn\nkot\n")
    assert found.forms("żaba") == ["żaby", "żabą"]
    assert found.forms("matka") == ["matki", "matką", "niematka"]
    assert found.forms("kot") == []
    assert found.forms("pies") == []


def test_one_affix_upon_another_and_flags_of_two_letters(tmp_path: Path) -> None:
    affixes = "SET UTF-8\nFLAG long\nSFX Aa Y 1\nSFX Aa 0 ler/Bb .\nSFX Bb Y 1\nSFX Bb 0 in .\n"
    assert written(tmp_path, affixes, "kedi/AaBb").forms("kedi") == [
        "kediler",
        "kedilerin",
        "kediin",
    ]


def test_aliases_and_flags_in_numbers(tmp_path: Path) -> None:
    affixes = "SET UTF-8\nFLAG num\nAF 1\nAF 101,102\nSFX 102 Y 1\nSFX 102 0 s .\n"
    assert written(tmp_path, affixes, "gato/1\n").forms("gato") == ["gatos"]


def test_other_encodings_and_a_word_listed_twice(tmp_path: Path) -> None:
    affixes = "SET microsoft-cp1251\nSFX A Y 1\nSFX A а и а\nSFX B Y 1\nSFX B а у а\n"
    found = written(tmp_path, affixes, "котка/A\nКотка/B\n", "cp1251")
    assert found.forms("котка") == ["котки", "котку"]


def test_decomposed_korean_comes_back_composed(tmp_path: Path) -> None:
    affixes = "SET UTF-8\nSFX A Y 1\nSFX A 0 \u1102\u1173\u11ab .\n"
    found = written(tmp_path, affixes, "\u1100\u1162/A\n")
    assert found.forms("개") == ["개는"]


def test_only_what_is_wanted_keeps_its_flags(tmp_path: Path) -> None:
    written(tmp_path, PLAIN, "żaba/k\nmatka/k\nna\n")
    found = spelling.read(tmp_path / "x.aff", tmp_path / "x.dic", {"żaba"})
    assert found.forms("żaba")
    assert not found.forms("matka")
    assert list(spelling.words(found)) == ["żaba", "matka"]


def test_a_locale_without_a_dictionary(tmp_path: Path) -> None:
    assert spelling.load(tmp_path, "yue", ()) is None


def test_a_package_without_its_files(tmp_path: Path) -> None:
    (tmp_path / "debian" / spelling.PACKAGES["pl"]).mkdir(parents=True)
    with pytest.raises(DataError, match="hunspell-pl holds no spelling dictionary"):
        spelling.load(tmp_path, "pl", ())


def test_a_package_that_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "debian" / spelling.PACKAGES["pl"] / "usr" / "share" / "hunspell"
    folder.mkdir(parents=True)
    written(folder, PLAIN, "żaba/k\n")
    found = spelling.load(tmp_path, "pl", {"żaba"})
    assert found is not None
    assert found.forms("żaba") == ["żaby", "żabą"]


def test_an_unknown_encoding(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a readable spelling dictionary"):
        written(tmp_path, "SET NONSENSE-7\n", "a\n", "ascii")
