"""Vectors as real pictures and questions have them, made up reproducibly and in any number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samples.emoji import glyphs, render
from workers.encoders.models import load

Vectors = NDArray[np.float16]

DIM = 768
CHUNK = 20_000
_TOPICS = 64
_CLUSTERS = 4000


@dataclass(frozen=True, slots=True)
class Mixture:
    """A mixture of many clusters as image-text towers make them.

    All pictures share a direction, and all texts another one (the gap between the modalities);
    topics hold clusters of uneven size (Zipf), and within a cluster the variance falls off by
    dimension, so that the vectors fill far fewer dimensions than they have.
    """

    seed: int = 1
    dim: int = DIM

    def pictures(self, count: int) -> Iterator[Vectors]:
        """Yield ``count`` unit vectors in chunks of (at most CHUNK, dim), always the same."""
        for at in range(0, count, CHUNK):
            generator = np.random.default_rng((self.seed, 1, at))
            yield self._draw(generator, min(CHUNK, count - at), of_texts=False)

    def questions(self, count: int, *, others: bool = False) -> Vectors:
        """Return (count, dim) unit vectors of texts: near clusters, across the gap."""
        return self._draw(
            np.random.default_rng((self.seed, 3 if others else 2)), count, of_texts=True
        )

    def _draw(self, generator: np.random.Generator, count: int, *, of_texts: bool) -> Vectors:
        fixed = np.random.default_rng((self.seed, 0))
        falling = (1 / np.sqrt(1 + np.arange(self.dim, dtype=np.float32) / 8)).astype(np.float32)
        falling /= np.linalg.norm(falling)
        sides = _unit(fixed.standard_normal((2, self.dim), np.float32))
        topics = fixed.standard_normal((_TOPICS, self.dim), np.float32) * falling
        clusters = fixed.standard_normal((_CLUSTERS, self.dim), np.float32) * falling
        topic_of = fixed.integers(0, _TOPICS, _CLUSTERS)
        weights = 1 / (10 + np.arange(_CLUSTERS))
        chosen = generator.choice(_CLUSTERS, count, p=weights / weights.sum())
        own = generator.standard_normal((count, self.dim), np.float32) * falling
        spread = 0.8 if of_texts else 0.65
        drawn = (
            0.8 * sides[int(of_texts)]
            + 0.5 * topics[topic_of[chosen]]
            + 0.6 * clusters[chosen]
            + spread * own
        )
        return _unit(drawn).astype(np.float16)


def mini_vectors(count: int, copies: int) -> tuple[list[Vectors], Vectors]:
    """Return ``count`` sample pictures by the bundled encoder, 200 of their names as questions.

    Each picture comes ``copies`` times, all but once with a little noise.
    """
    encoder = load("mini")
    known = list(glyphs())[:count]
    drawn = [
        encoder.encode_images([render(glyph.emoji) for glyph in known[at : at + 16]])
        for at in range(0, len(known), 16)
    ]
    pictures = np.concatenate(drawn).astype(np.float32)
    generator = np.random.default_rng(5)
    spread = 0.3 / np.sqrt(pictures.shape[1])
    noise = [
        spread * generator.standard_normal(pictures.shape, np.float32) for _ in range(copies - 1)
    ]
    chosen = generator.choice(len(known), 200, replace=False)
    questions = encoder.encode_texts([known[n].name for n in chosen])
    vectors = [_unit(pictures + more).astype(np.float16) for more in (0, *noise)]
    return vectors, _unit(questions.astype(np.float32)).astype(np.float16)


def zipf_sizes(total: int, tenants: int, exponent: float = 1.0) -> list[int]:
    """Return sizes of ``tenants`` collections, the largest first, that add up to ``total``."""
    weights = 1 / np.arange(1, tenants + 1) ** exponent
    sizes = np.maximum(1, np.floor(total * weights / weights.sum())).astype(int)
    sizes[0] += total - sizes.sum()
    return [int(size) for size in sizes]


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
