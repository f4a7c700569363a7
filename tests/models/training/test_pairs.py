"""A parallel file is read whole or refused with the numbers of its bad lines."""

from pathlib import Path

import pytest

from workers.training.errors import DataError
from workers.training.pairs import Pair, read


def write(folder: Path, content: bytes) -> Path:
    path = folder / "pairs.tsv"
    path.write_bytes(content)
    return path


def test_reads_pairs(tmp_path: Path) -> None:
    path = write(tmp_path, "# note\nsw\tpaka mweusi\tblack cat\r\nth\tแมว\tcat\n".encode())
    assert read(path) == [Pair("sw", "paka mweusi", "black cat"), Pair("th", "แมว", "cat")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"sw\tpaka\n", "line 1: 2 columns instead of 3"),
        (b"sw\tpaka\tcat\n\nsw\tmbwa\tdog\n", "line 2: empty"),
        (b"sw\t\tcat\n", "line 1: an empty column"),
        (b"zh_Hant\tm\tcat\n", "line 1: 'zh_Hant' is no language tag"),
        (b"sw\tpaka\tcat\nsw\tpaka\tcat\n", "line 2: the same as line 1"),
        (b"sw\tpaka\tcat\nsw\tp\xffka\tcat\n", r"line 2: not UTF-8 \(byte 5\)"),
        (b"", "holds no pairs"),
    ],
)
def test_refuses_bad_lines(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(write(tmp_path, content))


def test_lists_only_the_first_twenty(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="and 30 more"):
        read(write(tmp_path, b"bad\n" * 50))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "gone.tsv")
