"""A family whose towers are hard on engines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from workers.encoders.engines.base import Tower


class Capricious(torch.nn.Module):
    """Does something else for one picture than for several: no trace holds both."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return two numbers a row."""
        sums = values.sum((1, 2, 3))
        pair = (sums, torch.ones_like(sums))
        return torch.stack(pair if len(values) > 1 else pair[::-1], 1)


class Greedy(torch.nn.Module):
    """Has room for two pictures at a time."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return two numbers a row."""
        if len(values) > 2:
            raise torch.OutOfMemoryError("two at most")
        return values.mean((2, 3))[:, :2]


def image_module(folder: Path) -> torch.nn.Module:
    """Build the one that the folder is named for."""
    return {"capricious": Capricious, "greedy": Greedy}[folder.name]()


def tower(name: str) -> Tower:
    """Return such a tower."""
    values = np.random.default_rng(0).random((3, 3, 4, 4), np.float32)
    examples = [(values[:2],), (values[2:],)]
    return Tower("tests.odd_family", Path(name), "image", name, examples, ((1, 2, 3),))
