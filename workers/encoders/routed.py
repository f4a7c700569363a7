"""A base encoder together with language packs: each question goes to the tower that knows it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workers.encoders.base import Encoded, Encoder, Pixels, TextTower, Vectors
from workers.encoders.languages import languages_of, same_language, words_of

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Pack:
    """A text tower for further languages, in the space of the base encoder."""

    name: str
    revision: str
    languages: tuple[str, ...]
    """BCP 47, without script and region."""
    words: frozenset[str]
    """Words of these languages that English does not have, as ``words_of`` writes them."""
    tower: TextTower


class Router:
    """Chooses the pack that knows a question's language."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._packs = tuple(packs)
        self._by_language: dict[str, Pack] = {}
        for pack in packs:
            for language in pack.languages:
                self._by_language.setdefault(same_language(language), pack)

    def choose(self, text: str) -> Pack | None:
        """Return the pack for a question; None means the base's own tower.

        A pack that has every word in its list knows best: a word or two are too few to tell a
        language by. Otherwise the language decides, as it does between packs that share words.
        """
        words = words_of(text)
        if not words:
            return None
        by_language = next(
            (self._by_language[name] for name in languages_of(text) if name in self._by_language),
            None,
        )
        by_words = [pack for pack in self._packs if pack.words.issuperset(words)]
        if by_words and by_language not in by_words:
            return by_words[0]
        return by_language


class RoutedEncoder:
    """The base encoder with at least one pack. Pictures are the base's alone."""

    def __init__(self, base: Encoder, packs: Sequence[Pack]) -> None:
        self.name = base.name
        self.revision = base.revision
        self.dim = base.dim
        self.preprocessing = base.preprocessing
        self.image_side = base.image_side
        self.engine = base.engine
        self.similar = base.similar
        self.languages: Sequence[str] = sorted(
            {*base.languages, *(language for pack in packs for language in pack.languages)}
        )
        revisions = [base.text_revision, *sorted(pack.revision for pack in packs)]
        self.text_revision = hashlib.sha256(" ".join(revisions).encode()).hexdigest()[:12]
        self._base = base
        self._router = Router(packs)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts, one forward pass for each tower that any of them goes to."""
        return self.encode_questions(texts).vectors

    def encode_questions(self, texts: Sequence[str]) -> Encoded:
        """Encode n >= 1 texts; the curves of towers that have none are NaN.

        A tower that does not say what it was taught is taken to know it all.
        """
        rows: dict[str, list[int]] = {}
        towers: dict[str, TextTower] = {}
        for row, text in enumerate(texts):
            pack = self._router.choose(text)
            name, tower = ("", self._base) if pack is None else (pack.name, pack.tower)
            towers[name] = tower
            rows.setdefault(name, []).append(row)
        vectors = np.empty((len(texts), self.dim), np.float32)
        curves = np.full((len(texts), 2), np.nan, np.float32)
        taught = np.ones((len(texts), 2), np.float32)
        for name, own in rows.items():
            encoded = towers[name].encode_questions([texts[row] for row in own])
            vectors[own] = encoded.vectors
            if encoded.curves is not None:
                curves[own] = encoded.curves
            if encoded.taught is not None:
                taught[own] = encoded.taught
        return Encoded(vectors, None if np.isnan(curves).all() else curves, taught)

    def with_packs(self, packs: Sequence[Pack]) -> RoutedEncoder:
        """Return the base encoder with these packs instead."""
        return RoutedEncoder(self._base, packs)

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Encode n >= 1 pictures with the base's tower."""
        return self._base.encode_images(images)

    def prepare_images(self, images: Sequence[Image]) -> Pixels:
        """Do the first half of ``encode_images``."""
        return self._base.prepare_images(images)

    def encode_prepared(self, pixels: Pixels) -> Vectors:
        """Do the second half of ``encode_images``."""
        return self._base.encode_prepared(pixels)
