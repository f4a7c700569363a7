"""MEXMA-SigLIP: XLM-RoBERTa as MEXMA trained it, projected to SigLIP's image tower.

Read are the repositories ``visheratin/mexma-siglip2`` and ``visheratin/mexma-siglip`` as they are.
They come with code of their own, which is not run; their configuration states no sizes, which are
taken from the weights. Checked against what is public of them: configuration and list of files,
the model card (how texts are tokenized), the number of weights (988 M = XLM-RoBERTa large without
its pooler + the so400m image tower + one projection without bias) and MEXMA's card (the first
token is the sentence). The names of the weights were not to be seen. So both towers are found by
the names that transformers gives their tensors, whatever stands before them, the projection by its
shape, and a tensor beyond these is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.encoders.clip import images
from workers.encoders.description import Description, damage_explained
from workers.encoders.preprocessing import Preprocessing
from workers.encoders.tensors import below, bert_sizes, layers, shapes
from workers.encoders.tokens import longest_text, padded, read_tokenizer

if TYPE_CHECKING:
    import torch

_TEXT_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_WORDS = "embeddings.word_embeddings.weight"
_PATCHES = "embeddings.patch_embedding.weight"
_LOGITS = ("logit_scale", "logit_bias")
_HEAD_WIDTH = 72
"""Of the attention in so400m."""
_XLM = {"model_type": "xlm-roberta", "pad_token_id": 1, "layer_norm_eps": 1e-5}


class _Parts:
    """Where in a file of weights the parts are."""

    def __init__(self, path: Path) -> None:
        """Raise OSError, ValueError where they are not."""
        found = shapes(path)
        self.text = _before(_WORDS, found)
        self.image = _before(_PATCHES, found)
        self.text_shapes = below(self.text, found)
        self.image_shapes = below(self.image, found)
        self.dim = self.image_shapes[_PATCHES][0]
        rest = {name: s for name, s in found.items() if not name.startswith(self._prefixes)}
        wanted = (self.dim, self.text_shapes[_WORDS][1])
        fitting = [name for name, shape in rest.items() if shape == wanted]
        if unknown := set(rest) - set(fitting[:1]) - set(_LOGITS):
            raise ValueError(
                f"{path.name} has weights of no use here: {', '.join(sorted(unknown))}"
            )
        if not fitting:
            raise ValueError(f"{path.name} has no projection, of the shape {wanted}")
        self.projection = fitting[0]

    @property
    def _prefixes(self) -> tuple[str, str]:
        return self.text, self.image


def describe(folder: Path) -> Description:
    """Read everything but the weights; raises EncoderError."""
    with damage_explained(f"the model in {folder}"):
        parts = _Parts(folder / "model.safetensors")
        text = _text_config(parts)
        preprocessing, image_files = images(folder)
        _image_config(parts, preprocessing)
        return Description(
            dim=parts.dim,
            tokens=padded(
                read_tokenizer(folder, text["vocab_size"]),
                pad_id=text["pad_token_id"],
                limits=[longest_text(text)],
            ),
            text_files=[folder / name for name in _TEXT_FILES],
            preprocessing=preprocessing,
            image_files=image_files,
        )


def text_module(folder: Path) -> torch.nn.Module:
    """Build the text tower: token ids and mask to features. Raises EncoderError."""
    import torch

    from workers.encoders import weights
    from workers.encoders.modules import FirstToken
    from workers.encoders.transformer import kinds

    path = folder / "model.safetensors"
    with damage_explained(f"the model in {folder}"):
        parts = _Parts(path)
        config = _text_config(parts)
        state = weights.read(path, (parts.text, parts.projection))
        projection = torch.nn.Linear(config["hidden_size"], parts.dim, bias=False)
        projection.load_state_dict({"weight": state[parts.projection]})
        config_kind, kind = kinds(config.pop("model_type"))
        beneath = config_kind(**config)
    others = (r"^pooler\.", r"position_ids$", r"token_type_ids$")
    transformer = weights.build(kind, folder, beneath, below(parts.text, state), others)
    return FirstToken(transformer, projection)


def image_module(folder: Path) -> torch.nn.Module:
    """Build the image tower: pixels to features. Raises EncoderError."""
    from transformers.models.siglip.configuration_siglip import SiglipVisionConfig
    from transformers.models.siglip.modeling_siglip import SiglipVisionModel

    from workers.encoders import weights
    from workers.encoders.modules import OneOutput

    path = folder / "model.safetensors"
    with damage_explained(f"the model in {folder}"):
        parts = _Parts(path)
        config: Any = SiglipVisionConfig(**_image_config(parts, images(folder)[0]))
    tower = below(parts.image, weights.read(path, parts.image))
    model = weights.build(SiglipVisionModel, folder, config, tower, (r"position_ids$",))
    return OneOutput(model, "pooler_output", "pixel_values")


def _before(end: str, found: Mapping[str, tuple[int, ...]]) -> str:
    """Return what stands before the name of the one tensor that ends so; raises ValueError."""
    names = [name for name in found if name.endswith(end)]
    if len(names) != 1:
        raise ValueError(f"model.safetensors has {len(names)} weights called {end}, not one")
    return names[0].removesuffix(end)


def _text_config(parts: _Parts) -> dict[str, Any]:
    return {**_XLM, **bert_sizes(parts.text_shapes)}


def _image_config(parts: _Parts, preprocessing: Preprocessing) -> dict[str, Any]:
    found = parts.image_shapes
    width, _, patch, _ = found[_PATCHES]
    side = max(preprocessing.size)
    positions = found["embeddings.position_embedding.weight"][0]
    if width % _HEAD_WIDTH or (side // patch) ** 2 != positions:
        raise ValueError(
            f"its image tower, {width} wide and of {positions} patches of {patch} px, is none of"
            f" so400m for pictures of {side} px"
        )
    return {
        "hidden_size": width,
        "num_attention_heads": width // _HEAD_WIDTH,
        "num_hidden_layers": layers(r"encoder\.layers\.", found),
        "intermediate_size": found["encoder.layers.0.mlp.fc1.weight"][0],
        "image_size": side,
        "patch_size": patch,
    }
