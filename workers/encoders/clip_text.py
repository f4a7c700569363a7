"""CLIP text towers saved on their own: those of language packs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workers.encoders import part_pooling
from workers.encoders.clip import TEXT_FILES, tokens
from workers.encoders.description import Description, damage_explained, read_json

if TYPE_CHECKING:
    import torch


def describe(folder: Path) -> Description:
    """Read everything but the weights; raises EncoderError."""
    with damage_explained(f"the text tower in {folder}"):
        config = read_json(folder / "config.json")
        dim = int(config.get("projection_dim", 512))
        cut = tokens(folder, config)
        return Description(
            dim=dim,
            tokens=cut,
            text_files=[folder / name for name in TEXT_FILES],
            pooling=part_pooling.read(folder, cut.tokenizer, dim),
        )


def text_module(folder: Path) -> torch.nn.Module:
    """Build the tower: token ids and mask to features. Raises EncoderError."""
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModelWithProjection

    from workers.encoders import weights
    from workers.encoders.modules import OneOutput

    model = weights.load(CLIPTextModelWithProjection, folder, CLIPTextConfig)
    return OneOutput(model, "text_embeds", "input_ids", "attention_mask")
