"""The two towers of the bundled model, as a CLIPModel, and how they are built, frozen and saved."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from torch.nn.functional import normalize
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, PreTrainedTokenizerFast

from workers.encoders import clip, part_pooling
from workers.encoders.base import EncoderError, fingerprint
from workers.encoders.part_pooling import PartPooling
from workers.training.errors import ModelError

DIMENSION = 384
IMAGE_PX = 64
PATCH_PX = 8
MEAN = (0.5, 0.5, 0.5)
DEVIATION = (0.5, 0.5, 0.5)
TEXT_POSITIONS = 48
MODEL_FILES = (
    "config.json",
    "model.safetensors",
    part_pooling.FILE,
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)


def config(
    vocabulary: int,
    *,
    eos: int,
    pad: int,
    text_width: int = 256,
    text_layers: int = 3,
    image_width: int = 192,
    image_layers: int = 4,
) -> CLIPConfig:
    """Return the shape of both towers; both projections lead to 384 dimensions."""
    return CLIPConfig(
        text_config={
            "vocab_size": vocabulary,
            "hidden_size": text_width,
            "intermediate_size": 4 * text_width,
            "num_hidden_layers": text_layers,
            "num_attention_heads": max(1, text_width // 64),
            "max_position_embeddings": TEXT_POSITIONS,
            "hidden_act": "gelu",
            "eos_token_id": eos,
            "bos_token_id": None,
            "pad_token_id": pad,
            "projection_dim": DIMENSION,
        },
        vision_config={
            "hidden_size": image_width,
            "intermediate_size": 4 * image_width,
            "num_hidden_layers": image_layers,
            "num_attention_heads": max(1, image_width // 64),
            "image_size": IMAGE_PX,
            "patch_size": PATCH_PX,
            "hidden_act": "gelu",
            "projection_dim": DIMENSION,
        },
        projection_dim=DIMENSION,
        logit_scale_init_value=3.4,
    )


def build(shape: CLIPConfig, seed: int) -> CLIPModel:
    """Return a CLIPModel with random weights drawn from ``seed``."""
    torch.manual_seed(seed)
    model = CLIPModel(shape)
    # Measured on 2 cores: torch's fused attention takes twice as long backwards as plain products.
    model.set_attn_implementation("eager")
    # CLIP's own start (0.02 and depth factors) was made for wide towers; for narrow ones the usual
    # 1/sqrt(width) learns faster in the first thousand steps.
    for tower in (model.text_model, model.vision_model):
        for module in tower.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.7 * module.in_features**-0.5)
                nn.init.zeros_(module.bias)
    return model


def place(model: CLIPModel, device: str) -> None:
    """Move the model's weights to ``device``."""
    nn.Module.to(model, device)  # transformers' own `to` is a wrapper that has lost its types


def image_vectors(model: CLIPModel, pictures: torch.Tensor) -> torch.Tensor:
    """Return unit vectors float32 [n, 384] of pictures float [n, 3, 64, 64] in 0…1."""
    mean = torch.tensor(MEAN, device=pictures.device)[:, None, None]
    deviation = torch.tensor(DEVIATION, device=pictures.device)[:, None, None]
    pooled = model.vision_model(pixel_values=(pictures - mean) / deviation).pooler_output
    return normalize(model.visual_projection(pooled).float(), dim=-1)


def text_vectors(model: CLIPModel, tokens: torch.Tensor) -> torch.Tensor:
    """Return unit vectors float32 [n, 384] of token rows int64 [n, length], padded on the right.

    The tower is causal and reads its answer at the end token, so padding needs no mask.
    """
    pooled = model.text_model(input_ids=tokens).pooler_output
    return normalize(model.text_projection(pooled).float(), dim=-1)


@torch.no_grad()
def blend(model: CLIPModel, before: Mapping[str, torch.Tensor], kept: float) -> None:
    """Move the model's weights by the share ``kept`` towards those that it had ``before``.

    What a short training adds mostly stays and what it forgets mostly comes back (WiSE-FT,
    arXiv 2109.01903).
    """
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.lerp_(before[name].to(value.device), kept)


@torch.no_grad()
def encode_pictures(model: CLIPModel, pictures: torch.Tensor, batch: int = 256) -> torch.Tensor:
    """Return ``image_vectors`` of many pictures without gradients, in full precision, on the CPU.

    The pictures may lie anywhere; each batch goes to where the model is.
    """
    model.train(False)
    device = next(model.parameters()).device
    return torch.cat(
        [image_vectors(model, part.to(device)).cpu() for part in torch.split(pictures, batch)]
    )


def save(model: CLIPModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write model (half precision), tokenizer and image processor to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    half = CLIPModel(model.config)
    half.load_state_dict(model.state_dict())
    nn.Module.to(half, torch.float16)
    half.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    image_processor().save_pretrained(folder)


def model_digest(folder: Path) -> str:
    """Return a digest of a model's folder: shape, weights and tokenizer."""
    return fingerprint([folder / name for name in MODEL_FILES])


def pooling(folder: Path) -> PartPooling | None:
    """Read how a model weighs the parts of a text, None where it does not; raises ModelError."""
    if not (folder / part_pooling.FILE).is_file():
        return None
    try:
        return clip.describe(folder).pooling
    except EncoderError as error:
        raise ModelError(str(error)) from error


def image_processor() -> CLIPImageProcessorPil:
    """Return the preprocessing that the image tower expects: 64 × 64, values in −1…1."""
    return CLIPImageProcessorPil(
        do_resize=True,
        size={"height": IMAGE_PX, "width": IMAGE_PX},
        do_center_crop=False,
        image_mean=list(MEAN),
        image_std=list(DEVIATION),
        do_convert_rgb=True,
    )


def load(folder: Path) -> CLIPModel:
    """Load a model that ``save`` wrote, in float32; ModelError when the folder is not one."""
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
        if kind != "clip":
            raise ModelError(f"{folder} holds a model of type {kind!r}, not a CLIP model")
        loaded: Any = CLIPModel.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder} is not a usable model folder: {error}") from error
    model: CLIPModel = loaded[0]
    told = loaded[1]
    lacking = sorted(told["missing_keys"]) + sorted(str(key) for key in told["mismatched_keys"])
    if lacking:  # transformers would go on with random numbers in their place
        raise ModelError(f"{folder} lacks weights: {', '.join(lacking[:5])}")
    return model
