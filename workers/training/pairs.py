"""Parallel phrases from a file: language, phrase, English, separated by tabs."""

import re
from dataclasses import dataclass
from pathlib import Path

from workers.packs.manifest import LANGUAGE
from workers.training.errors import DataError

COLUMNS = 3
MOST_REPORTED = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """A phrase of one language (BCP 47) and what it is in English."""

    language: str
    phrase: str
    english: str


def read(path: Path) -> list[Pair]:
    """Return the pairs of a file, in its order.

    Raises DataError that lists the bad lines with their numbers (the first twenty): bytes that are
    no UTF-8, columns missing or empty, empty lines, languages that are no BCP 47 tags, pairs that
    came before. Nothing is skipped in silence. Lines that start with # are comments.
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
        if complaint := _complaint(line):
            wrong.append(f"line {number}: {complaint}")
            continue
        pair = Pair(*_columns(line))
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


def _columns(line: str) -> list[str]:
    return [column.strip() for column in line.split("\t")]


def _complaint(line: str) -> str:
    """Return what is wrong with a line by itself; empty when nothing is."""
    columns = _columns(line)
    if not line.strip():
        return "empty"
    if len(columns) != COLUMNS:
        return f"{len(columns)} columns instead of {COLUMNS}"
    if not all(columns):
        return "an empty column"
    if not re.match(LANGUAGE, columns[0]):
        return f"{columns[0]!r} is no language tag such as fi or zh-Hant"
    return ""
