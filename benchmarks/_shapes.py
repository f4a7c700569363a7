"""Towers of the size of models that people use, with random weights: a family for the engines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers.models.siglip.configuration_siglip import SiglipTextConfig, SiglipVisionConfig
from transformers.models.siglip.modeling_siglip import SiglipTextModel, SiglipVisionModel

from workers.encoders.engines.base import Part, Tower
from workers.encoders.modules import OneOutput

VOCABULARY = 250_000
TOKENS = 64
SIDE_PX = 256
PATCH_PX = 16


@dataclass(frozen=True, slots=True)
class Shape:
    """Both towers of a SigLIP have the same shape but for what goes in."""

    name: str
    width: int
    layers: int
    mlp: int
    heads: int

    def operations(self, part: Part) -> float:
        """Return the floating-point operations of one text or picture in matrix products.

        Two for each weight of a linear layer and token, and those of attention. Looking up
        embeddings takes none; the pooling head's few are left out.
        """
        tokens = TOKENS if part == "text" else (SIDE_PX // PATCH_PX) ** 2
        linear = self.layers * (4 * self.width**2 + 2 * self.width * self.mlp)
        if part == "image":
            linear += 3 * PATCH_PX**2 * self.width
        attention = self.layers * 2 * tokens * self.width
        return 2.0 * tokens * (linear + attention)

    @property
    def sizes(self) -> dict[str, int]:
        """Return what both towers' configurations have in common."""
        return {
            "hidden_size": self.width,
            "intermediate_size": self.mlp,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
        }


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("siglip-base-patch16-256-multilingual", 768, 12, 3072, 12),
        Shape("siglip-so400m-patch16-256-i18n", 1152, 27, 4304, 16),
    )
}


def text_module(folder: Path) -> torch.nn.Module:
    """Build a text tower, named by its folder: token ids and mask to features."""
    shape = SHAPES[folder.name]
    torch.manual_seed(0)
    config = SiglipTextConfig(
        vocab_size=VOCABULARY,
        max_position_embeddings=TOKENS,
        projection_size=shape.width,
        **shape.sizes,
    )
    return OneOutput(SiglipTextModel(config), "pooler_output", "input_ids")


def image_module(folder: Path) -> torch.nn.Module:
    """Build an image tower, named by its folder: pixels to features."""
    shape = SHAPES[folder.name]
    torch.manual_seed(0)
    config = SiglipVisionConfig(image_size=SIDE_PX, patch_size=PATCH_PX, **shape.sizes)
    return OneOutput(SiglipVisionModel(config), "pooler_output", "pixel_values")


def inputs(part: Part, count: int) -> np.ndarray:
    """Return ``count`` random texts (token ids) or pictures (pixels)."""
    generator = np.random.default_rng(count)
    if part == "text":
        return generator.integers(1, VOCABULARY, (count, TOKENS))
    return generator.standard_normal((count, 3, SIDE_PX, SIDE_PX), np.float32)


def tower(shape: Shape, part: Part) -> Tower:
    """Return a tower for the engines."""
    fixed = ((1,),) if part == "text" else ((1, 2, 3),)
    examples = [(inputs(part, 2),), (inputs(part, 1),)]
    return Tower("benchmarks._shapes", Path(shape.name), part, "random", examples, fixed)
