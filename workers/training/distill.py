"""Distil a text tower: phrases of every language towards pictures and towards a teacher's vectors.

After arXiv 2004.09813 (multilingual knowledge distillation): a phrase and its translation share
the teacher's vector of the English. Here a phrase may also denote pictures directly; then the loss
is a softmax over the whole gallery with several right answers.
"""

from pathlib import Path

import torch
from torch.nn.functional import log_softmax
from transformers import CLIPModel

from workers.training.drawing import PhraseBatch, PhraseBatches
from workers.training.runs import LARGEST_SCALE, Run, RunSettings, Watch, autocast
from workers.training.towers import place, text_vectors

TEACHER_SCALE = 20.0


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
        batch = batches.draw(step).to(device)
        scale = model.logit_scale.clamp(max=LARGEST_SCALE).exp()
        with autocast(settings):
            vectors = text_vectors(model, batch.tokens, batch.positions)
        return phrase_loss(vectors, batch, gallery, targets, scale=scale, near=near)

    run.train(model, step_loss, watch)
