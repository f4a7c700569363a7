"""A gallery of pictures by its parts, so that it can be made harder than it is.

The classifier has probably met these very photographs when it was trained. What is left when each
photograph's own class is taken away, or of a small part of it, says more about others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from workers.encoders import efficientnet
from workers.encoders.base import Encoder
from workers.encoders.dual import EngineImageTower
from workers.encoders.mosaic import pictures
from workers.encoders.mosaic.numbers import Numbers
from workers.training.mosaic.build import features
from workers.training.mosaic.concepts import Concepts

CROP = 0.6
"""Of each side."""
CROP_PX = 96
NEVER = -1e4
"""A logit of what is not seen."""
BATCH = 32

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the parts make of n pictures."""

    drawn: Matrix
    """[n, d]: the drawing part's vectors."""
    numbers: Matrix
    """[n, 2280]: the classifier's features and logits."""
    shares: Matrix
    """[n, 12]: of colours."""

    def vectors(self, learnt: Numbers) -> Matrix:
        """Return the unit vectors float32 [n, dim] of the pictures."""
        return pictures.join(self.drawn, self.numbers, self.shares, learnt)

    def without(self, classes: Sequence[int]) -> "Seen":
        """Return the same with one class of each picture taken away."""
        numbers = self.numbers.copy()
        rows = np.arange(len(numbers))
        numbers[rows, efficientnet.FEATURES + np.asarray(classes)] = NEVER
        return replace(self, numbers=numbers)


def look(images: Sequence[Image.Image], drawings: Encoder, eye: EngineImageTower) -> Seen:
    """Show pictures to all parts."""
    drawn = [drawings.encode_images(images[at : at + BATCH]) for at in range(0, len(images), BATCH)]
    return Seen(
        np.concatenate(drawn),
        features(eye, images),
        np.stack([pictures.shares_of(image) for image in images]),
    )


def own_classes(names: Sequence[str], seen: Seen, concepts: Concepts) -> list[int]:
    """Return the class that each photograph is named after; of several the likeliest."""
    logits = seen.numbers[:, efficientnet.FEATURES :]
    found = []
    for name, row in zip(names, logits, strict=True):
        wanted = name.replace("_", " ").lower()
        named = [
            number
            for number, listed in enumerate(concepts.names)
            if wanted in (one.lower() for one in listed)
        ]
        found.append(max(named or range(len(row)), key=row.__getitem__))
    return found


def cropped(images: Sequence[Image.Image], seed: int = 16) -> list[Image.Image]:
    """Return a part of each picture, 60 % of its sides, anywhere, 96 pixels long."""
    draw = np.random.default_rng(seed)
    parts = []
    for image in images:
        width, height = (max(1, round(CROP * side)) for side in image.size)
        left, top = (
            int(draw.integers(0, whole - part + 1))
            for whole, part in zip(image.size, (width, height), strict=True)
        )
        part = image.crop((left, top, left + width, top + height))
        part.thumbnail((CROP_PX, CROP_PX))
        parts.append(part)
    return parts
