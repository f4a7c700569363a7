"""Image towers of OpenCLIP: plain vision transformers, in OpenCLIP's own files.

Names and shapes are those of OpenCLIP 3 for ``ViT-B-16-plus-240``; transformers' CLIP is the same
network under other names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL.Image import Resampling

from workers.encoders.description import damage_explained, read_json
from workers.encoders.preprocessing import Preprocessing

if TYPE_CHECKING:
    import torch

WEIGHTS = "open_clip_model.safetensors"
CONFIG = "open_clip_config.json"

_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)
_PLAIN = {"image_size", "layers", "width", "patch_size", "head_width", "mlp_ratio", "patch_dropout"}
"""What ``vision_cfg`` states of a vision transformer without additions."""
_NAMES = (
    (r"^visual\.class_embedding$", "vision_model.embeddings.class_embedding"),
    (r"^visual\.conv1\.", "vision_model.embeddings.patch_embedding."),
    (r"^visual\.positional_embedding$", "vision_model.embeddings.position_embedding.weight"),
    (r"^visual\.ln_pre\.", "vision_model.pre_layrnorm."),
    (r"^visual\.ln_post\.", "vision_model.post_layernorm."),
    (r"^visual\.transformer\.resblocks\.", "vision_model.encoder.layers."),
    (r"\.ln_([12])\.", r".layer_norm\1."),
    (r"\.attn\.out_proj\.", ".self_attn.out_proj."),
    (r"\.mlp\.c_fc\.", ".mlp.fc1."),
    (r"\.mlp\.c_proj\.", ".mlp.fc2."),
)


class OpenClipPreprocessing(Preprocessing):
    """The same steps; the middle of an odd rest is where torchvision finds it."""

    __slots__ = ()

    @staticmethod
    def margin(rest: int) -> int:
        """Return how much of ``rest`` px is cut off at the left or at the top."""
        return round(rest / 2)


def images(folder: Path) -> tuple[Preprocessing, list[Path]]:
    """Read what the tower wants of pictures, and name the files that it depends on.

    Raises OSError, ValueError.
    """
    stated = read_json(folder / CONFIG).get("preprocess_cfg", {})
    mode = stated.get("resize_mode", "shortest")
    if mode not in {"shortest", "squash"}:
        raise ValueError(f"pictures resized by {mode!r} are not supported")
    side = int(_vision(folder)["image_size"])
    preprocessing = OpenClipPreprocessing(
        resize=side if mode == "shortest" else (side, side),
        size=(side, side),
        resample=int(Resampling[stated.get("interpolation", "bicubic").upper()]),
        rescale=1 / 255,
        mean=tuple(stated.get("mean", _MEAN)),
        std=tuple(stated.get("std", _STD)),
    )
    return preprocessing, [folder / CONFIG, folder / WEIGHTS]


def dim(folder: Path) -> int:
    """Return how many numbers the tower makes of a picture; raises OSError, ValueError."""
    return int(_model(folder)["embed_dim"])


def image_module(folder: Path) -> torch.nn.Module:
    """Build the image tower: pixels to features. Raises EncoderError."""
    from transformers import CLIPVisionConfig
    from transformers.models.clip.modeling_clip import CLIPVisionModelWithProjection

    from workers.encoders import weights
    from workers.encoders.modules import OneOutput

    with damage_explained(f"the model in {folder}"):
        vision = _vision(folder)
        width, head_width = int(vision["width"]), int(vision.get("head_width", 64))
        if width % head_width:
            raise ValueError(f"attention heads of {head_width} do not make up {width}")
        config = CLIPVisionConfig(
            hidden_size=width,
            intermediate_size=int(width * vision.get("mlp_ratio", 4.0)),
            projection_dim=dim(folder),
            num_hidden_layers=int(vision["layers"]),
            num_attention_heads=width // head_width,
            image_size=int(vision["image_size"]),
            patch_size=int(vision["patch_size"]),
            hidden_act="quick_gelu" if _model(folder).get("quick_gelu") else "gelu",
            layer_norm_eps=1e-5,
        )
    state = _renamed(weights.read(folder / WEIGHTS))
    model = weights.build(CLIPVisionModelWithProjection, folder, config, state)
    return OneOutput(model, "image_embeds", "pixel_values")


def _model(folder: Path) -> Mapping[str, Any]:
    model: Mapping[str, Any] = read_json(folder / CONFIG)["model_cfg"]
    return model


def _vision(folder: Path) -> Mapping[str, Any]:
    vision: Mapping[str, Any] = _model(folder)["vision_cfg"]
    stated = {name for name, value in vision.items() if value is not None}
    if unknown := sorted(stated - _PLAIN):
        raise ValueError(f"image towers with {', '.join(unknown)} are not supported")
    return vision


def _renamed(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Give an image tower's weights the names that transformers has for them."""
    renamed = {}
    for name, tensor in state.items():
        if not name.startswith("visual."):
            continue
        if name == "visual.proj":
            renamed["visual_projection.weight"] = tensor.T.contiguous()
            continue
        new = name
        for pattern, replacement in _NAMES:
            new = re.sub(pattern, replacement, new)
        # One matrix for queries, keys and values together.
        place, found, kind = new.partition(".attn.in_proj_")
        if found:
            for letter, part in zip("qkv", tensor.chunk(3), strict=True):
                renamed[f"{place}.self_attn.{letter}_proj.{kind}"] = part.contiguous()
        else:
            renamed[new] = tensor
    return renamed
