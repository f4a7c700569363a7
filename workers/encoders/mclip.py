"""Text towers of Multilingual-CLIP beside the image tower of OpenCLIP or CLIP.

Such as ``M-CLIP/XLM-Roberta-Large-Vit-B-16Plus`` with OpenCLIP's ``ViT-B-16-plus-240``, or
``M-CLIP/LABSE-Vit-L-14`` with OpenAI's ``clip-vit-large-patch14``. The published formula is a
transformer, the mean over its tokens and one linear layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.encoders import clip, open_clip
from workers.encoders.composite import languages, one_space
from workers.encoders.description import Description, damage_explained, read_json
from workers.encoders.preprocessing import Preprocessing
from workers.encoders.tensors import below, bert_sizes, shapes
from workers.encoders.tokens import longest_text, padded, read_tokenizer

if TYPE_CHECKING:
    import torch

LANGUAGES = (
    *("af", "am", "ar", "az", "bg", "bn", "bs", "ca", "cs", "da", "de", "el", "en", "es", "et"),
    *("fr", "hi", "hr", "hu", "id", "is", "it", "ja", "mk", "ml", "mr", "nl", "pl", "pt", "ro"),
    *("ru", "sl", "sq", "sr", "sv", "sw", "te", "tl", "tr", "tk", "ug", "uk", "ur", "uz", "vi"),
    *("xh", "zh-Hans", "zh-Hant"),
)
"""Those that its authors trained on; the transformers beneath know more."""
_TEXT_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_PREFIX = "transformer."
_HEAD = "LinearTransformation."
_BASES: Mapping[str, Mapping[str, object]] = {
    "xlm-roberta": {"model_type": "xlm-roberta", "pad_token_id": 1, "layer_norm_eps": 1e-5},
    "labse": {"model_type": "bert", "pad_token_id": 0, "layer_norm_eps": 1e-12},
}
"""What the configurations of the transformers beneath state: their repositories are others."""


def describe(folder: Path) -> Description:
    """Read everything but the weights; raises EncoderError."""
    with damage_explained(f"the model in {folder}"):
        text = folder / "text"
        config = _config(text)
        base = _base(text, config)
        preprocessing, image_files, image_dim = _images(folder / "image")
        return Description(
            dim=one_space(int(config["numDims"]), image_dim),
            tokens=padded(
                read_tokenizer(text, base["vocab_size"]),
                pad_id=base["pad_token_id"],
                limits=[longest_text(base)],
            ),
            text_files=[text / name for name in _TEXT_FILES],
            preprocessing=preprocessing,
            image_files=image_files,
            languages=languages(folder, LANGUAGES),
        )


def text_module(folder: Path) -> torch.nn.Module:
    """Build the text tower: token ids and mask to features. Raises EncoderError."""
    import torch

    from workers.encoders import weights
    from workers.encoders.modules import MeanPooled
    from workers.encoders.transformer import kinds

    text = folder / "text"
    state = weights.read(text / "model.safetensors")
    with damage_explained(f"the model in {folder}"):
        config = _config(text)
        base = _base(text, config)
        head = torch.nn.Linear(int(config["transformerDimensions"]), int(config["numDims"]))
        head.load_state_dict(below(_HEAD, state))
        config_kind, kind = kinds(base.pop("model_type"))
        beneath = config_kind(**base)
    others = (r"^pooler\.", r"position_ids$", r"token_type_ids$")
    return MeanPooled(weights.build(kind, text, beneath, below(_PREFIX, state), others), head)


def image_module(folder: Path) -> torch.nn.Module:
    """Build the image tower: pixels to features. Raises EncoderError."""
    image = folder / "image"
    with damage_explained(f"the model in {folder}"):
        is_open_clip = _is_open_clip(image)
    return open_clip.image_module(image) if is_open_clip else clip.image_module(image)


def _config(text: Path) -> Mapping[str, Any]:
    config = read_json(text / "config.json")
    if (kind := config.get("model_type")) != "M-CLIP":
        raise ValueError(f"its text tower is of type {kind!r}, not of M-CLIP's")
    return config


def _base(text: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of the transformer beneath, its sizes taken from the weights."""
    stated = str(config["modelBase"])
    known = next((known for known in _BASES if known in stated.lower()), None)
    if known is None:
        raise ValueError(f"text towers on {stated!r} are not supported; supported: XLM-R, LaBSE")
    found = below(_PREFIX, shapes(text / "model.safetensors"))
    return {**_BASES[known], **bert_sizes(found)}


def _images(image: Path) -> tuple[Preprocessing, list[Path], int]:
    if _is_open_clip(image):
        return *open_clip.images(image), open_clip.dim(image)
    return *clip.images(image), int(read_json(image / "config.json")["projection_dim"])


def _is_open_clip(image: Path) -> bool:
    """Tell the format of what may be a repository with several."""
    if (image / open_clip.WEIGHTS).is_file() or not (image / "config.json").is_file():
        return True
    return read_json(image / "config.json").get("model_type") != "clip"
