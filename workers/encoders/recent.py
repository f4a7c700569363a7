"""Vectors of texts that come again and again: the words of what people ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from workers.encoders.base import Vectors

MOST = 1000


class RecentVectors:
    """Encodes texts, those of late from memory. Thread-safe."""

    def __init__(self, encode: Callable[[Sequence[str]], Vectors], most: int = MOST) -> None:
        """``encode`` must give a text the same vector whatever stands beside it."""
        self._encode = encode
        self._lock = threading.Lock()
        self._known: LRUCache[str, NDArray[np.float32]] = LRUCache(most)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of n >= 1 different texts."""
        with self._lock:
            found = {text: self._known.get(text) for text in texts}
        missing = [text for text, vector in found.items() if vector is None]
        if missing:
            # Copies: a row of a batch would keep the whole batch in memory.
            made = {
                text: row.copy() for text, row in zip(missing, self._encode(missing), strict=True)
            }
            found |= made
            with self._lock:
                self._known.update(made)
        return np.stack([vector for vector in found.values() if vector is not None])
