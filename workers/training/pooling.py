"""What a trained text tower knows as a whole, and how much each part of a question counts.

The tower stays as it is; what is learnt are the weights of `workers.encoders.part_pooling`, from
phrases of several words of which it is known which pictures they denote.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.functional import log_softmax, normalize

from workers.encoders.base import fingerprint
from workers.encoders.expressions import Expressions, Kind
from workers.encoders.part_pooling import PartPooling, taught
from workers.training import artwork, phrases
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.evaluation import measure
from workers.training.evaluation.metrics import ranks
from workers.training.phrase_tower import PhraseTower
from workers.training.phrases import Shares
from workers.training.recipe.settings import MiniSettings
from workers.training.runs import Run, RunSettings

KNOWN_WITHIN = 5
"""An expression is known when so many nearest pictures hold one that it denotes."""
THINGS = 3
BATCH = 512
RATE = 1e-2

Say = Callable[[str], None]


class PartWeights(nn.Module):
    """The query and the biases while they are learnt; at first every part counts the same."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(dim))
        self.bias = nn.Parameter(torch.zeros(len(Kind)))

    def forward(
        self, vectors: torch.Tensor, kinds: torch.Tensor, rows: torch.Tensor, count: int
    ) -> torch.Tensor:
        """Return unit vectors float32 [count, d] of texts.

        ``vectors`` float32 [m, d] are their parts', ``kinds`` and ``rows`` int64 [m] say of which
        kind and of which text each is.
        """
        weights = (vectors @ self.query + self.bias[kinds]).exp()
        pooled = torch.zeros(count, vectors.shape[1]).index_add(0, rows, vectors * weights[:, None])
        return normalize(pooled, dim=-1)


def known_expressions(
    tower: PhraseTower,
    pictures: Artwork,
    annotations: Sequence[Annotation],
    gallery: torch.Tensor,
) -> list[str]:
    """Return the names, keywords and emoji whose pictures ``tower`` finds."""
    meant: dict[str, set[int]] = defaultdict(set)
    for entry in annotations:
        meant[entry.phrase].add(entry.row)
    for characters, row in pictures.alias.items():
        meant[characters].add(row)
    listed = list(meant)
    found: list[str] = []
    for start in range(0, len(listed), 16_384):
        asked = listed[start : start + 16_384]
        wanted = [frozenset(meant[phrase]) for phrase in asked]
        at = ranks(tower.alone(asked), gallery, wanted).tolist()
        found += [phrase for phrase, rank in zip(asked, at, strict=True) if rank <= KNOWN_WITHIN]
    return found


def learn(
    tower: PhraseTower,
    expressions: Expressions,
    made: Sequence[tuple[str, Shares]],
    gallery: torch.Tensor,
    run: Run,
) -> PartPooling:
    """Learn the weights from phrases with the shares of the pictures that each denotes.

    The loss is a softmax over ``gallery`` float32 [pictures, d] with several right answers.
    """
    weights = PartWeights(gallery.shape[1])
    parts = pooling_of(tower, expressions, weights).cut([phrase for phrase, _ in made])
    vectors = tower.alone(parts.texts)
    uses, kinds = torch.from_numpy(parts.uses), torch.from_numpy(parts.kinds)
    firsts = np.searchsorted(parts.rows, np.arange(len(made) + 1))
    scale = tower.model.logit_scale.detach().exp()

    def step_loss(step: int, generator: torch.Generator) -> torch.Tensor:
        random = np.random.default_rng([run.settings.seed, step])
        drawn = random.integers(0, len(made), run.settings.batch)
        own, rows = _spans(firsts, drawn)
        pooled = weights(vectors[uses[own]], kinds[own], rows, len(drawn))
        wanted = _targets([made[one][1] for one in drawn], len(gallery))
        likely = log_softmax(scale * pooled @ gallery.T, dim=1)
        return -(wanted * likely).sum(1).mean()

    run.train(weights, step_loss)
    return pooling_of(tower, expressions, weights)


def pooling_of(tower: PhraseTower, expressions: Expressions, weights: PartWeights) -> PartPooling:
    """Return the weights as a worker applies them."""
    return PartPooling(
        tower.tokenizer.backend_tokenizer,
        expressions,
        weights.query.detach().numpy(),
        weights.bias.detach().numpy(),
    )


def _spans(
    firsts: npt.NDArray[np.int64], drawn: npt.NDArray[np.int64]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the parts of the texts ``drawn``, and which of them each is of: int64 [m] both."""
    counts = firsts[drawn + 1] - firsts[drawn]
    rows = np.repeat(np.arange(len(drawn)), counts)
    before = np.cumsum(counts) - counts
    own = np.arange(len(rows)) + (firsts[drawn] - before)[rows]
    return torch.from_numpy(own), torch.from_numpy(rows)


def _targets(shares: Sequence[Mapping[int, float]], pictures: int) -> torch.Tensor:
    """Return distributions over the pictures, float32 [n, pictures]."""
    wanted = torch.zeros(len(shares), pictures)
    for row, own in enumerate(shares):
        wanted[row, list(own)] = torch.tensor(list(own.values()))
    return wanted / wanted.sum(1, keepdim=True)


def pool(
    folder: Path,
    cache: Path,
    pictures: Artwork,
    annotations: Sequence[Annotation],
    *,
    run: Path,
    settings: MiniSettings,
    say: Say,
) -> PartPooling:
    """Return what the model in ``folder`` knows and how it weighs it, learnt in the folder ``run``.

    ``annotations`` are the names and keywords that it was trained on.
    """
    model = measure.Model(folder)
    gallery = model.pictures(measure.rendered(pictures))
    known = known_expressions(model.tower, pictures, annotations, gallery)
    say(f"{len(known)} expressions are known")
    rows = [row for row, emoji in enumerate(pictures.emoji) if not artwork.is_flag(emoji)]
    each, seed = settings.pooling_each, settings.seed
    made = list(phrases.phrases(cache, annotations, rows, each=each, things=THINGS, seed=seed))
    own = RunSettings(
        "pooling",
        steps=settings.pooling_steps,
        batch=BATCH,
        learning_rate=RATE,
        weight_decay=0.0,
        warmup_steps=0,
        seed=seed,
        bf16=False,
        extra={"model": fingerprint([folder / "model.safetensors", folder / "tokenizer.json"])},
    )
    expressions = taught(model.tower.tokenizer.backend_tokenizer, known)
    return learn(model.tower, expressions, made, gallery, Run(run, own))
