"""A question's vector: one for drawings, one for photographs, and the colours it asks for.

Four ways lead to the photographs' text space: the sentence encoder, which knows 16 languages; a
text tower distilled from it, which has heard all; the bridge, which is the mean of the names of
the drawings that the question finds; and a table of words. Facts of the question decide what each
of them counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workers.encoders.base import Curves, TextTower, Vectors, unit
from workers.encoders.mosaic.asking import Asked, Asking
from workers.encoders.mosaic.colours import COLOURS, MONOCHROME
from workers.encoders.mosaic.lookup import Lookup, Table
from workers.encoders.mosaic.numbers import Numbers

NEIGHBOURS = 10
SHARPNESS = 20.0
"""Of the softmax over the drawings nearest to a question: so many count."""
OF_WORDS_FOR_KINDS = 0.05
"""What the words of a question count that asks for nothing but a kind of picture."""
STEEP = 120.0
OF_ONE_COLOUR = 0.6
"""Of the length of a picture's colours, what one has that is plainly there."""
STEEPER = 0.5
"""A slope may grow by the exponential of so much, and shrink by it."""
SCRIPTS = (
    "[\u3041-\u30ff]",
    "[\u3400-\u9fff\uf900-\ufaff]",
    "[\u1100-\u11ff\uac00-\ud7a3]",
    "[\u0e01-\u0e5b]",
    "[\u0600-\u06ff]",
    "[\u0400-\u052f]",
    "[A-Za-z\u00c0-\u024f]",
)
"""Kana, Chinese characters, Hangul, Thai, Arabic, Cyrillic, Latin."""
_SCRIPTS = tuple(map(re.compile, SCRIPTS))
FACTS = 1 + len(SCRIPTS) + 6
TRAITS = 1 + 6 + 14

Facts = NDArray[np.float32]


class Sentences(Protocol):
    """Sentences of many languages into one space."""

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Return float32 [n, 512], unit length."""
        ...


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways of n questions to the text space, unit vectors float32 [n, 512] each."""

    sentence: Vectors
    tower: Vectors
    bridge: Vectors
    drawn: Vectors
    """The questions in the drawing part's space, float32 [n, d]."""
    nearest: NDArray[np.float32]
    """[n]: their cosine with the nearest emoji."""
    meant: Vectors
    """What the table says, zeros where it says nothing."""
    known: NDArray[np.float32]
    """[n]: how much of each question the table knows."""
    taught: NDArray[np.float32]
    """[n, 2]: how much of it the drawing part was taught, in whole words and with stems."""


def joined(ways: Sequence[Ways]) -> Ways:
    """Return the ways of all questions as one."""
    return Ways(
        *(np.concatenate([getattr(one, field.name) for one in ways]) for field in fields(Ways))
    )


class QuestionSide:
    """Makes vectors of questions. Thread-safe."""

    def __init__(
        self,
        drawings: TextTower,
        tower: TextTower,
        sentences: Sentences | None,
        asking: Asking,
        numbers: Numbers,
    ) -> None:
        """Without a sentence encoder the tower stands in for it."""
        self._drawings = drawings
        self._tower = tower
        self._sentences = sentences
        self.asking = asking
        self._numbers = numbers
        self._lookup = Lookup(
            Table(numbers.hashes, numbers.places),
            Table(numbers.stem_hashes, numbers.stem_places),
            numbers.meant,
        )

    def encode(self, texts: Sequence[str]) -> tuple[Vectors, Curves]:
        """Return unit vectors float32 [n, dim] of n >= 1 questions, and their curves [n, 2]."""
        asked = self.asking.asked(texts)
        vectors, traits, mean, deviation = self.told(asked)
        found = curves(traits, mean, deviation, self._numbers)
        return with_kinds(vectors, found, asked, self._numbers)

    def told(self, asked: Asked) -> tuple[Vectors, Facts, Facts, Facts]:
        """Return the vectors, and what ``traits_of`` says of them."""
        vectors, text, ways, facts = self.read(asked)
        return vectors, *traits_of(vectors, text, ways, facts, self._numbers)

    def read(self, asked: Asked) -> tuple[Vectors, Vectors, Ways, Facts]:
        """Return the vectors, the questions in the text space, and the ways and facts behind."""
        ways = self.ways(asked.things)
        facts = facts_of(asked.things, ways, self._numbers)
        text = blended(ways, facts, self._numbers)
        return question_vectors(ways.drawn, text, asked, self._numbers), text, ways, facts

    def ways(self, texts: Sequence[str]) -> Ways:
        """Go all ways."""
        encoded = self._drawings.encode_questions(texts)
        drawn, taught = encoded.vectors, encoded.taught
        if taught is None:
            taught = np.ones((len(texts), 2), np.float32)
        tower = self._tower.encode_texts(texts)
        sentence = tower
        if self._sentences is not None:
            sentence = unit(np.asarray(self._sentences.encode(list(texts)), np.float32))
        names, nearest = bridge(drawn, self._numbers)
        return Ways(sentence, tower, names, drawn, nearest, *self._lookup.find(texts), taught)


