"""What a file of weights holds, without reading the weights and without torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError, safe_open

T = TypeVar("T")

_HEAD_WIDTH = 64
"""Of the attention in all sizes of BERT and XLM-RoBERTa; the weights do not tell it."""


def shapes(path: Path) -> Mapping[str, tuple[int, ...]]:
    """Return the shapes of the tensors in a safetensors file; raises OSError, ValueError."""
    if not path.is_file():
        raise OSError(missing(path))
    try:
        with safe_open(path, "np") as file:
            names = list(file.keys())
            return {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except SafetensorError as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error


def below(prefix: str, values: Mapping[str, T]) -> dict[str, T]:
    """Return what has names that begin so, by the rest of its name."""
    return {name.removeprefix(prefix): v for name, v in values.items() if name.startswith(prefix)}


def layers(stem: str, found: Mapping[str, tuple[int, ...]]) -> int:
    """Count the layers whose tensors are called by the stem and a number."""
    return len({match[1] for name in found if (match := re.match(rf"{stem}(\d+)\.", name))})


def bert_sizes(found: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """Return the sizes of a text transformer of BERT's kind for its configuration.

    Raises KeyError, ValueError.
    """
    vocabulary, width = found["embeddings.word_embeddings.weight"]
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_attention_heads": width // _HEAD_WIDTH,
        "num_hidden_layers": layers(r"encoder\.layer\.", found),
        "intermediate_size": found["encoder.layer.0.intermediate.dense.weight"][0],
        "max_position_embeddings": found["embeddings.position_embeddings.weight"][0],
        "type_vocab_size": found["embeddings.token_type_embeddings.weight"][0],
    }


def missing(path: Path) -> str:
    """Say that a file of weights is missing, and what to do where a pickle of them is there."""
    pickles = [*path.parent.glob("*.bin"), *path.parent.glob("*.pt")]
    if not pickles:
        return f"{path.name} is missing"
    return (
        f"{path.name} is missing; 'python -m workers.encoders.pickles {pickles[0]} {path}' makes"
        f" it of {pickles[0].name}"
    )
