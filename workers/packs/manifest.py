"""What a language pack is: a folder with these files, described by ``pack.json``.

Shared by the code that makes packs and the code that installs them; no torch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import model_validator as _model_validator

from workers.encoders.part_pooling import FILE as POOLING
from workers.packs.errors import PackError

FORMAT = 1
"""Raised when older code could not use a pack any more."""
MANIFEST = "pack.json"
WORDS = "words.txt"
NEEDED = (MANIFEST, "config.json", "model.safetensors", "tokenizer.json")
FILES = (*NEEDED, "tokenizer_config.json", WORDS, POOLING)
"""All files of a pack; whatever else lies beside them is no part of it."""

LANGUAGE = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"
"""The shape of a BCP 47 language tag."""
NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""A terminal shows it: nothing that would command the terminal."""

Language = Annotated[str, StringConstraints(pattern=LANGUAGE)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Recall(_Record):
    """Shares of the questions whose right answer was among the first k."""

    recall_at_1: Share
    recall_at_5: Share
    recall_at_10: Share


class Gain(_Record):
    """What the base's own tower and the pack's made of the same questions."""

    count: Annotated[int, Field(gt=0)]
    """Foreign phrases asked; each among the English ones of all of them."""
    before: Recall
    after: Recall


class LanguageFigures(_Record):
    """The gain in one language; None where there were no pairs to measure it on."""

    kept_apart: Gain | None = None
    """On pairs that the tower was not trained on."""
    trained_on: Gain | None = None
    """On a sample of those that it was trained on."""


class Manifest(_Record):
    """What ``pack.json`` says."""

    format: Annotated[int, Field(ge=1, le=FORMAT)]
    name: Annotated[str, StringConstraints(pattern=NAME)]
    title: Annotated[str, StringConstraints(pattern=_PRINTABLE, min_length=1, max_length=200)]
    space: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Digest of the image tower, see :mod:`workers.encoders.space`."""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    """BCP 47."""
    figures: dict[Language, LanguageFigures]
    """By language."""
    english_cosine: Annotated[float, Field(ge=-1, le=1)]
    """Mean cosine similarity of English phrases' vectors before and after: 1 is unchanged."""

    @_model_validator(mode="after")
    def _every_language_is_measured(self) -> Self:
        if set(self.figures) != set(self.languages):
            raise ValueError("languages and figures name different languages")
        return self

    def write(self, folder: Path) -> None:
        """Write ``pack.json``."""
        content = json.dumps(self.model_dump(exclude_none=True), indent=1, ensure_ascii=False)
        (folder / MANIFEST).write_text(content + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read ``pack.json`` and see that the needed files are there; raises PackError."""
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise PackError(f"{folder} is not a language pack: it has no {MANIFEST}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise PackError(f"{path} is damaged: {error}") from error
    if not isinstance(content, dict):
        raise PackError(f"{path} is damaged: it holds no object")
    made_for = content.get("format")
    if isinstance(made_for, int) and made_for > FORMAT:
        raise PackError(
            f"{path} is of format {made_for}, made by a newer Babelpix; this one reads up to"
            f" {FORMAT}: update it first"
        )
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise PackError(
            f"{path} is damaged: {place}: {problem['msg']}".replace(": :", ":")
        ) from error
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        raise PackError(f"the pack in {folder} is incomplete: {', '.join(missing)} is missing")
    return manifest


def base_language(tag: str) -> str:
    """Return the language of a BCP 47 tag without script and region: ``sw`` of ``sw-KE``."""
    return tag.split("-", maxsplit=1)[0].lower()
