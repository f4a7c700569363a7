"""Encoders of two hub repositories: a text tower distilled into another model's space.

Their folder has ``babelpix.json`` (``{"family": "sbert"}``, and ``"languages"``, BCP 47, where
they are known) beside ``text/`` and ``image/``, each as its repository has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workers.encoders.description import read_json

MANIFEST = "babelpix.json"


def languages(folder: Path, otherwise: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the languages that the folder states; raises OSError, ValueError, TypeError."""
    stated = read_json(folder / MANIFEST).get("languages", otherwise)
    if isinstance(stated, str) or not all(isinstance(language, str) for language in stated):
        raise TypeError(f"languages in {MANIFEST} are no list of codes")
    return tuple(stated)


def one_space(text: int, image: int) -> int:
    """Return the dimension of both towers; raises ValueError where they have two."""
    if text != image:
        raise ValueError(
            f"the text tower makes vectors of {text} numbers and the image tower of {image}: they"
            " do not belong together"
        )
    return text
