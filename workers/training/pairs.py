"""Parallel phrases from a file: language, phrase, English, separated by tabs."""

from dataclasses import dataclass
from pathlib import Path

from workers.training.errors import DataError

COLUMNS = 3
MOST_REPORTED = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """A phrase of one language and what it is in English."""

    language: str
    phrase: str
    english: str


def read(path: Path) -> list[Pair]:
    """Return the pairs of a file, in its order.

    Raises DataError that lists the bad lines with their numbers (the first twenty): bytes that are
    no UTF-8, columns missing or empty, empty lines, pairs that came before. Nothing is skipped in
    silence. Lines that start with # are comments.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if lines and not lines[-1].strip():
        lines.pop()
    found: dict[Pair, int] = {}
    wrong: list[str] = []
    for number, raw in enumerate(lines, start=1):
        try:
            line = raw.decode("utf-8").rstrip("\r").removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            wrong.append(f"line {number}: not UTF-8 (byte {error.start + 1})")
            continue
        if line.startswith("#"):
            continue
        columns = [column.strip() for column in line.split("\t")]
        if not line.strip():
            wrong.append(f"line {number}: empty")
        elif len(columns) != COLUMNS:
            wrong.append(f"line {number}: {len(columns)} columns instead of {COLUMNS}")
        elif not all(columns):
            wrong.append(f"line {number}: an empty column")
        else:
            pair = Pair(*columns)
            before = found.setdefault(pair, number)
            if before != number:
                wrong.append(f"line {number}: the same as line {before}")
    if wrong:
        more = len(wrong) - MOST_REPORTED
        tail = f"; and {more} more" if more > 0 else ""
        raise DataError(f"{path}: " + "; ".join(wrong[:MOST_REPORTED]) + tail)
    if not found:
        raise DataError(f"{path} holds no pairs")
    return list(found)
