"""The towers of a model on disk, described for the engines."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np

from workers.encoders.base import EncoderError, fingerprint
from workers.encoders.description import Description
from workers.encoders.engines.base import Part, Tower

_TEXTS = ("a black cat", "猫")
_LONGER_TEXT = ("ein schwarzer Kater auf dem Sofa, der schläft, und daneben noch eine Katze",)


def describe(family: str, folder: Path) -> Description:
    """Let a family's module read everything but the weights; raises EncoderError."""
    read: Callable[[Path], Description] = import_module(family).describe
    return read(folder)


def text_tower(family: str, folder: Path, about: Description) -> Tower:
    """Return the text tower of a model."""
    examples = [about.tokens(_TEXTS), about.tokens(_LONGER_TEXT)]
    full = examples[0][0].shape[1] == examples[1][0].shape[1]
    fixed = [(1,) if full else () for _ in examples[0]]
    return Tower(family, folder, "text", fingerprint(about.text_files), examples, fixed)


def image_tower(family: str, folder: Path, about: Description) -> Tower:
    """Return the image tower of a model; raises EncoderError where it has none."""
    if about.preprocessing is None:
        raise EncoderError(f"the model in {folder} has no image tower")
    import PIL.Image  # as in workers.encoders.preprocessing

    noise = np.random.default_rng(0).integers(0, 256, (3, 40, 60, 3), np.uint8)
    pixels = np.stack([about.preprocessing(PIL.Image.fromarray(picture)) for picture in noise])
    examples = [(pixels[:2],), (pixels[2:],)]
    return Tower(family, folder, "image", fingerprint(about.image_files), examples, ((1, 2, 3),))


def tower_of(family: str, folder: Path, part: Part) -> Tower:
    """Return a tower by its family's module; raises EncoderError."""
    about = describe(family, folder)
    return (text_tower if part == "text" else image_tower)(family, folder, about)
