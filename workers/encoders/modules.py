"""Torch modules that families share. Imported only where a tower is built."""

from __future__ import annotations

from typing import Any

import torch


class OneOutput(torch.nn.Module):
    """One output of a transformers model, its inputs given by position."""

    def __init__(self, model: torch.nn.Module, output: str, *inputs: str) -> None:
        super().__init__()
        self.model = model
        self._output = output
        self._inputs = inputs

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        """Return the output's features, shape (n, dim)."""
        found: Any = self.model(**dict(zip(self._inputs, values, strict=True)))
        features: torch.Tensor = getattr(found, self._output)
        return features
