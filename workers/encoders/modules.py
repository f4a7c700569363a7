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


class MeanPooled(torch.nn.Module):
    """The mean over a text's tokens, padding left out, and what comes after it."""

    def __init__(self, transformer: torch.nn.Module, head: torch.nn.Module) -> None:
        super().__init__()
        self.transformer = transformer
        self.head = head

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return features of shape (n, dim) from ids and mask of shape (n, length)."""
        states = self.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
        # Half precision does not count to 512.
        weights = mask.unsqueeze(2).float()
        mean = (states.float() * weights).sum(1) / weights.sum(1).clamp(min=1)
        features: torch.Tensor = self.head(mean.to(states.dtype))
        return features


class FirstToken(torch.nn.Module):
    """What a transformer makes of a text's first token, and what comes after it."""

    def __init__(self, transformer: torch.nn.Module, head: torch.nn.Module) -> None:
        super().__init__()
        self.transformer = transformer
        self.head = head

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return features of shape (n, dim) from ids and mask of shape (n, length)."""
        states = self.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
        features: torch.Tensor = self.head(states[:, 0])
        return features
