"""Of which kind a picture is: drawn, photographed, or what a screen showed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.encoders import efficientnet

KINDS = ("drawing", "photograph", "screenshot")
"""In the order of a vector."""
FILE = "kinds.json"
_WEBSITE = 916
"""The classifier's class for pages of the web: it takes other screenshots for that, too."""

Matrix = NDArray[np.float32]


def shares(gate: Matrix, seen: Matrix | None) -> Matrix:
    """Return float32 [n, 3], unit length: how much of each kind n pictures are.

    ``gate`` [n] says how much of a photograph, ``seen`` has the classifier's features and logits.
    """
    screen = np.zeros_like(gate)
    if seen is not None:
        logits = seen[:, efficientnet.FEATURES :]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        screen = odds[:, _WEBSITE] / odds.sum(axis=1)
    found: Matrix = np.sqrt(
        np.stack([(1 - gate) * (1 - screen), gate * (1 - screen), screen], axis=1)
    )
    return found
