"""A text tower that is being trained, asked as a worker would ask it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import CLIPModel, PreTrainedTokenizerFast

from workers.encoders.part_pooling import PartPooling
from workers.training import towers
from workers.training.tokenizer import TokenTable


@dataclass(frozen=True, slots=True)
class PhraseTower:
    """A text tower as it will answer."""

    model: CLIPModel
    tokenizer: PreTrainedTokenizerFast
    pooling: PartPooling | None

    def encode(self, phrases: Sequence[str]) -> torch.Tensor:
        """Return the vectors of phrases, float32 [n, d]."""
        if self.pooling is None:
            return self._alone(phrases)
        return torch.from_numpy(
            self.pooling.encode(phrases, lambda parts: self._alone(parts).numpy())
        )

    @torch.no_grad()
    def _alone(self, phrases: Sequence[str]) -> torch.Tensor:
        self.model.train(False)
        table = TokenTable(self.tokenizer, list(phrases))
        parts = []
        for start in range(0, len(table), 512):
            rows = np.arange(start, min(start + 512, len(table)))
            tokens = torch.from_numpy(table.padded(rows, int(self.tokenizer.pad_token_id)))
            parts.append(towers.text_vectors(self.model, tokens))
        return torch.cat(parts)
