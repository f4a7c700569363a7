"""Distil a text tower: phrases of every language towards pictures and towards a teacher's vectors.

After arXiv 2004.09813 (multilingual knowledge distillation): a phrase and its translation share
the teacher's vector of the English. Here a phrase may also denote pictures directly; then the loss
is a softmax over the whole gallery with several right answers.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import log_softmax
from transformers import CLIPModel

from workers.training.corpus import Corpus
from workers.training.runs import LARGEST_SCALE, Run, RunSettings, Watch, autocast
from workers.training.tokenizer import TokenTable
from workers.training.towers import place, text_vectors

POOL = 16  # batches drawn together and cut by length, so that little is padding
TEACHER_SCALE = 20.0


@dataclass(frozen=True, slots=True)
class PhraseBatch:
    """One batch: tokens int64 [n, length]; shares float32 [n, pictures]; teacher float32 [n, d].

    Rows without pictures have shares of zero, rows without a teacher's vector a zero vector.
    """

    tokens: torch.Tensor
    shares: torch.Tensor
    teacher: torch.Tensor


class PhraseBatches:
    """Draws batches of phrases of like length; the step alone decides what is drawn."""

    def __init__(
        self,
        corpus: Corpus,
        table: TokenTable,
        vectors: npt.NDArray[np.float16],
        pictures: int,
        *,
        pad: int,
        batch: int,
        seed: int,
        drop: float = 0.1,
    ) -> None:
        self._corpus = corpus
        self._table = table
        self._vectors = vectors
        self._pictures = pictures
        self._pad = pad
        self._batch = batch
        self._seed = seed
        self._drop = drop
        self._heap = np.cumsum(corpus.weight)
        self._pool: tuple[int, npt.NDArray[np.int64]] | None = None

    def _chosen(self, step: int) -> npt.NDArray[np.int64]:
        number = step // POOL
        if self._pool is None or self._pool[0] != number:
            random = np.random.default_rng([self._seed, number])
            points = random.random(POOL * self._batch) * self._heap[-1]
            drawn = np.searchsorted(self._heap, points, side="right").astype(np.int64)
            cut = drawn[np.argsort(self._table.lengths[drawn], kind="stable")]
            self._pool = number, random.permutation(cut.reshape(POOL, self._batch))
        drawn_here: npt.NDArray[np.int64] = self._pool[1][step % POOL]
        return drawn_here

    def draw(self, step: int) -> PhraseBatch:
        """Return the batch of ``step``."""
        chosen = self._chosen(step)
        tokens = self._table.padded(chosen, self._pad)
        if self._drop > 0:
            tokens = drop_tokens(
                tokens, self._pad, self._drop, np.random.default_rng([self._seed, 1, step])
            )
        shares = torch.zeros(len(chosen), self._pictures)
        first, last = self._corpus.starts[chosen], self._corpus.starts[chosen + 1]
        counts = last - first
        owner = np.repeat(np.arange(len(chosen)), counts)
        where = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        where += np.repeat(first, counts)
        shares.index_put_(
            (torch.from_numpy(owner), torch.from_numpy(self._corpus.rows[where])),
            torch.from_numpy(self._corpus.shares[where]),
            accumulate=True,
        )
        pointer = self._corpus.vector[chosen]
        teacher = np.where(
            (pointer >= 0)[:, None], self._vectors[np.maximum(pointer, 0)].astype(np.float32), 0.0
        ).astype(np.float32)
        return PhraseBatch(torch.from_numpy(tokens), shares, torch.from_numpy(teacher))


def drop_tokens(
    tokens: npt.NDArray[np.int64], pad: int, share: float, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Leave tokens out of half of the rows that have four or more, never their end token."""
    lengths = (tokens != pad).sum(1)
    place = np.arange(tokens.shape[1])[None, :]
    may = (place < lengths[:, None] - 1) & (lengths >= 5)[:, None]
    may &= random.random(len(tokens))[:, None] < 0.5
    dropped = may & (random.random(tokens.shape) < 2 * share)
    kept = np.where(dropped, pad, tokens)
    order = np.argsort(dropped, axis=1, kind="stable")
    return np.take_along_axis(kept, order, axis=1)


def phrase_loss(
    vectors: torch.Tensor,
    batch: PhraseBatch,
    gallery: torch.Tensor,
    targets: torch.Tensor,
    *,
    scale: torch.Tensor,
    near: float,
) -> torch.Tensor:
    """Return the loss of unit ``vectors`` float32 [n, d] against gallery and teacher.

    ``gallery`` holds the pictures' vectors, ``targets`` the same pictures' places in the teacher's
    space, both float32 [pictures, d]; ``near`` weighs the cosine part.
    """
    has_shares = batch.shares.sum(1) > 0
    has_teacher = batch.teacher.abs().sum(1) > 0
    # What the teacher would answer stands in where nobody said which pictures are meant. These two
    # products are no part of the gradient and need no precision.
    with torch.no_grad(), torch.autocast(vectors.device.type, torch.bfloat16):
        asked = torch.softmax(TEACHER_SCALE * (batch.teacher @ targets.T).float(), dim=1)
        meant = (batch.shares @ gallery).float()
    wanted = torch.where(has_shares[:, None], batch.shares, asked)
    where = torch.where(has_teacher[:, None], batch.teacher, meant)
    where = torch.nn.functional.normalize(where, dim=-1)
    softmax = -(wanted * log_softmax(scale * vectors @ gallery.T, dim=1)).sum(1).mean()
    cosine = 1 - (vectors * where).sum(1).mean()
    return softmax + near * cosine


def distill(
    model: CLIPModel,
    batches: PhraseBatches,
    gallery: torch.Tensor,
    targets: torch.Tensor,
    *,
    folder: Path,
    settings: RunSettings,
    watch: Watch | None = None,
) -> None:
    """Train the text tower of ``model`` against a frozen ``gallery`` float32 [pictures, 384]."""
    run = Run(folder, settings)
    device = settings.device
    place(model, device)
    model.requires_grad_(False)
    model.text_model.requires_grad_(True)
    model.text_projection.requires_grad_(True)
    model.logit_scale.requires_grad_(True)
    gallery, targets = gallery.to(device), targets.to(device)
    near = float(settings.extra.get("near", 1.0))

    def step_loss(step: int, generator: torch.Generator) -> torch.Tensor:
        model.train()
        drawn = batches.draw(step)
        batch = PhraseBatch(
            drawn.tokens.to(device), drawn.shares.to(device), drawn.teacher.to(device)
        )
        scale = model.logit_scale.clamp(max=LARGEST_SCALE).exp()
        with autocast(settings):
            vectors = text_vectors(model, batch.tokens)
        return phrase_loss(vectors, batch, gallery, targets, scale=scale, near=near)

    run.train(model, step_loss, watch)
