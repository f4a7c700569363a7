"""An embedding space, named by the weights of its image tower.

A text tower that was made for a space fits every model with the same image tower, whatever became
of that model's own text tower.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from workers.encoders.base import EncoderError

if TYPE_CHECKING:
    import torch

_PREFIXES = ("vision_model.", "visual_projection.")
_PROJECTION = "visual_projection.weight"


@dataclass(frozen=True, slots=True)
class Space:
    """A model's embedding space."""

    digest: str
    """64 hexadecimal digits."""
    dim: int


def digest(weights: Iterable[tuple[str, torch.Tensor]]) -> str:
    """Return the digest of the image tower among a CLIP model's weights, as half precision.

    ``weights`` come in the order of their names. Numbers that are not floating-point (old files
    hold the positions) are passed over.
    """
    made = hashlib.sha256()
    for name, values in weights:
        if name.startswith(_PREFIXES) and values.is_floating_point():
            made.update(name.encode())
            made.update(values.half().contiguous().cpu().numpy().tobytes())
    return made.hexdigest()


def space_in(folder: Path) -> Space:
    """Return the space of the CLIP model in a folder, read from its file; raises EncoderError."""
    path = folder / "model.safetensors"
    try:
        with safe_open(path, "pt") as file:
            names = sorted(name for name in file.keys() if name.startswith(_PREFIXES))  # noqa: SIM118 - no dict
            dim = int(file.get_slice(_PROJECTION).get_shape()[0])
            return Space(digest((name, file.get_tensor(name)) for name in names), dim)
    except (OSError, SafetensorError) as error:
        raise EncoderError(f"the image tower in {path} cannot be read: {error}") from error
