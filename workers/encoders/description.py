"""What a family says of a model without loading it, and the damage it may find."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from safetensors import SafetensorError

from workers.encoders.base import EncoderError
from workers.encoders.part_pooling import PartPooling
from workers.encoders.preprocessing import Preprocessing
from workers.encoders.tokens import Tokenize

DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RuntimeError,
    EOFError,
    UnpicklingError,
    SafetensorError,
)
"""What libraries raise over files that are not what they should be."""


@dataclass(frozen=True, slots=True)
class Description:
    """A model on disk: everything but its weights."""

    dim: int
    tokens: Tokenize
    text_files: Sequence[Path]
    """All that the text tower depends on."""
    preprocessing: Preprocessing | None = None
    """None for a text tower alone."""
    image_files: Sequence[Path] = ()
    languages: Sequence[str] = ()
    """BCP 47, as far as the model states them."""
    pooling: PartPooling | None = None
    """How the vectors of a text's parts become one, where the model has learnt it."""


@contextmanager
def damage_explained(what: str) -> Iterator[None]:
    """Turn whatever damaged files lead to into an EncoderError."""
    try:
        yield
    except DAMAGE as error:
        reason = " ".join(str(error).split())
        raise EncoderError(f"{what} is damaged: {reason}") from error


def read_json(path: Path) -> Mapping[str, Any]:
    """Read a JSON object; raises OSError, ValueError."""
    if not path.is_file():
        raise OSError(f"{path.name} is missing")
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, dict):
        raise TypeError(f"{path.name} holds no object")
    return found
