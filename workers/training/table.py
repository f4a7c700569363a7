"""Tab-separated files written by people: read whole, or refused with every bad line's number."""

from collections.abc import Callable
from pathlib import Path

from workers.training.errors import DataError

MOST_REPORTED = 20

Check = Callable[[list[str]], str]
"""Returns what is wrong with a line's columns, empty when nothing is."""


def read_table(path: Path, columns: int, check: Check) -> list[list[str]]:
    """Return the lines of a file as ``columns`` stripped, non-empty columns each, in their order.

    Raises DataError that lists the bad lines with their numbers (the first twenty): bytes that are
    no UTF-8, columns missing or empty, empty lines, what ``check`` says, lines that came before.
    Nothing is skipped in silence. Lines that start with # are comments.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if lines and not lines[-1].strip():
        lines.pop()
    found: dict[tuple[str, ...], int] = {}
    wrong: list[str] = []
    for number, raw in enumerate(lines, start=1):
        try:
            line = raw.decode("utf-8").rstrip("\r").removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            wrong.append(f"line {number}: not UTF-8 (byte {error.start + 1})")
            continue
        if line.startswith("#"):
            continue
        row = [column.strip() for column in line.split("\t")]
        if complaint := _shape(row, columns) or check(row):
            wrong.append(f"line {number}: {complaint}")
            continue
        before = found.setdefault(tuple(row), number)
        if before != number:
            wrong.append(f"line {number}: the same as line {before}")
    if wrong:
        more = len(wrong) - MOST_REPORTED
        tail = f"; and {more} more" if more > 0 else ""
        raise DataError(f"{path}: " + "; ".join(wrong[:MOST_REPORTED]) + tail)
    return [list(row) for row in found]


def _shape(row: list[str], columns: int) -> str:
    if row == [""]:
        return "empty"
    if len(row) != columns:
        return f"{len(row)} columns instead of {columns}"
    return "" if all(row) else "an empty column"
