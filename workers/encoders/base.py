"""What an encoder is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

    from workers.encoders.routed import Pack

Vectors = NDArray[np.float32]
"""Shape (n, dim), L2-normalised rows."""
Curves = NDArray[np.float32]
"""Shape (n, 2): slope and offset. A picture at a cosine to a question is what the person meant with
the probability 1 / (1 + exp(-(slope * cosine + offset))). NaN in a row: not known."""
Pixels = NDArray[np.float32]
"""A row for each of n pictures, most often (3, height, width): what an image tower takes in."""


class EncoderError(Exception):
    """A model cannot be used; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Questions as vectors, and what cosines with them mean."""

    vectors: Vectors
    curves: Curves | None
    """None: the tower is not calibrated."""
    taught: NDArray[np.float32] | None = None
    """[n, 2]: the share of each text that the tower was taught, as a whole word or expression; and
    with stems of words. None: nobody knows."""


def unit(features: NDArray[np.float32]) -> Vectors:
    """Return rows at length 1; those of nothing but zeros stay."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    scaled: Vectors = (features / np.maximum(length, np.float32(1e-12))).astype(np.float32)
    return scaled


class TextTower(Protocol):
    """Texts into an embedding space. Thread-safe."""

    dim: int

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts in one forward pass."""
        ...

    def encode_questions(self, texts: Sequence[str]) -> Encoded:
        """Encode n >= 1 texts as ``encode_texts`` does, with a curve for each if it has any."""
        ...


class Encoder(Protocol):
    """A dual encoder: texts and pictures into one embedding space. Thread-safe."""

    name: str
    revision: str
    """Of the image tower and its preprocessing: names the embedding space."""
    text_revision: str
    """Of the text tower and its tokenizer: part of every cached vector's key."""
    dim: int
    preprocessing: Mapping[str, object]
    languages: Sequence[str]
    image_side: int
    """The longer side in px of what the image tower takes in."""
    engine: str
    """What runs the towers, for the log."""
    similar: tuple[float, float] | None
    """Slope and offset of the curve for two pictures; None: not known."""

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts in one forward pass."""
        ...

    def encode_questions(self, texts: Sequence[str]) -> Encoded:
        """Encode n >= 1 texts as ``encode_texts`` does, with a curve for each if it has any."""
        ...

    def with_packs(self, packs: Sequence[Pack]) -> Encoder:
        """Return an encoder that asks packs for the languages they know."""
        ...

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Encode n >= 1 pictures of any mode and size in one forward pass."""
        ...

    def prepare_images(self, images: Sequence[Image]) -> Pixels:
        """Do the first half of ``encode_images``, all but the forward pass."""
        ...

    def encode_prepared(self, pixels: Pixels) -> Vectors:
        """Do the second half of ``encode_images``."""
        ...


def fingerprint(files: Sequence[Path]) -> str:
    """Return 12 hexadecimal digits that change when any of the files does."""
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.is_file():
            digest.update(path.name.encode())
            status = path.stat()
            digest.update(_digest(path, status.st_ino, status.st_size, status.st_mtime_ns))
    return digest.hexdigest()[:12]


@lru_cache(maxsize=64)
def _digest(path: Path, *_version: int) -> bytes:
    """Hash a file. Weights are gigabytes, and each tower's revision asks for them again."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
