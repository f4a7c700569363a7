"""Questions judged by galleries: what the curve is fitted to and checked on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samples import emoji as samples
from workers.encoders.models import extended_by_packs, load, load_text_tower
from workers.encoders.mosaic import colours, family, questions
from workers.encoders.mosaic.numbers import Numbers
from workers.training import artwork
from workers.training.evaluation import photographs as sets
from workers.training.evaluation import questions as emoji_questions
from workers.training.mosaic.relevance import Fitted, Judged, fit

Matrix = npt.NDArray[np.float32]
FOLDS = 5
KEPT = 0.95


@dataclass(frozen=True, slots=True)
class Found:
    """How well what fits is told from what does not, on phrases that the fit did not see."""

    threshold: float
    """That 95 % of the questions reach which find a right picture among five."""
    kept: tuple[float, float]
    """Of answerable questions those with anything to show: photographs, emoji."""
    refused: tuple[float, float]
    """Of unanswerable ones those without: photographs, emoji (chatter and nonsense)."""
    odds: Matrix
    right: Matrix


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
            colours.ColourWords.read(model),
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
        asked = sets.asked("development", list(paths))
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
            some = texts[at : at + 32]
            ways = self._side.ways(some)
            facts = questions.facts_of(some, ways, self._numbers)
            text = questions.blended(ways, facts, self._numbers)
            asked = self._side.colours_asked(some)
            vectors.append(questions.question_vectors(ways.drawn, text, asked, self._numbers))
            told.append(questions.traits_of(vectors[-1], text, ways, facts, self._numbers))
        scores = np.concatenate(vectors) @ pictures.T
        if right is None:
            right = np.zeros(scores.shape, bool)
        traits, mean, deviation = (np.concatenate([one[n] for one in told]) for n in range(3))
        return Judged(scores, right, traits, mean, deviation)

    def fitted(self) -> Fitted:
        """Fit the curve to all of them."""
        return fit(self.parts)

    def checked(self) -> Found:
        """Fit five times without a fifth of the phrases, and look at those."""
        folds = [np.random.default_rng(5).integers(0, FOLDS, len(p.scores)) for p in self.parts]
        best: list[list[float]] = [[] for _ in self.parts]
        hits: list[bool] = []
        odds, right = [], []
        for number in range(FOLDS):
            learnt = fit(
                [
                    p.some(np.flatnonzero(f != number))
                    for p, f in zip(self.parts, folds, strict=True)
                ]
            )
            for place, (part, fold) in enumerate(zip(self.parts, folds, strict=True)):
                own = part.some(np.flatnonzero(fold == number))
                found = learnt.relevance(own)
                first = np.argsort(-own.scores, axis=1)[:, :15]
                odds.append(np.take_along_axis(found, first, axis=1).reshape(-1))
                right.append(np.take_along_axis(own.right, first, axis=1).reshape(-1))
                best[place] += found.max(axis=1).tolist()
                if place == 0:
                    five = np.take_along_axis(own.right, first[:, :5], axis=1)
                    hits += [bool(row.any()) for row in five]
        top = [np.asarray(one, np.float32) for one in best]
        threshold = float(np.quantile(top[0][np.asarray(hits)], 1 - KEPT))
        return Found(
            threshold,
            (float((top[0] >= threshold).mean()), float((top[2] >= threshold).mean())),
            (float((top[1] < threshold).mean()), float((top[3] < threshold).mean())),
            np.concatenate(odds),
            np.concatenate(right).astype(np.float32),
        )


def with_curve(numbers: Numbers, learnt: Fitted) -> Numbers:
    """Return the numbers with a fitted curve."""
    return replace(
        numbers,
        slope=learnt.slope,
        slope_above_chance=learnt.slope_above_chance,
        curve=learnt.curve,
    )
