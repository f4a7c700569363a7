"""The joint stage: both towers together, each against the other's vectors of the moment.

A gallery of 1 900 pictures cannot go through the image tower at every step on two cores. So each
side keeps a memory of the whole: phrases are told apart over all pictures as the image tower saw
them a few steps ago, and pictures over the mean vector of all their names in all languages.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import cross_entropy, normalize
from transformers import CLIPModel

from workers.training.align import PictureBatches
from workers.training.artwork import Artwork
from workers.training.corpus import Corpus
from workers.training.distill import PhraseBatch, PhraseBatches, phrase_loss
from workers.training.runs import LARGEST_SCALE, Run, RunSettings, Watch, autocast
from workers.training.targets import mean_of
from workers.training.tokenizer import TokenTable
from workers.training.towers import encode_pictures, image_vectors, place, text_vectors

SMOOTHING = 0.05


@dataclass(frozen=True)
class JointData:
    """What the joint stage draws from: phrases, pictures, and names to average per picture.

    ``name_rows`` int64 [n] are phrases of ``table``, ``name_pictures`` int64 [n] their pictures.
    """

    phrases: PhraseBatches
    pictures: Artwork
    targets: torch.Tensor
    table: TokenTable
    name_rows: npt.NDArray[np.int64]
    name_pictures: npt.NDArray[np.int64]
    pad: int


def sure_names(corpus: Corpus, most: int, seed: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Return phrases that denote one picture alone, and that picture; ``most`` of them a picture.

    Two arrays int64 [n]: rows of the corpus, rows of the gallery.
    """
    alone = np.flatnonzero((np.diff(corpus.starts) == 1) & (corpus.vector < 0))
    alone = np.random.default_rng(seed).permutation(alone)
    pictures = corpus.rows[corpus.starts[alone]]
    order = np.argsort(pictures, kind="stable")
    alone, pictures = alone[order], pictures[order]
    _, first, counts = np.unique(pictures, return_index=True, return_counts=True)
    number = np.arange(len(pictures)) - np.repeat(first, counts)
    kept = number < most
    return alone[kept], pictures[kept]


@torch.no_grad()
def phrase_memory(model: CLIPModel, data: JointData, device: str) -> torch.Tensor:
    """Return the mean text vector of every picture, float32 [pictures, 384], unit length."""
    model.train(False)
    kind = device.partition(":")[0]
    order = np.argsort(data.table.lengths[data.name_rows], kind="stable")
    vectors = torch.empty(len(order), data.targets.shape[1])
    for start in range(0, len(order), 1024):
        part = order[start : start + 1024]
        tokens = torch.from_numpy(data.table.padded(data.name_rows[part], data.pad))
        with torch.autocast(kind, torch.bfloat16):
            vectors[part] = text_vectors(model, tokens.to(device)).cpu()
    means = mean_of(vectors, torch.from_numpy(data.name_pictures), len(data.pictures.emoji))
    missing = means.abs().sum(1) == 0
    means[missing] = data.targets.cpu()[missing]
    return normalize(means, dim=-1)


def joint(
    model: CLIPModel,
    data: JointData,
    folder: Path,
    settings: RunSettings,
    watch: Watch | None = None,
) -> None:
    """Train both towers of ``model``; ``settings.extra``: picture_batch, memory_steps, near."""
    run = Run(folder, settings)
    device = settings.device
    place(model, device)
    model.requires_grad_(True)
    draw_pictures = PictureBatches(data.pictures)
    picture_batch = int(settings.extra["picture_batch"])
    memory_steps = int(settings.extra["memory_steps"])
    near = float(settings.extra["near"])
    targets = data.targets.to(device)
    memory: dict[str, torch.Tensor] = {}

    def remember() -> None:
        pictures = data.pictures.gallery.to(device)
        memory["pictures"] = encode_pictures(model, pictures)
        memory["phrases"] = phrase_memory(model, data, device).to(device)

    def step_loss(step: int, generator: torch.Generator) -> torch.Tensor:
        if not memory or step % memory_steps == 0:
            remember()
        model.train()
        drawn = data.phrases.draw(step)
        batch = PhraseBatch(
            drawn.tokens.to(device), drawn.shares.to(device), drawn.teacher.to(device)
        )
        views, rows = draw_pictures.draw(picture_batch, generator)
        views, rows = views.to(device), rows.to(device)
        scale = model.logit_scale.clamp(max=LARGEST_SCALE).exp()
        with autocast(settings):
            phrases = text_vectors(model, batch.tokens)
            pictures = image_vectors(model, views)
        of_phrases = phrase_loss(
            phrases, batch, memory["pictures"], targets, scale=scale, near=near
        )
        of_pictures = cross_entropy(
            scale.detach() * pictures @ memory["phrases"].T, rows, label_smoothing=SMOOTHING
        )
        # Without this anchor the memories chase each other and the picture side drifts.
        still = 1 - (pictures * memory["pictures"][rows]).sum(1).mean()
        return of_phrases + of_pictures + still

    run.train(model, step_loss, watch)
