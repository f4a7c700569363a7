"""The free questions: written by hand, several right answers each, kept apart from training."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from workers.training.artwork import bare
from workers.training.errors import DataError

COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Question:
    """One question with the rows of the gallery that answer it."""

    language: str
    text: str
    answers: frozenset[int]


def tried() -> frozenset[str]:
    """Return the questions that were looked at while models were made, in their own words."""
    text = resources.files("workers.training.evaluation").joinpath("tried.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def development(alias: Mapping[str, int]) -> list[Question]:
    """Return the questions that models are chosen by while they are made."""
    with resources.as_file(
        resources.files("workers.training.evaluation").joinpath("development.tsv")
    ) as path:
        return load(alias, path)


def load(alias: Mapping[str, int], path: Path | None = None) -> list[Question]:
    """Return the questions of ``path`` (default: the bundled file).

    ``alias`` leads emoji without variation selectors to rows. Raises DataError that lists every
    bad line with its number: columns missing, nothing asked, an answer that is no picture, a
    question that was asked before.
    """
    name = str(path or "questions.tsv")
    try:
        text = (
            path.read_text("utf-8")
            if path
            else resources.files("workers.training.evaluation").joinpath(name).read_text("utf-8")
        )
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{name} cannot be read: {error}") from error
    found: list[Question] = []
    seen: dict[tuple[str, str], int] = {}
    wrong: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != COLUMNS or not all(column.strip() for column in columns):
            wrong.append(f"line {number}: expected language, question, emoji")
            continue
        language, question, emoji = columns
        unknown = [one for one in emoji.split() if bare(one) not in alias]
        if unknown:
            wrong.append(f"line {number}: not a picture of the gallery: {' '.join(unknown)}")
            continue
        before = seen.setdefault((language, question), number)
        if before != number:
            wrong.append(f"line {number}: the same question as in line {before}")
            continue
        answers = frozenset(alias[bare(one)] for one in emoji.split())
        found.append(Question(language, question, answers))
    if wrong:
        raise DataError(f"{name}: " + "; ".join(wrong))
    return found
