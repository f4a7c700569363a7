"""Models in Hugging Face's CLIP format: OpenAI's, LAION's, and the bundled ``mini``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.encoders import part_pooling
from workers.encoders.description import Description, damage_explained, read_json
from workers.encoders.preprocessing import Preprocessing
from workers.encoders.tokens import Tokens, read_tokenizer

if TYPE_CHECKING:
    import torch

TEXT_FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    part_pooling.FILE,
)
_PREPROCESSING = ("preprocessor_config.json", "processor_config.json")
"""The second is what transformers writes since its version 5."""
_PAD = "<|endoftext|>"


def describe(folder: Path) -> Description:
    """Read everything but the weights; raises EncoderError."""
    with damage_explained(f"the model in {folder}"):
        config = read_json(folder / "config.json")
        preprocessing, image_files = images(folder)
        dim = int(config.get("projection_dim", 512))
        cut = tokens(folder, config["text_config"])
        return Description(
            dim=dim,
            tokens=cut,
            text_files=[folder / name for name in TEXT_FILES],
            preprocessing=preprocessing,
            image_files=image_files,
            pooling=part_pooling.read(folder, cut.tokenizer, dim),
        )


def images(folder: Path) -> tuple[Preprocessing, list[Path]]:
    """Read what an image tower wants of pictures, and name the files that it depends on.

    Raises OSError, ValueError.
    """
    found = [folder / name for name in _PREPROCESSING if (folder / name).is_file()]
    path = found[0] if found else folder / _PREPROCESSING[0]
    return Preprocessing.read(path), [folder / "config.json", folder / "model.safetensors", path]


def tokens(folder: Path, config: Mapping[str, Any]) -> Tokens:
    """Read the tokenizer of a CLIP text tower; raises OSError, ValueError, TypeError.

    ``config`` is the tower's own.
    """
    tokenizer = read_tokenizer(folder, int(config.get("vocab_size", 49408)))
    details: Mapping[str, Any] = {}
    if (folder / "tokenizer_config.json").is_file():
        details = read_json(folder / "tokenizer_config.json")
    pad = details.get("pad_token") or _PAD
    pad = pad["content"] if isinstance(pad, dict) else pad
    return Tokens(
        tokenizer,
        max_length=int(config.get("max_position_embeddings", 77)),
        pad=pad,
        pad_id=tokenizer.token_to_id(pad) or 0,
    )


def text_module(folder: Path) -> torch.nn.Module:
    """Build the text tower: token ids and mask to features. Raises EncoderError."""
    from transformers.models.clip.configuration_clip import CLIPConfig
    from transformers.models.clip.modeling_clip import CLIPTextModelWithProjection

    from workers.encoders import weights
    from workers.encoders.modules import OneOutput

    others = (r"^vision_model\.", r"^visual_projection\.", r"^logit_scale$")
    model = weights.load(
        CLIPTextModelWithProjection, folder, CLIPConfig, part="text", leaves_out=others
    )
    return OneOutput(model, "text_embeds", "input_ids", "attention_mask")


def image_module(folder: Path) -> torch.nn.Module:
    """Build the image tower: pixels to features. Raises EncoderError."""
    from transformers.models.clip.configuration_clip import CLIPConfig
    from transformers.models.clip.modeling_clip import CLIPVisionModelWithProjection

    from workers.encoders import weights
    from workers.encoders.modules import OneOutput

    others = (r"^text_model\.", r"^text_projection\.", r"^logit_scale$")
    model = weights.load(
        CLIPVisionModelWithProjection, folder, CLIPConfig, part="vision", leaves_out=others
    )
    return OneOutput(model, "image_embeds", "pixel_values")
