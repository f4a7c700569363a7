"""A text tower that is trained or measured, asked as a worker would ask it, without rounding."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import CLIPModel, PreTrainedTokenizerFast

from workers.encoders.part_pooling import PartPooling
from workers.training import towers
from workers.training.tokenizer import TokenTable

BATCH = 512


@dataclass(frozen=True, slots=True)
class PhraseTower:
    """The text tower of a model, its tokenizer, and how it weighs the parts of a text, if so."""

    model: CLIPModel
    tokenizer: PreTrainedTokenizerFast
    pooling: PartPooling | None

    def encode(self, phrases: Sequence[str]) -> torch.Tensor:
        """Return unit vectors of phrases, float32 [n, d], by their parts where they are pooled."""
        if self.pooling is None:
            return self.alone(phrases)
        return torch.from_numpy(
            self.pooling.encode(phrases, lambda parts: self.alone(parts).numpy())
        )

    @torch.no_grad()
    def alone(self, phrases: Sequence[str]) -> torch.Tensor:
        """Return what the tower makes of n >= 1 phrases as they are, float32 [n, d]."""
        self.model.train(False)
        table = TokenTable(self.tokenizer, phrases)
        order = np.argsort(table.lengths, kind="stable")
        parts = []
        for start in range(0, len(order), BATCH):
            padded = table.padded(order[start : start + BATCH], int(self.tokenizer.pad_token_id))
            parts.append(towers.text_vectors(self.model, torch.from_numpy(padded)))
        return torch.cat(parts)[torch.from_numpy(np.argsort(order))]
