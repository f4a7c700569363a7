"""A picture's vector: what it draws, what it photographs, its colours, and of which kind it is.

The photograph part is the mean of what the likeliest classes mean (ConSE, arXiv 1312.5650); a
gate learnt on the classifier's own features says how much of a photograph the picture is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workers.encoders import efficientnet
from workers.encoders.base import Encoder, Pixels, Vectors, unit
from workers.encoders.dual import EngineImageTower
from workers.encoders.mosaic import colours, kinds
from workers.encoders.mosaic.numbers import Numbers

if TYPE_CHECKING:
    from PIL.Image import Image

LIKELIEST = 20
TEMPERATURE = 1.5
"""Of the classes' softmax, and how many of them count."""
LEAST, MOST = 0.05, 0.95
"""Of a photograph in any picture: whatever the gate says, both parts keep a voice."""


class PictureSide:
    """Prepares pictures and makes vectors of them. Thread-safe."""

    def __init__(
        self, drawings: Encoder, photographs: EngineImageTower | None, numbers: Numbers
    ) -> None:
        """Without a classifier every picture is a drawing."""
        self._drawings = drawings
        self._photographs = photographs
        self._numbers = numbers

    def prepare(self, images: Sequence[Image]) -> Pixels:
        """Return float32 [n, numbers]: what all parts take in, one behind the other."""
        rows = []
        drawn = self._drawings.prepare_images(images)
        rows.append(drawn.reshape(len(images), -1))
        rows.append(np.stack([shares_of(image) for image in images]))
        if self._photographs is not None:
            seen = self._photographs.prepare(images)
            rows.append(seen.reshape(len(images), -1))
        return np.concatenate(rows, axis=1)

    def encode(self, pixels: Pixels) -> Vectors:
        """Return unit vectors float32 [n, dim] of prepared pictures."""
        height, width = efficientnet.PREPROCESSING.size
        photograph = 3 * height * width if self._photographs is not None else 0
        drawn = pixels.shape[1] - photograph - colours.DIMENSION
        side = round((drawn / 3) ** 0.5)
        found = self._drawings.encode_prepared(
            np.ascontiguousarray(pixels[:, :drawn]).reshape(-1, 3, side, side)
        )
        shares = pixels[:, drawn : drawn + colours.DIMENSION]
        seen: NDArray[np.float32] | None = None
        if self._photographs is not None:
            rest = np.ascontiguousarray(pixels[:, drawn + colours.DIMENSION :])
            seen = self._photographs.features(rest.reshape(-1, 3, height, width))
        return join(found, seen, shares, self._numbers)


def join(
    drawn: Vectors,
    seen: NDArray[np.float32] | None,
    shares: NDArray[np.float32],
    numbers: Numbers,
) -> Vectors:
    """Return unit vectors float32 [n, dim] of all that is known of n pictures.

    ``drawn`` are the drawing part's vectors float32 [n, d], ``seen`` the classifier's features and
    logits [n, 2280], ``shares`` of colours [n, 12].
    """
    layout = numbers.layout
    vectors = np.zeros((len(drawn), layout.dim), np.float32)
    if seen is None:
        gate = np.full(len(drawn), LEAST, np.float32)
    else:
        features, logits = np.split(seen, [efficientnet.FEATURES], axis=1)
        gate = photographic(features, numbers)
        vectors[:, layout.photographs] = gate[:, None] * meaning(logits, numbers)
    vectors[:, layout.drawings] = (1 - gate)[:, None] * drawn
    # Of one length in all pictures: more colours must not make a picture less like anything else.
    vectors[:, layout.colours] = numbers.of_colours * unit(shares)
    # Which kind it is, so that it can be asked for.
    vectors[:, layout.kinds] = numbers.of_kinds * kinds.shares(gate, seen)
    return unit(vectors)


def photographic(features: NDArray[np.float32], numbers: Numbers) -> NDArray[np.float32]:
    """Return float32 [n]: how much of a photograph each picture is, LEAST to MOST."""
    score = np.clip(features @ numbers.gate + numbers.gate_offset, -30, 30)
    gate: NDArray[np.float32] = np.clip(1 / (1 + np.exp(-score)), LEAST, MOST).astype(np.float32)
    return gate


def meaning(logits: NDArray[np.float32], numbers: Numbers) -> Vectors:
    """Return unit vectors float32 [n, p]: the mean of what the likeliest classes mean."""
    scaled = logits / TEMPERATURE
    odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    likeliest = np.argpartition(-odds, LIKELIEST, axis=1)[:, :LIKELIEST]
    weight = np.take_along_axis(odds, likeliest, axis=1)
    weight /= weight.sum(axis=1, keepdims=True)
    both = np.concatenate(
        [
            unit(np.einsum("nk,nkd->nd", weight, table[likeliest])) * np.float32(part)
            for table, part in (
                (numbers.classes, 1.0),
                (numbers.classes_drawn, numbers.of_drawn),
            )
        ],
        axis=1,
    )
    return unit(unit(both) @ numbers.basis)


def shares_of(image: Image) -> colours.Shares:
    """Return float32 [12]: how much of a picture each colour has."""
    from PIL.Image import Resampling

    from workers.images import flatten

    small = flatten(image).resize((colours.SIDE_PX, colours.SIDE_PX), Resampling.BOX)
    return colours.shares(np.asarray(small, np.uint8))
