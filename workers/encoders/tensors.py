"""What a file of weights holds, without reading the weights and without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open


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


def missing(path: Path) -> str:
    """Say that a file of weights is missing, and what to do where a pickle of them is there."""
    pickles = [*path.parent.glob("*.bin"), *path.parent.glob("*.pt")]
    if not pickles:
        return f"{path.name} is missing"
    return (
        f"{path.name} is missing; 'python -m workers.encoders.pickles {pickles[0]} {path}' makes"
        f" it of {pickles[0].name}"
    )
