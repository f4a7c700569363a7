"""Parallel phrases from a file: language, phrase, English, separated by tabs."""

import re
from dataclasses import dataclass
from pathlib import Path

from workers.packs.manifest import LANGUAGE
from workers.training.errors import DataError
from workers.training.table import read_table

COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """A phrase of one language (BCP 47) and what it is in English."""

    language: str
    phrase: str
    english: str


def read(path: Path) -> list[Pair]:
    """Return the pairs of a file, in its order.

    Raises DataError that lists the bad lines with their numbers, languages that are no BCP 47 tags
    among them: see :mod:`workers.training.table`.
    """
    found = [Pair(*row) for row in read_table(path, COLUMNS, _complaint)]
    if not found:
        raise DataError(f"{path} holds no pairs")
    return found


def _complaint(row: list[str]) -> str:
    if not re.match(LANGUAGE, row[0]):
        return f"{row[0]!r} is no language tag such as fi or zh-Hant"
    return ""
