"""Questions judged by galleries: what the curve is fitted to and checked on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samples import emoji as samples
from workers.encoders.models import extended_by_packs, load, load_text_tower
from workers.encoders.mosaic import family, questions
from workers.encoders.mosaic.asking import Asking
from workers.encoders.mosaic.numbers import Numbers
from workers.training import artwork
from workers.training.evaluation import photographs as sets
from workers.training.evaluation import questions as emoji_questions
from workers.training.mosaic.relevance import Fitted, Judged, fit, reliability

Matrix = npt.NDArray[np.float32]
FOLDS = 5
KEPT = 0.95
FITTED_TO = ("development", "second")
PLACES = 15
"""Of an answer that are looked at."""
MIN_RELEVANCE = 0.06
MIN_SHARE_OF_BEST = 0.3
"""Where an answer ends, as `bot.core.relevance` has it."""
PHOTOGRAPHS, NO_PHOTOGRAPH, EMOJI, NO_EMOJI = range(4)


def end(best: npt.NDArray[np.float32], threshold: float = MIN_RELEVANCE) -> Matrix:
    """Return where answers end whose best pictures have these relevances."""
    ends: Matrix = np.maximum(threshold, MIN_SHARE_OF_BEST * best)
    return ends


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of an answer's first pictures."""

    precision: float
    """The share of those shown that are right."""
    kept: float
    """The share of the right ones that are shown."""
    answered: float
    """The share of the questions with anything to show."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Questions judged by curves that were fitted without them.

    Four parts: photographs and emoji, of each the questions with an answer, then those without.
    """

    parts: Sequence[Judged]
    odds: Sequence[Matrix]
    """[n, pictures] of each part: the relevance."""

    def found(self, part: int) -> npt.NDArray[np.bool_]:
        """Return of each question whether a right picture is among the first five."""
        found: npt.NDArray[np.bool_] = np.asarray(self._right(part)[:, :5].any(axis=1))
        return found

    def threshold(self) -> float:
        """Return the relevance that 95 % of the best pictures of well answered questions reach."""
        best = [self.odds[part].max(axis=1)[self.found(part)] for part in (PHOTOGRAPHS, EMOJI)]
        return float(np.quantile(np.concatenate(best), 1 - KEPT))

    def answered(self, part: int, threshold: float) -> float:
        """Return the share of the questions with a picture that reaches a threshold."""
        return float((self.odds[part].max(axis=1) >= threshold).mean())

    def shown(self, part: int, threshold: float = MIN_RELEVANCE) -> Shown:
        """Return how good is what is shown, of the first pictures of each answer."""
        odds, right = self._odds(part), self._right(part)
        shows = odds >= end(odds[:, :1], threshold)
        both = float((shows & right).sum())
        return Shown(both / shows.sum(), both / right.sum(), float(shows.any(axis=1).mean()))

    def reliability(self) -> list[tuple[float, float, float, int]]:
        """Return for each tenth of relevance: from where, mean said, share right, how many."""
        odds = [self._odds(part).reshape(-1) for part in range(len(self.parts))]
        right = [self._right(part).reshape(-1) for part in range(len(self.parts))]
        return reliability(np.concatenate(odds), np.concatenate(right).astype(np.float32))

    def _odds(self, part: int) -> Matrix:
        return np.take_along_axis(self.odds[part], self._first(part), axis=1)

    def _right(self, part: int) -> npt.NDArray[np.bool_]:
        return np.take_along_axis(self.parts[part].right, self._first(part), axis=1)

    def _first(self, part: int) -> npt.NDArray[np.int64]:
        return np.argsort(-self.parts[part].scores, axis=1)[:, :PLACES]


class Judgements:
    """The questions to develop by, asked of a model."""

    def __init__(self, model: Path, folder: Path, cache: Path) -> None:
        """``folder`` has the photographs."""
        numbers = Numbers.read(model)
        self._numbers = numbers
        self._side = questions.QuestionSide(
            load(str(extended_by_packs(model)), images=False),
            load_text_tower(family.tower(model), family.TEXT_SPACE),
            family.load_sentences(),
            Asking.read(model),
            numbers,
        )
        encoder = load(str(model), texts=False)
        paths = sets.photographs(folder)
        seen = encoder.encode_images(sets.opened([*paths.values()]))
        glyphs = list(samples.glyphs())
        drawn = np.concatenate(
            [
                encoder.encode_images([samples.render(one.emoji) for one in glyphs[at : at + 32]])
                for at in range(0, len(glyphs), 32)
            ]
        )
        alias = artwork.load(cache).alias
        rows = np.asarray([alias.get(artwork.bare(glyph.emoji), -1) for glyph in glyphs])
        asked = [one for which in FITTED_TO for one in sets.asked(which, list(paths))]
        emoji = emoji_questions.development(alias)
        nothing = sets.unanswerable()
        right = np.zeros((len(asked), len(seen)), bool)
        for row, one in enumerate(asked):
            right[row, list(one.answers)] = True
        wanted = np.asarray([np.isin(rows, list(one.answers)) for one in emoji])
        empty = [one.text for one in nothing if one.kind != "absent"]
        self.parts = [
            self._judged([one.text for one in asked], seen, right),
            self._judged([one.text for one in nothing], seen, None),
            self._judged([one.text for one in emoji], drawn, wanted),
            self._judged(empty, drawn, None),
        ]
        """Photographs and emoji; of each those with an answer, then those without."""

    def _judged(
        self, texts: Sequence[str], pictures: Matrix, right: npt.NDArray[np.bool_] | None
    ) -> Judged:
        vectors, told = [], []
        for at in range(0, len(texts), 32):
            encoded, *rest = self._side.told(self._side.asking.asked(texts[at : at + 32]))
            vectors.append(encoded)
            told.append(rest)
        scores = np.concatenate(vectors) @ pictures.T
        if right is None:
            right = np.zeros(scores.shape, bool)
        traits, mean, deviation = (np.concatenate([one[n] for one in told]) for n in range(3))
        return Judged(scores, right, traits, mean, deviation)

    def fitted(self) -> Fitted:
        """Fit the curve to all of them."""
        return fit(self.parts)

    def checked(self) -> Checked:
        """Fit five times without a fifth of the phrases, and judge those."""
        draws = [np.random.default_rng(5).integers(0, FOLDS, len(p.scores)) for p in self.parts]
        odds = [np.zeros(part.scores.shape, np.float32) for part in self.parts]
        for number in range(FOLDS):
            learnt = fit(
                [
                    part.some(np.flatnonzero(draw != number))
                    for part, draw in zip(self.parts, draws, strict=True)
                ]
            )
            for own, part, draw in zip(odds, self.parts, draws, strict=True):
                rows = np.flatnonzero(draw == number)
                own[rows] = learnt.relevance(part.some(rows))
        return Checked(self.parts, odds)


def with_curve(numbers: Numbers, learnt: Fitted) -> Numbers:
    """Return the numbers with a fitted curve."""
    return replace(
        numbers,
        slope=learnt.slope,
        slope_above_chance=learnt.slope_above_chance,
        bends=learnt.bends,
        curve=learnt.curve,
    )
