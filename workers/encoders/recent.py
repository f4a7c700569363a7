"""Vectors of texts that come again and again: the words of what people ask."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from workers.encoders.base import Vectors

MOST = 1000


class RecentVectors:
    """Encodes texts, those of late from memory. Thread-safe."""

    def __init__(self, encode: Callable[[Sequence[str]], Vectors], most: int = MOST) -> None:
        """``encode`` must give a text the same vector whatever stands beside it."""
        self._encode = encode
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def encode(self, texts: Sequence[str], keep: NDArray[np.bool_]) -> Vectors:
        """Return vectors of n >= 1 different texts; those to ``keep``, shape (n,), come again."""
        with self._lock:
            found = [self._known.get(text) for text in texts]
            for text, vector in zip(texts, found, strict=True):
                if vector is not None:
                    self._known.move_to_end(text)
        missing = [row for row, vector in enumerate(found) if vector is None]
        if missing:
            made = self._encode([texts[row] for row in missing])
            for row, vector in zip(missing, made, strict=True):
                found[row] = vector
            with self._lock:
                for row, vector in zip(missing, made, strict=True):
                    if keep[row]:
                        # A row of the batch would keep the whole batch in memory.
                        self._known[texts[row]] = vector.copy()
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        return np.stack([vector for vector in found if vector is not None])
