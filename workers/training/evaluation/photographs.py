"""Questions about photographs: how many find a right one, and how many find none rightly.

The photographs themselves are not part of the project (their rights are their photographers');
who has them gives their folder.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from workers.training.errors import DataError
from workers.training.mosaic.pairs import USE_LANGUAGES

Matrix = npt.NDArray[np.float32]
SETS = {
    "development": "photographs.tsv",
    "second": "photographs_second.tsv",
    "final": "photographs_final.tsv",
}
"""The second one was written by somebody else, to see how far the first one could be trusted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about the photographs."""

    language: str
    text: str
    kind: str
    """thing, scene, people, colour or attribute."""
    has_emoji: bool
    answers: tuple[int, ...]
    """Numbers of the photographs that are right."""

    @property
    def is_of_teacher(self) -> bool:
        """Whether the sentence encoder knows the language."""
        return self.language.split("-")[0] in USE_LANGUAGES


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """A question to which no photograph is right."""

    language: str
    text: str
    kind: str
    """absent, chatter or nonsense."""


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("workers.training.evaluation").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def photographs(folder: Path) -> dict[str, Path]:
    """Return the photographs in a folder by their names; raises DataError where there are none."""
    found = {path.stem: path for path in sorted(folder.glob("*.jpg"))}
    if not found:
        raise DataError(f"there are no photographs in {folder}")
    return found


def opened(paths: Sequence[Path]) -> list[Image.Image]:
    """Return pictures as they are before a tower sees them."""
    return [Image.open(path).convert("RGB") for path in paths]


def asked(which: str, names: Sequence[str]) -> list[Asked]:
    """Return the questions of one of the ``SETS``."""
    place = {name: number for number, name in enumerate(names)}
    return [
        Asked(
            row["language"],
            row["question"],
            row["kind"],
            row["emoji"] == "yes",
            tuple(place[name] for name in row["pictures"].split(",")),
        )
        for row in _rows(SETS[which])
    ]


def also_photographed(names: Sequence[str]) -> dict[tuple[str, str], frozenset[int]]:
    """Return photographs that are right for questions about emoji, by language and question."""
    place = {name: number for number, name in enumerate(names)}
    return {
        (row["language"], row["question"]): frozenset(
            place[name] for name in row["pictures"].split(",")
        )
        for row in _rows("emoji_among_photographs.tsv")
    }


def unanswerable() -> list[Unanswerable]:
    """Return the questions to which nothing is right."""
    return [
        Unanswerable(row["language"], row["question"], row["kind"])
        for row in _rows("unanswerable.tsv")
    ]


def hits(scores: Matrix, questions: Sequence[Asked], among: int = 5) -> npt.NDArray[np.bool_]:
    """Return whether each row of ``scores`` [n, photographs] has a right one among the first."""
    found = np.argsort(-scores, axis=1, kind="stable")[:, :among]
    return np.asarray(
        [bool(set(row) & set(one.answers)) for row, one in zip(found, questions, strict=True)]
    )


GROUPS: dict[str, Callable[[Asked], bool]] = {
    "all": lambda _: True,
    "languages of USE": lambda one: one.is_of_teacher,
    "other languages": lambda one: not one.is_of_teacher,
    "things, languages of USE": lambda one: one.kind == "thing" and one.is_of_teacher,
    "things, other languages": lambda one: one.kind == "thing" and not one.is_of_teacher,
    "… with an emoji": lambda one: one.kind == "thing" and not one.is_of_teacher and one.has_emoji,
    "… without an emoji": lambda one: (
        one.kind == "thing" and not one.is_of_teacher and not one.has_emoji
    ),
    "scenes": lambda one: one.kind == "scene",
    "people": lambda one: one.kind == "people",
    "colours": lambda one: one.kind == "colour",
    "attributes": lambda one: one.kind == "attribute",
}


def table(found: npt.NDArray[np.bool_], questions: Sequence[Asked]) -> dict[str, tuple[int, float]]:
    """Return how many questions each group has, and the share of them that hit."""
    figures = {}
    for name, belongs in GROUPS.items():
        own = np.asarray([belongs(one) for one in questions])
        if own.any():
            figures[name] = int(own.sum()), float(found[own].mean())
    return figures
