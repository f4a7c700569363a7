"""An image tower as OpenCLIP defines it, straight from the names in its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from PIL import Image
from torch.nn import functional

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def state(
    *, width: int, layers: int, patch: int, side: int, dim: int, seed: int
) -> dict[str, torch.Tensor]:
    """Return random weights, and some of a text tower, which no image tower wants."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator) * 0.2

    def norm(name: str) -> dict[str, torch.Tensor]:
        return {f"{name}.weight": 1 + draw(width), f"{name}.bias": draw(width)}

    weights = {
        "visual.class_embedding": draw(width),
        "visual.positional_embedding": draw((side // patch) ** 2 + 1, width),
        "visual.conv1.weight": draw(width, 3, patch, patch),
        "visual.proj": draw(width, dim),
        **norm("visual.ln_pre"),
        **norm("visual.ln_post"),
        "logit_scale": draw(),
        "positional_embedding": draw(77, width),
        "token_embedding.weight": draw(20, width),
    }
    for n in range(layers):
        place = f"visual.transformer.resblocks.{n}"
        weights |= {
            f"{place}.attn.in_proj_weight": draw(3 * width, width),
            f"{place}.attn.in_proj_bias": draw(3 * width),
            f"{place}.attn.out_proj.weight": draw(width, width),
            f"{place}.attn.out_proj.bias": draw(width),
            f"{place}.mlp.c_fc.weight": draw(4 * width, width),
            f"{place}.mlp.c_fc.bias": draw(4 * width),
            f"{place}.mlp.c_proj.weight": draw(width, 4 * width),
            f"{place}.mlp.c_proj.bias": draw(width),
            **norm(f"{place}.ln_1"),
            **norm(f"{place}.ln_2"),
        }
    return weights


def features(
    weights: Mapping[str, torch.Tensor], pixels: torch.Tensor, *, heads: int, quick: bool = False
) -> torch.Tensor:
    """Return the features of pictures, shape (n, dim), by torch's own attention."""
    of = {name.removeprefix("visual."): value for name, value in weights.items()}
    width = of["class_embedding"].shape[0]
    patches = functional.conv2d(
        pixels, of["conv1.weight"], stride=of["conv1.weight"].shape[-1]
    ).flatten(2)
    first = of["class_embedding"].expand(len(pixels), 1, width)
    tokens = torch.cat([first, patches.transpose(1, 2)], 1) + of["positional_embedding"]
    tokens = _norm(of, "ln_pre", tokens)
    layers = {name.split(".")[2] for name in of if name.startswith("transformer.resblocks.")}
    for n in sorted(layers, key=int):
        place = f"transformer.resblocks.{n}"
        attention = torch.nn.MultiheadAttention(width, heads, batch_first=True).eval()
        own = f"{place}.attn."
        attention.load_state_dict(
            {name.removeprefix(own): of[name] for name in of if name.startswith(own)}
        )
        seen = _norm(of, f"{place}.ln_1", tokens)
        tokens = tokens + attention(seen, seen, seen, need_weights=False)[0]
        wide = _linear(of, f"{place}.mlp.c_fc", _norm(of, f"{place}.ln_2", tokens))
        wide = wide * torch.sigmoid(1.702 * wide) if quick else functional.gelu(wide)
        tokens = tokens + _linear(of, f"{place}.mlp.c_proj", wide)
    found: torch.Tensor = _norm(of, "ln_post", tokens[:, 0]) @ of["proj"]
    return found


def pixels(image: Image.Image, side: int) -> torch.Tensor:
    """Return an RGB picture as torchvision's Resize, CenterCrop, ToTensor and Normalize make it."""
    width, height = image.size
    if width <= height:
        resized = image.resize((side, int(side * height / width)), Image.Resampling.BICUBIC)
    else:
        resized = image.resize((int(side * width / height), side), Image.Resampling.BICUBIC)
    top, left = round((resized.height - side) / 2), round((resized.width - side) / 2)
    cropped: Any = resized.crop((left, top, left + side, top + side))
    values = torch.tensor(list(cropped.get_flattened_data()), dtype=torch.float32) / 255
    normalised = (values - torch.tensor(MEAN)) / torch.tensor(STD)
    return normalised.reshape(side, side, 3).permute(2, 0, 1)


def _norm(of: Mapping[str, torch.Tensor], name: str, values: torch.Tensor) -> torch.Tensor:
    weight = of[f"{name}.weight"]
    return functional.layer_norm(values, weight.shape, weight, of[f"{name}.bias"], 1e-5)


def _linear(of: Mapping[str, torch.Tensor], name: str, values: torch.Tensor) -> torch.Tensor:
    return functional.linear(values, of[f"{name}.weight"], of[f"{name}.bias"])
