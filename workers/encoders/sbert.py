"""Text towers of sentence-transformers beside the image tower of a CLIP model.

Such as ``clip-ViT-B-32-multilingual-v1`` with ``clip-ViT-B-32``: a multilingual transformer, the
mean over its tokens and linear layers, distilled into the CLIP model's space (arXiv 2004.09813).
``text/`` and ``image/`` may be as sentence-transformers of any age wrote them, ``image/`` also a
CLIP model in Hugging Face format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import normalizers

from workers.encoders import clip
from workers.encoders.composite import languages, one_space
from workers.encoders.description import Description, damage_explained, read_json
from workers.encoders.tokens import Tokens, longest_text, padded, read_tokenizer

if TYPE_CHECKING:
    import torch

_TRANSFORMERS = ("bert", "distilbert", "xlm-roberta")
_ACTIVATIONS = ("Identity", "Tanh")
_WEIGHTS = "model.safetensors"
_SENTENCES = "sentence_bert_config.json"
_TRANSFORMER_FILES = (
    "config.json",
    _WEIGHTS,
    "tokenizer.json",
    "tokenizer_config.json",
    _SENTENCES,
)


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """The modules of a text tower, by folder."""

    transformer: Path
    pooling: Path
    dense: Sequence[Path]


def describe(folder: Path) -> Description:
    """Read everything but the weights; raises EncoderError."""
    with damage_explained(f"the model in {folder}"):
        pipeline = _pipeline(folder / "text")
        config = _transformer_config(pipeline)
        image = _clip_folder(folder / "image")
        preprocessing, image_files = clip.images(image)
        modules = [pipeline.pooling, *pipeline.dense]
        return Description(
            dim=one_space(
                _dim(pipeline, config), int(read_json(image / "config.json")["projection_dim"])
            ),
            tokens=_tokens(pipeline.transformer, config),
            text_files=[
                folder / "text" / "modules.json",
                *(pipeline.transformer / name for name in _TRANSFORMER_FILES),
                *(module / name for module in modules for name in ("config.json", _WEIGHTS)),
            ],
            preprocessing=preprocessing,
            image_files=image_files,
            languages=languages(folder),
        )


def text_module(folder: Path) -> torch.nn.Module:
    """Build the text tower: token ids and mask to features. Raises EncoderError."""
    import torch

    from workers.encoders import weights
    from workers.encoders.modules import MeanPooled
    from workers.encoders.transformer import kinds

    with damage_explained(f"the model in {folder}"):
        pipeline = _pipeline(folder / "text")
        config_kind, kind = kinds(_transformer_config(pipeline)["model_type"])
        layers: list[torch.nn.Module] = []
        for module in pipeline.dense:
            config = _dense_config(module)
            linear = torch.nn.Linear(
                config["in_features"], config["out_features"], bias=config.get("bias", True)
            )
            state = weights.read(module / _WEIGHTS)
            linear.load_state_dict({name.removeprefix("linear."): t for name, t in state.items()})
            layers += [linear, getattr(torch.nn, _activation(config))()]
    transformer = weights.load(
        kind, pipeline.transformer, config_kind, leaves_out=(r"^pooler\.", r"position_ids$")
    )
    return MeanPooled(transformer, torch.nn.Sequential(*layers))


def image_module(folder: Path) -> torch.nn.Module:
    """Build the image tower: pixels to features. Raises EncoderError."""
    with damage_explained(f"the model in {folder}"):
        image = _clip_folder(folder / "image")
    return clip.image_module(image)


def _pipeline(text: Path) -> _Pipeline:
    """Read which modules a text tower is made of; raises OSError, ValueError."""
    modules = _modules(text)
    # Whoever wants unit vectors gets them from any tower.
    if modules and modules[-1][0] == "Normalize":
        modules.pop()
    kinds = [kind for kind, _ in modules]
    if kinds[:2] != ["Transformer", "Pooling"] or set(kinds[2:]) - {"Dense"}:
        raise ValueError(
            f"modules.json lists {', '.join(kinds) or 'nothing'}; supported are a Transformer, a"
            " Pooling and any number of Dense"
        )
    transformer, pooling, *dense = [path for _, path in modules]
    how = _pooled_by(read_json(pooling / "config.json"))
    if how != "mean":
        raise ValueError(f"its tokens are pooled by {how}; supported: mean")
    return _Pipeline(transformer, pooling, dense)


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """Return kind and folder of each module, in order; raises OSError, ValueError."""
    path = folder / "modules.json"
    if not path.is_file():
        raise OSError(f"{path.parent.name}/{path.name} is missing")
    modules = sorted(json.loads(path.read_text("utf-8")), key=lambda module: int(module["idx"]))
    return [(module["type"].rpartition(".")[2], folder / module["path"]) for module in modules]


def _pooled_by(config: Mapping[str, Any]) -> str:
    mode = config.get("pooling_mode")
    if mode is None:  # as it was written before version 5.4
        prefix = "pooling_mode_"
        modes = [name.removeprefix(prefix) for name in config if name.startswith(prefix)]
        mode = [name.removesuffix("_tokens") for name in modes if config[prefix + name]] or "mean"
    return mode if isinstance(mode, str) else " and ".join(mode)


def _transformer_config(pipeline: _Pipeline) -> Mapping[str, Any]:
    config = read_json(pipeline.transformer / "config.json")
    if (kind := config.get("model_type")) not in _TRANSFORMERS:
        known = ", ".join(_TRANSFORMERS)
        raise ValueError(f"text towers of type {kind!r} are not supported; supported: {known}")
    return config


def _dense_config(module: Path) -> Mapping[str, Any]:
    config = read_json(module / "config.json")
    if _activation(config) not in _ACTIVATIONS or config.get("use_residual"):
        known = ", ".join(_ACTIVATIONS)
        raise ValueError(f"{module.name} is no linear layer with one of {known} after it")
    return config


def _activation(config: Mapping[str, Any]) -> str:
    return str(config.get("activation_function", "Tanh")).rpartition(".")[2]


def _dim(pipeline: _Pipeline, config: Mapping[str, Any]) -> int:
    if pipeline.dense:
        return int(_dense_config(pipeline.dense[-1])["out_features"])
    return int(config["dim" if config["model_type"] == "distilbert" else "hidden_size"])


def _tokens(folder: Path, config: Mapping[str, Any]) -> Tokens:
    tokenizer = read_tokenizer(folder, int(config["vocab_size"]))
    limits = [longest_text(config)]
    if (folder / "tokenizer_config.json").is_file():
        limits.append(int(read_json(folder / "tokenizer_config.json").get("model_max_length", 512)))
    if (folder / _SENTENCES).is_file():
        sentences = read_json(folder / _SENTENCES)
        if sentences.get("max_seq_length"):
            limits[1:] = [int(sentences["max_seq_length"])]
        if sentences.get("do_lower_case"):
            lower = [normalizers.Lowercase()]
            if tokenizer.normalizer is not None:
                lower.append(tokenizer.normalizer)
            tokenizer.normalizer = normalizers.Sequence(lower)
    return padded(tokenizer, pad_id=int(config.get("pad_token_id", 0)), limits=limits)


def _clip_folder(image: Path) -> Path:
    """Return the folder of the CLIP model itself; raises OSError, ValueError."""
    if not (image / "modules.json").is_file():
        return image
    modules = _modules(image)
    if not modules or modules[0][0] not in {"CLIPModel", "Transformer"}:
        raise ValueError("image/modules.json names no CLIP model")
    return modules[0][1]
