"""Align an image tower to a teacher's text space: contrastive, with the text side frozen."""

from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import CLIPModel

from workers.training import artwork
from workers.training.artwork import Artwork
from workers.training.runs import Run, RunSettings, autocast
from workers.training.towers import encode_pictures, image_vectors, place

SCALE = 25.0
NOTO_SHARE = 0.3  # the gallery's own set must be named perfectly, the others teach the idea


class PictureBatches:
    """Draws augmented batches out of all the sets that are trained on."""

    def __init__(self, pictures: Artwork) -> None:
        chosen = [pictures.sets[name] for name in artwork.TRAINED]
        self._pixels = torch.cat([pixels for pixels, _ in chosen])
        self._rows = torch.cat([rows for _, rows in chosen])
        first = len(chosen[0][1])
        rest = len(self._rows) - first
        self._weights = torch.cat(
            [torch.full((first,), NOTO_SHARE / first), torch.full((rest,), (1 - NOTO_SHARE) / rest)]
        )

    def draw(self, count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Return pictures float32 [count, 3, 64, 64] in 0…1 and their rows int64 [count]."""
        chosen = torch.multinomial(self._weights, count, replacement=True, generator=generator)
        return artwork.augment(self._pixels[chosen], generator), self._rows[chosen]


def recall_at_1(vectors: torch.Tensor, rows: torch.Tensor, gallery: torch.Tensor) -> float:
    """Return the share of ``vectors`` [n, d] whose nearest of ``gallery`` [m, d] is ``rows``."""
    return float((vectors @ gallery.T).argmax(1).eq(rows).float().mean())


def align(
    model: CLIPModel, pictures: Artwork, targets: torch.Tensor, folder: Path, settings: RunSettings
) -> None:
    """Train the image tower of ``model`` towards ``targets`` float32 [pictures, 384]."""
    run = Run(folder, settings)
    place(model, settings.device)
    model.requires_grad_(False)
    model.vision_model.requires_grad_(True)
    model.visual_projection.requires_grad_(True)
    batches = PictureBatches(pictures)
    targets = targets.to(settings.device)

    def step_loss(step: int, generator: torch.Generator) -> torch.Tensor:
        model.train()
        views, rows = batches.draw(settings.batch, generator)
        views, rows = views.to(settings.device), rows.to(settings.device)
        with autocast(settings):
            vectors = image_vectors(model, views)
        cosines = vectors @ targets.T
        softmax = cross_entropy(SCALE * cosines, rows, label_smoothing=0.05)
        near = 1 - cosines.gather(1, rows[:, None]).mean()
        return softmax + 2 * near

    def watch(step: int) -> dict[str, float]:
        figures = {}
        for name in ("noto", artwork.UNSEEN):
            pixels, rows = pictures.sets[name]
            vectors = encode_pictures(model, artwork.on_white(pixels))
            figures[name] = recall_at_1(vectors, rows, targets.cpu())
            figures[f"{name}_cosine"] = float((vectors * targets.cpu()[rows]).sum(1).mean())
        return figures

    run.train(model, step_loss, watch)
