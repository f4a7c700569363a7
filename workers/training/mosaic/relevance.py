"""Fits what a cosine means: the probability that a person would say "yes, that".

Logistic regression over pairs of a question and one of the pictures that it finds first, on the
cosine, the cosine in standard deviations above chance, and what a small layer makes of traits of
the question. Slopes are positive, so relevance is monotone in the cosine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from workers.encoders import efficientnet
from workers.encoders.mosaic import pictures, questions
from workers.encoders.mosaic.colours import DIMENSION as COLOURS
from workers.encoders.mosaic.numbers import Numbers
from workers.training import wordnet
from workers.training.mosaic import teacher
from workers.training.mosaic.concepts import Concepts
from workers.training.mosaic.pairs import concrete_words

FIRST = 15
"""Pictures of a question that are looked at."""
STEPS = 800
DECAY = 2e-2
DROPPED = 0.2
BENDS = 16
BACKGROUND = 300
"""Photographs, and as many drawings."""
NONSENSE = 1200

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judged:
    """Questions with a gallery's judgements.

    ``scores`` float32 [n, pictures] are cosines, ``right`` bool [n, pictures]; ``traits``
    float32 [n, c], ``mean`` and ``deviation`` [n] as a question's side tells them.
    """

    scores: Matrix
    right: npt.NDArray[np.bool_]
    traits: Matrix
    mean: Matrix
    deviation: Matrix

    def some(self, rows: npt.NDArray[np.int64]) -> Judged:
        """Return the same of some questions."""
        return Judged(
            self.scores[rows],
            self.right[rows],
            self.traits[rows],
            self.mean[rows],
            self.deviation[rows],
        )

    def above_chance(self) -> Matrix:
        """Return the cosines in standard deviations above the background's mean."""
        found: Matrix = (self.scores - self.mean[:, None]) / self.deviation[:, None]
        return found

    def pairs(self) -> tuple[Matrix, Matrix, Matrix, Matrix]:
        """Return cosine, cosine above chance, traits and right or not of the first, [k] each."""
        first = np.argsort(-self.scores, axis=1)[:, :FIRST]

        def taken(values: npt.NDArray[np.generic]) -> Matrix:
            return np.take_along_axis(values, first, axis=1).reshape(-1).astype(np.float32)

        traits = np.repeat(self.traits, first.shape[1], axis=0)
        return taken(self.scores), taken(self.above_chance()), traits, taken(self.right)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Slopes over the cosine and over that above chance, and what the traits say of both.

    ``bends`` float32 [h, c] and ``curve`` [2, h + 1] are a layer of tanh and what it comes to.
    """

    slope: float
    slope_above_chance: float
    bends: Matrix
    curve: Matrix

    def relevance(self, part: Judged) -> Matrix:
        """Return float32 [n, pictures]: the fitted probabilities."""
        offset, steep = questions.bent(part.traits, self.bends, self.curve)
        told = self.slope * part.scores + self.slope_above_chance * part.above_chance()
        told = np.clip(steep[:, None] * told + offset[:, None], -30, 30)
        odds: Matrix = 1 / (1 + np.exp(-told))
        return odds.astype(np.float32)


def fit(parts: Sequence[Judged]) -> Fitted:
    """Fit the curve to judged questions."""
    torch.manual_seed(20)
    found = [part.pairs() for part in parts]
    cosine, chance, traits, right = (
        torch.from_numpy(np.concatenate([one[column] for one in found])) for column in range(4)
    )
    mean, spread = traits.mean(0), traits.std(0) + 1e-6
    mean[0], spread[0] = 0, 1  # the first is one everywhere
    scaled = (traits - mean) / spread
    slopes = torch.tensor([1.5, -1.0], requires_grad=True)  # their logarithms
    layer = torch.nn.Linear(traits.shape[1], BENDS)
    out = torch.nn.Linear(BENDS, 2)
    learnt = [*layer.parameters(), *out.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": learnt, "weight_decay": DECAY}, {"params": [slopes], "weight_decay": 0.0}],
        lr=0.01,
    )
    for _ in range(STEPS):
        said = out(torch.nn.functional.dropout(torch.tanh(layer(scaled)), DROPPED))
        steep = torch.exp(questions.STEEPER * torch.tanh(said[:, 1]))
        told = steep * (slopes[0].exp() * cosine + slopes[1].exp() * chance) + said[:, 0]
        loss = binary_cross_entropy_with_logits(told, right)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        bends = layer.weight / spread
        bends[:, 0] += layer.bias - (layer.weight * mean / spread).sum(1)
        curve = torch.cat([out.weight, out.bias[:, None]], dim=1)
        first, second = slopes.exp().tolist()
    return Fitted(first, second, bends.numpy(), curve.numpy())


def with_background(
    numbers: Numbers, cache: Path, gallery: tuple[Matrix, Matrix], seed: int = 1
) -> Numbers:
    """Return the numbers with a direction towards what can be seen, and with a background.

    ``gallery`` has the drawing part's vectors and the classifier's numbers of the emoji.
    """
    drawn, seen = gallery
    draw = np.random.default_rng(seed)
    some = draw.choice(len(drawn), BACKGROUND, replace=False)
    shares = draw.dirichlet(np.ones(COLOURS), 2 * BACKGROUND).astype(np.float32)
    # Photographs of one class each, as a classifier that is sure of it sees them.
    logits = draw.normal(-5, 1, (BACKGROUND, efficientnet.CLASSES)).astype(np.float32)
    classes = draw.choice(efficientnet.CLASSES, BACKGROUND, replace=False)
    logits[np.arange(BACKGROUND), classes] += 11
    sure = numbers.gate / float(numbers.gate @ numbers.gate) * (3 - numbers.gate_offset)
    photographs = np.concatenate([np.tile(sure, (BACKGROUND, 1)), logits], axis=1)
    others = drawn[draw.choice(len(drawn), BACKGROUND)]
    background = np.concatenate(
        [
            pictures.join(others, photographs.astype(np.float32), shares[:BACKGROUND], numbers),
            pictures.join(drawn[some], seen[some], shares[BACKGROUND:], numbers),
        ]
    )
    return replace(numbers, background=background, visible=towards_visible(cache, seed))


def towards_visible(cache: Path, seed: int = 0) -> Matrix:
    """Learn float32 [513]: what tells English for things from abstract words, chatter, nonsense."""
    concepts, concrete = Concepts(cache), concrete_words(cache)
    draw = np.random.default_rng(seed)
    things = [name for names in concepts.names for name in names] + sorted(concrete)[::20]
    abstract = sorted(
        {
            lemma.lower()
            for _, lemmas, _ in wordnet.synsets(cache)
            for lemma in lemmas
            if lemma.lower() not in concrete
        }
    )[::14]
    text = resources.files("workers.training.mosaic").joinpath("chatter.txt").read_text("utf-8")
    letters = list("abcdefghijklmnopqrstuvwxyz")
    nonsense = ["".join(draw.choice(letters, draw.integers(1, 9))) for _ in range(NONSENSE)]
    groups = [(things, 0.5), (abstract, 0.2), (text.splitlines(), 0.15), (nonsense, 0.15)]
    inputs = torch.from_numpy(
        np.concatenate([teacher.encode(listed, cache)[:] for listed, _ in groups])
    ).float()
    weight = torch.cat([torch.full((len(listed),), part / len(listed)) for listed, part in groups])
    wanted = (torch.arange(len(inputs)) < len(things)).float()
    direction = torch.zeros(inputs.shape[1], requires_grad=True)
    added = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam([direction, added], lr=0.05)
    for _ in range(600):
        told = inputs @ direction + added
        loss = binary_cross_entropy_with_logits(told, wanted, weight, reduction="sum")
        loss = loss + 2e-4 * direction.square().sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return torch.cat([direction, added]).detach().numpy()


def reliability(
    odds: Matrix, right: Matrix, bins: int = 10
) -> list[tuple[float, float, float, int]]:
    """Return for each tenth of relevance: from where, mean said, share right, how many."""
    place = np.minimum((odds * bins).astype(int), bins - 1)
    return [
        (
            number / bins,
            float(odds[place == number].mean()),
            float(right[place == number].mean()),
            int((place == number).sum()),
        )
        for number in range(bins)
        if (place == number).any()
    ]
