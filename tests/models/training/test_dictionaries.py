"""What is taken out of the dictionaries' files, and what is left."""

import gzip
import json
from pathlib import Path

import pytest

from workers.training import dictionaries, sources
from workers.training.errors import DataError


def in_cache(cache: Path, source: sources.Source, name: str, text: str) -> None:
    folder = cache / "npm" / f"{source.name}-{source.version}" / "package"
    folder.mkdir(parents=True)
    (folder / name).write_text(text, encoding="utf-8")


def entry(simplified: str, traditional: str, pinyin: str, *english: str) -> dict[str, object]:
    return {
        "simplified": simplified,
        "traditional": traditional,
        "pinyin": pinyin,
        "english": list(english),
    }


def test_chinese_in_both_spellings_without_proper_names(tmp_path: Path) -> None:
    entries = [
        entry("马", "馬", "ma3", "horse", "to be a horse (slang)", "third sense"),
        entry("猫", "貓", "mao1", "cat"),
        entry("北京", "北京", "Bei3 jing1", "Beijing"),
        entry("仲", "仲", "zhong4", "the second month of a season in the lunar calendar"),
    ]
    in_cache(tmp_path, sources.CEDICT, "cedict.json", json.dumps(entries))
    assert list(dictionaries.cedict(tmp_path)) == [
        ("zho", "马", "horse"),
        ("zho", "馬", "horse"),
        ("zho", "马", "be a horse"),
        ("zho", "馬", "be a horse"),
        ("zho", "猫", "cat"),
        ("zho", "貓", "cat"),
    ]


def test_a_damaged_chinese_dictionary(tmp_path: Path) -> None:
    in_cache(tmp_path, sources.CEDICT, "cedict.json", '[{"simplified": "猫"}]')
    with pytest.raises(DataError, match="not a CC-CEDICT file"):
        list(dictionaries.cedict(tmp_path))


def test_a_dictd_database(tmp_path: Path) -> None:
    body = "00database-info\nkissa /kisːa/\ncat; pussy (old)\n  example\nkoira\ndog\n"
    index, text = tmp_path / "a.index", tmp_path / "a.dict.dz"
    text.write_bytes(gzip.compress(body.encode()))
    first = len(b"00database-info\n")
    second = body.encode().index(b"koira")
    index.write_text(
        f"00database-info\tA\tQ\nkissa\t{digits(first)}\t{digits(second - first)}\n"
        f"koira\t{digits(second)}\t{digits(len(body.encode()) - second)}\n",
        encoding="utf-8",
    )
    found = dict(dictionaries.read_dictd(index, text))
    assert dictionaries.translations(found["kissa"]) == ["cat", "pussy"]
    assert dictionaries.translations(found["koira"]) == ["dog"]


def test_a_damaged_dictd_database(tmp_path: Path) -> None:
    (tmp_path / "a.index").write_text("kissa\tA\tB\n")
    (tmp_path / "a.dict.dz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match="not a readable dictd database"):
        list(dictionaries.read_dictd(tmp_path / "a.index", tmp_path / "a.dict.dz"))


def digits(value: int) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return alphabet[value // 64] + alphabet[value % 64]
