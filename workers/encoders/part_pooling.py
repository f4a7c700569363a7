"""Attention pooling over the parts of a text, for text towers that know names best.

A small tower that has learnt names takes "an old rusty car" for something it never met, and "car"
for what it is. Where a model's folder has ``part_pooling.safetensors``, a text is cut into the
expressions that the tower was taught, and its vector is the mean of their unit vectors (and of the
whole's), weighted by a softmax of their products with a learnt query and a bias for each kind of
part: attention pooling, after Yang et al. 2016, "Hierarchical Attention Networks for Document
Classification". A text that is an expression itself keeps the tower's own vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from tokenizers import Tokenizer

from workers.encoders.base import Vectors
from workers.encoders.expressions import SPACE, Expressions, Kind

FILE = "part_pooling.safetensors"
MOST_PARTS = 48
"""Of one text; what it has more is cut off, as a tower cuts what it has no positions for."""

Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of n texts, none of them twice."""

    texts: Sequence[str]
    """To be encoded, in the spelling that the tokenizer normalises to what it was cut from."""
    uses: NDArray[np.int64]
    """Shape (m,): the place in ``texts`` of each use of a part."""
    kinds: NDArray[np.int64]
    """Shape (m,): the kind that it has there."""
    rows: NDArray[np.int64]
    """Shape (m,): the text that it is used for; they ascend."""

    def wholes(self) -> NDArray[np.bool_]:
        """Tell of each of ``texts`` whether it is no part of any text, but all of one."""
        found = np.ones(len(self.texts), np.bool_)
        found[self.uses[self.kinds != Kind.WHOLE]] = False
        return found

    def taught(self) -> NDArray[np.float32]:
        """Return float32 [n, 2]: the share of each text's letters in expressions; and in stems."""
        count = int(self.rows[-1]) + 1
        letters = np.asarray([len(text) for text in self.texts], np.float32)[self.uses]

        def sums(*kinds: Kind) -> NDArray[np.float64]:
            own = np.isin(self.kinds, kinds)
            return np.bincount(self.rows[own], letters[own], count).astype(np.float64)

        known, stems = sums(Kind.KNOWN), sums(Kind.STEM)
        # A single word that is unknown has no part but the whole.
        whole = np.maximum(known + sums(Kind.UNKNOWN), np.where(known, 1, sums(Kind.WHOLE)))
        shares = np.stack([known, known + stems], axis=1) / np.maximum(whole, 1)[:, None]
        return np.minimum(shares, 1).astype(np.float32)


class PartPooling:
    """Cuts texts, and makes one vector of their parts'. Thread-safe."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        expressions: Expressions,
        query: NDArray[np.float32],
        bias: NDArray[np.float32],
    ) -> None:
        """``query`` has shape (dim,), ``bias`` one number for every Kind."""
        self.expressions = expressions
        self.query = query
        self.bias = bias
        self._tokenizer = tokenizer

    def knowing(self, texts: Iterable[str], *, as_well: bool = False) -> PartPooling:
        """Return the same weights for a tower that was taught other expressions, or these too."""
        expressions = taught(self._tokenizer, texts)
        if as_well:
            expressions |= self.expressions
        return PartPooling(self._tokenizer, expressions, self.query, self.bias)

    def cut(self, texts: Sequence[str]) -> Parts:
        """Cut n >= 1 texts into their parts."""
        places: dict[str, int] = {}
        found: list[tuple[int, int, int]] = []
        for row, text in enumerate(texts):
            for part, kind in self.expressions.cut(_normalised(self._tokenizer, text))[:MOST_PARTS]:
                place = places.setdefault(part.replace(SPACE, " ").strip(), len(places))
                found.append((place, kind, row))
        uses, kinds, rows = np.array(found, np.int64).T
        return Parts(list(places), uses, kinds, rows)

    def pool(self, vectors: Vectors, parts: Parts) -> Vectors:
        """Return unit vectors of shape (n, dim) from those of the parts' texts."""
        # Not a product of matrices, which rounds by how many rows there are.
        scores = (vectors * self.query).sum(axis=1)[parts.uses] + self.bias[parts.kinds]
        firsts = np.flatnonzero(np.diff(parts.rows, prepend=-1))
        # The greatest of a text's is 1: no sum runs over.
        weights = np.exp(scores - np.maximum.reduceat(scores, firsts)[parts.rows])
        pooled = np.add.reduceat(vectors[parts.uses] * weights[:, None], firsts)
        length = np.linalg.norm(pooled, axis=1, keepdims=True)
        unit: Vectors = pooled / np.maximum(length, np.float32(1e-12))
        return unit

    def encode(self, texts: Sequence[str], encode: Encode) -> Vectors:
        """Encode n >= 1 texts by their parts; ``encode`` gives unit vectors of texts."""
        parts = self.cut(texts)
        return self.pool(encode(parts.texts), parts)

    def save(self, folder: Path) -> None:
        """Write it into a model's folder; until it is whole, the former one stays."""
        arrays = {"expressions": self.expressions.hashes, "query": self.query, "bias": self.bias}
        partial = folder / f"{FILE}.partial"
        # Not `save_file`, which lets nobody else read it.
        partial.write_bytes(save(arrays))
        partial.replace(folder / FILE)


def taught(tokenizer: Tokenizer, texts: Iterable[str]) -> Expressions:
    """Return texts as expressions."""
    return Expressions.of(_normalised(tokenizer, text) for text in texts)


def _normalised(tokenizer: Tokenizer, text: str) -> str:
    normalizer = tokenizer.normalizer
    normalised: str = normalizer.normalize_str(text) if normalizer else text
    return normalised


def read(folder: Path, tokenizer: Tokenizer, dim: int) -> PartPooling | None:
    """Read what ``save`` wrote; None where a model has none. Raises OSError, ValueError."""
    if not (folder / FILE).is_file():
        return None
    try:
        arrays = load_file(folder / FILE)
        hashes, query, bias = arrays["expressions"], arrays["query"], arrays["bias"]
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"{FILE} cannot be read: {error}") from error
    if query.shape != (dim,) or bias.shape != (len(Kind),):
        raise ValueError(f"{FILE} is for another model: its query has the shape {query.shape}")
    if hashes.dtype != np.uint32 or not hashes.size or (hashes[1:] < hashes[:-1]).any():
        raise ValueError(f"{FILE} holds no sorted hashes")
    if not (np.isfinite(query).all() and np.isfinite(bias).all()):
        raise ValueError(f"{FILE} holds weights that are not finite")
    return PartPooling(tokenizer, Expressions(hashes), query, bias)
