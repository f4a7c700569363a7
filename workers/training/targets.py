"""Where the pictures belong in the teacher's space: one unit vector for every picture."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn.functional import normalize

from workers.training import teacher
from workers.training.annotations import Annotation


def mean_of(vectors: torch.Tensor, rows: torch.Tensor, count: int) -> torch.Tensor:
    """Average ``vectors`` float [n, d] by ``rows`` int64 [n] into float [count, d]."""
    sums = torch.zeros(count, vectors.shape[1]).index_add_(0, rows, vectors)
    sizes = torch.zeros(count).index_add_(0, rows, torch.ones(len(rows)))
    return sums / sizes.clamp(min=1)[:, None]


def picture_targets(
    annotations: Sequence[Annotation], count: int, cache: Path, device: str = "cpu"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pictures' vectors in the centred teacher space and the centre itself.

    A picture's vector lies half way between its English names' and its English keywords' vectors;
    float32 [count, 384], unit length, and float32 [384].
    """
    english = [entry for entry in annotations if entry.locale == "en"]
    phrases = sorted({entry.phrase for entry in english})
    place = {phrase: index for index, phrase in enumerate(phrases)}
    vectors = torch.from_numpy(teacher.cached(phrases, cache, device)[:].copy()).float()
    parts = []
    for names in (True, False):
        chosen = [entry for entry in english if entry.is_name == names]
        rows = torch.tensor([entry.row for entry in chosen])
        where = torch.tensor([place[entry.phrase] for entry in chosen])
        parts.append(mean_of(vectors[where], rows, count))
    mixed = parts[0] + parts[1]
    centre = mixed.mean(0)
    return normalize(mixed - centre, dim=-1), centre / 2


def centred(vectors: torch.Tensor, centre: torch.Tensor) -> torch.Tensor:
    """Move teacher vectors float [n, 384] into the centred space, unit length."""
    return normalize(vectors.float() - centre, dim=-1)