def bridge(drawn: Vectors, numbers: Numbers) -> tuple[Vectors, NDArray[np.float32]]:
    """Return unit vectors float32 [n, 512]: the names of the drawings nearest to each question.

    And the cosine with the very nearest, [n].
    """
    scores = drawn @ numbers.emoji.T
    nearest = np.argpartition(-scores, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    best = np.take_along_axis(scores, nearest, axis=1)
    weight = np.exp(SHARPNESS * (best - best.max(axis=1, keepdims=True)))
    weight /= weight.sum(axis=1, keepdims=True)
    mean = np.einsum("nk,nkd->nd", weight, numbers.names[nearest]).astype(np.float32)
    return unit(mean), best.max(axis=1)


def facts_of(texts: Sequence[str], ways: Ways, numbers: Numbers) -> Facts:
    """Return float32 [n, FACTS]: one, the scripts, who agrees with whom, how near to the known."""
    scripts = np.asarray(
        [[float(script.search(text) is not None) for script in _SCRIPTS] for text in texts],
        np.float32,
    )
    columns = [
        (ways.sentence * ways.tower).sum(1),
        (ways.sentence * ways.bridge).sum(1),
        (ways.tower * ways.bridge).sum(1),
        (ways.sentence @ numbers.known.T).max(1),
        (ways.tower @ numbers.known.T).max(1),
        ways.nearest,
    ]
    first = np.ones((len(texts), 1), np.float32)
    return np.concatenate([first, scripts, np.stack(columns, axis=1)], axis=1).astype(np.float32)


def blended(ways: Ways, facts: Facts, numbers: Numbers) -> Vectors:
    """Return unit vectors float32 [n, 512]: the ways mixed as each question's facts say."""
    score = facts @ numbers.blend.T
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    mixed = (
        (weight[:, :1] + numbers.of_sentence) * ways.sentence
        + weight[:, 1:2] * ways.tower
        + weight[:, 2:] * ways.bridge
    )
    looked_up = (numbers.of_lookup * ways.known)[:, None]
    return unit((1 - looked_up) * unit(mixed) + looked_up * ways.meant)


def question_vectors(drawn: Vectors, text: Vectors, asked: Asked, numbers: Numbers) -> Vectors:
    """Return unit vectors float32 [n, dim] of questions.

    ``drawn`` float32 [n, d] in the drawing part's space, ``text`` [n, 512] in the text space.
    """
    layout = numbers.layout
    vectors = np.zeros((len(drawn), layout.dim), np.float32)
    vectors[:, layout.drawings] = drawn
    both = np.concatenate([unit(text - numbers.centre), numbers.of_drawn * drawn], axis=1)
    vectors[:, layout.photographs] = numbers.of_photographs * unit(unit(both) @ numbers.basis)
    vectors[:, layout.colours] = numbers.asks_colours * _black_and_white(asked.colours)
    return unit(vectors)


def _black_and_white(asked: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let who asks for black and for white ask for a picture without colours."""
    black, white = COLOURS.index("black"), COLOURS.index("white")
    both = (asked[:, black] > 0) & (asked[:, white] > 0)
    changed = asked.copy()
    changed[both, black] = changed[both, white] = 0
    changed[both, MONOCHROME] = 1
    return changed


def traits_of(
    vectors: Vectors, text: Vectors, ways: Ways, facts: Facts, numbers: Numbers
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return traits float32 [n, TRAITS] of questions, and mean and deviation [n] of chance.

    Chance is how near the background's pictures are; the traits say who agrees, how near to what
    is known, whether its words are, and whether it is about anything that can be seen.
    """
    scores = vectors @ numbers.background.T
    photographs, drawings = np.split(np.sort(scores.reshape(len(vectors), 2, -1), axis=2), 2, 1)
    nearest = np.sort(text @ numbers.known.T, axis=1)
    heard = np.maximum(ways.taught[:, 1], ways.known)
    towards, added = numbers.visible[:-1], numbers.visible[-1]
    columns = [
        nearest[:, -1],
        nearest[:, -1] - nearest[:, -6],
        text @ towards + added,
        ways.sentence @ towards + added,
        ways.tower @ towards + added,
        ways.known,
        ways.known**2,
        (ways.known == 1).astype(np.float32),
        *ways.taught.T,
        heard,
        (heard > 0).astype(np.float32),
        photographs[:, 0, -5:].mean(1),
        drawings[:, 0, -5:].mean(1),
    ]
    own = np.concatenate([facts[:, :1], facts[:, 1 + len(SCRIPTS) :]], axis=1)
    traits = np.concatenate([own, np.stack(columns, axis=1)], axis=1)
    return traits.astype(np.float32), scores.mean(1), scores.std(1) + np.float32(1e-6)


def curves(
    traits: NDArray[np.float32],
    mean: NDArray[np.float32],
    deviation: NDArray[np.float32],
    numbers: Numbers,
) -> Curves:
    """Return float32 [n, 2], slope and offset: what a cosine with each question means."""
    offset, steep = bent(traits, numbers.bends, numbers.curve)
    above = numbers.slope_above_chance / deviation
    slope = steep * (numbers.slope + above)
    return np.stack([slope, offset - steep * above * mean], axis=1).astype(np.float32)


def with_kinds(
    vectors: Vectors, found: Curves, asked: Asked, numbers: Numbers
) -> tuple[Vectors, Curves]:
    """Return questions' vectors and curves with the kinds of pictures that they ask for.

    What a picture of that kind gains by it is taken away again by the curve, so that one of another
    kind fits less and one of that kind no better than before.
    """
    layout = numbers.layout
    vectors, found = vectors.copy(), found.copy()
    alone = asked.nothing_else
    # Somebody who wants any drawing does not want the drawing of a pencil.
    vectors[alone] *= OF_WORDS_FOR_KINDS
    vectors[alone, layout.colours] *= numbers.asks_kinds / numbers.asks_colours / OF_WORDS_FOR_KINDS
    vectors[:, layout.kinds] = numbers.asks_kinds * asked.kinds
    length = np.linalg.norm(vectors, axis=1)
    vectors = unit(vectors)
    gained = numbers.of_kinds * numbers.asks_kinds * asked.kinds.any(axis=1)
    slope, offset = found.T
    found = np.stack([slope * length, offset - slope * gained], axis=1)
    found[alone] = _curves_of_kinds(vectors[alone], numbers)
    return vectors, found.astype(np.float32)


def _curves_of_kinds(vectors: Vectors, numbers: Numbers) -> Curves:
    """Return float32 [n, 2] for questions that ask for kinds and colours of pictures alone.

    A picture that has all that is asked has this cosine, and one with three quarters of it is as
    likely right as wrong.
    """
    layout = numbers.layout
    whole = numbers.of_kinds * vectors[:, layout.kinds].max(axis=1, initial=0)
    whole += numbers.of_colours * OF_ONE_COLOUR * vectors[:, layout.colours].sum(axis=1)
    slope = np.full(len(vectors), STEEP, np.float32)
    return np.stack([slope, -STEEP * 0.75 * whole], axis=1).astype(np.float32)


def bent(
    traits: NDArray[np.float32], bends: NDArray[np.float32], curve: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return float32 [n] each: what traits add to a curve's offset, and by what its slope grows."""
    offset, slope = curve[:, :-1] @ np.tanh(bends @ traits.T) + curve[:, -1:]
    return offset, np.exp(STEEPER * np.tanh(slope))
