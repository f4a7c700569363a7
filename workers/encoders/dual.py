"""Towers at work: a tokenizer or a preprocessing before an engine, unit vectors behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from workers.encoders.base import Encoded, EncoderError, Pixels, Vectors, unit
from workers.encoders.calibration import Calibration
from workers.encoders.engines.base import Engine, Features
from workers.encoders.part_pooling import PartPooling
from workers.encoders.preprocessing import Preprocessing
from workers.encoders.recent import RecentVectors
from workers.encoders.tokens import Tokenize

if TYPE_CHECKING:
    from PIL.Image import Image

    from workers.encoders.base import Encoder
    from workers.encoders.routed import Pack


class EngineTextTower:
    """Texts into vectors."""

    def __init__(self, tokens: Tokenize, engine: Engine, dim: int) -> None:
        self.dim = dim
        self.engine = engine.name
        self._tokens = tokens
        self._engine = engine

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts; what a text has too much is cut off.

        One forward pass for all texts of about the same length: a text's vector then does not
        depend on who else asks, to the last bit, and short texts do not wait for long ones.
        """
        inputs = self._tokens(texts)
        if self._tokens.step == 0:
            return unit(self._engine(*inputs))
        steps = np.maximum(1, -(-inputs[1].sum(axis=1) // self._tokens.step))
        order, features = [], []
        for count in np.unique(steps):
            rows = np.flatnonzero(steps == count)
            length = count * self._tokens.step
            features.append(self._engine(*(array[rows, :length] for array in inputs)))
            order.append(rows)
        return unit(np.concatenate(features)[np.argsort(np.concatenate(order))])

    def encode_questions(self, texts: Sequence[str]) -> Encoded:
        """Encode n >= 1 texts; no curves."""
        return Encoded(self.encode_texts(texts), None)


class PooledTextTower:
    """Texts into vectors by their parts. The parts that are words come from memory, if they may."""

    def __init__(self, tower: EngineTextTower, pooling: PartPooling) -> None:
        self.dim = tower.dim
        self.engine = tower.engine
        self._tower = tower
        self._pooling = pooling
        self._words = RecentVectors(self._encode_words)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts; what several of them have in common is encoded once."""
        return self.encode_questions(texts).vectors

    def encode_questions(self, texts: Sequence[str]) -> Encoded:
        """Encode n >= 1 texts; no curves."""
        parts = self._pooling.cut(texts)
        vectors = np.empty((len(parts.texts), self.dim), np.float32)
        # A whole is asked once: the answer to it is remembered elsewhere.
        wholes = parts.wholes()
        for encode, own in ((self._tower.encode_texts, wholes), (self._words.encode, ~wholes)):
            if rows := np.flatnonzero(own).tolist():
                vectors[rows] = encode([parts.texts[row] for row in rows])
        return Encoded(self._pooling.pool(vectors, parts), None, parts.taught())

    def _encode_words(self, words: Sequence[str]) -> Vectors:
        """Encode words, as many as a power of two: an engine keeps memory for each number met."""
        more = (1 << (len(words) - 1).bit_length()) - len(words)
        return self._tower.encode_texts([*words, *[words[-1]] * more])[: len(words)]


class EngineImageTower:
    """Pictures into vectors."""

    def __init__(self, preprocessing: Preprocessing, engine: Engine) -> None:
        self.engine = engine.name
        self._preprocessing = preprocessing
        self._engine = engine

    def prepare(self, images: Sequence[Image]) -> Pixels:
        """Turn n >= 1 pictures of any mode and size into what the tower takes in."""
        return np.stack([self._preprocessing(image) for image in images])

    def encode(self, pixels: Pixels) -> Vectors:
        """Encode n >= 1 prepared pictures in one forward pass."""
        return unit(self.features(pixels))

    def features(self, pixels: Pixels) -> Features:
        """Return what the tower makes of prepared pictures, as it is."""
        return self._engine(pixels)


class DualEncoder:
    """A model with one or both of its towers."""

    def __init__(
        self,
        *,
        name: str,
        revision: str,
        text_revision: str,
        dim: int,
        preprocessing: Preprocessing,
        languages: Sequence[str],
        texts: EngineTextTower | PooledTextTower | None,
        images: EngineImageTower | None,
        calibration: Calibration | None = None,
    ) -> None:
        self.name = name
        self.revision = revision
        self.text_revision = text_revision
        self.dim = dim
        self.preprocessing: Mapping[str, object] = preprocessing.as_dict()
        self.image_side = max(preprocessing.size)
        self.languages: Sequence[str] = tuple(languages)
        self.engine = ", ".join(sorted({tower.engine for tower in (texts, images) if tower}))
        self._calibration = calibration or Calibration()
        self.similar = self._calibration.similar
        self._texts = texts
        self._images = images

    def with_packs(self, packs: Sequence[Pack]) -> Encoder:
        """Return an encoder that asks packs for the languages they know."""
        from workers.encoders.routed import RoutedEncoder

        return RoutedEncoder(self, packs)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts in one forward pass; what a text has too much is cut off."""
        return self.encode_questions(texts).vectors

    def encode_questions(self, texts: Sequence[str]) -> Encoded:
        """Encode n >= 1 texts; all have the model's curve, if it has one."""
        if self._texts is None:
            raise EncoderError(f"{self.name} was loaded without its text tower")
        encoded, curve = self._texts.encode_questions(texts), self._calibration.questions
        curves = None if curve is None else np.full((len(texts), 2), curve, np.float32)
        return replace(encoded, curves=curves)

    def prepare_images(self, images: Sequence[Image]) -> Pixels:
        """Turn n >= 1 pictures of any mode and size into what the image tower takes in."""
        return self._image_tower.prepare(images)

    def encode_prepared(self, pixels: Pixels) -> Vectors:
        """Encode n >= 1 prepared pictures in one forward pass."""
        return self._image_tower.encode(pixels)

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Encode n >= 1 pictures in one forward pass."""
        return self.encode_prepared(self.prepare_images(images))

    @property
    def _image_tower(self) -> EngineImageTower:
        if self._images is None:
            raise EncoderError(f"{self.name} was loaded without its image tower")
        return self._images
