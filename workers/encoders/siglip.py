"""Models in Hugging Face's SigLIP format: SigLIP and, of fixed resolution, SigLIP 2."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import normalizers

from workers.encoders.clip import images
from workers.encoders.description import Description, damage_explained, read_json
from workers.encoders.spiece import SentencePieces
from workers.encoders.tokens import Tokenize, Tokens, read_tokenizer

if TYPE_CHECKING:
    import torch

_TEXT_FILES = (
    *("config.json", "model.safetensors"),
    *("spiece.model", "tokenizer.json", "tokenizer_config.json"),
)


def describe(folder: Path) -> Description:
    """Read everything but the weights; raises EncoderError."""
    with damage_explained(f"the model in {folder}"):
        config = read_json(folder / "config.json")
        text = config["text_config"]
        preprocessing, image_files = images(folder)
        return Description(
            dim=int(text.get("projection_size") or text.get("hidden_size", 768)),
            tokens=_tokens(folder, text),
            text_files=[folder / name for name in _TEXT_FILES],
            preprocessing=preprocessing,
            image_files=image_files,
        )


def _tokens(folder: Path, config: Mapping[str, Any]) -> Tokenize:
    """Read the tokenizer; raises OSError, ValueError, TypeError.

    The towers were trained on lower-cased text, filled up to its full length, without a mask.
    """
    details: Mapping[str, Any] = {}
    if (folder / "tokenizer_config.json").is_file():
        details = read_json(folder / "tokenizer_config.json")
    pieces = int(config.get("vocab_size", 32000))
    length = int(config.get("max_position_embeddings", 64))
    spiece = folder / "spiece.model"
    if details.get("tokenizer_class") == "SiglipTokenizer" or spiece.is_file():
        return SentencePieces(
            spiece,
            length=length,
            pieces=pieces,
            pad=_content(details.get("pad_token") or "</s>"),
            end=_content(details.get("eos_token") or "</s>"),
            lower_case=bool(details.get("do_lower_case", True)),
        )
    # SigLIP 2 has Gemma's tokenizer. Its towers were trained on lower-cased text, which neither the
    # file nor the class that the repositories name does: Siglip2Tokenizer of transformers does.
    tokenizer = read_tokenizer(folder, pieces)
    lower: normalizers.Normalizer = normalizers.Lowercase()
    if tokenizer.normalizer is not None:
        lower = normalizers.Sequence([lower, tokenizer.normalizer])
    tokenizer.normalizer = lower
    pad = _content(details.get("pad_token") or "<pad>")
    pad_id = tokenizer.token_to_id(pad)
    if pad_id is None:
        raise ValueError(f"tokenizer.json has no {pad!r}")
    return Tokens(
        tokenizer,
        max_length=length,
        pad=pad,
        pad_id=pad_id,
        always_full=True,
        masked=False,
    )


def _content(token: str | Mapping[str, Any]) -> str:
    return token if isinstance(token, str) else str(token["content"])


def text_module(folder: Path) -> torch.nn.Module:
    """Build the text tower: token ids to features. Raises EncoderError."""
    from transformers.models.siglip.configuration_siglip import SiglipConfig
    from transformers.models.siglip.modeling_siglip import SiglipTextModel

    from workers.encoders import weights
    from workers.encoders.modules import OneOutput
    from workers.encoders.transformer import HeadlessSiglip

    with damage_explained(f"the model in {folder}"):
        headless = read_json(folder / "config.json")["text_config"].get("no_head", False)
    kind = HeadlessSiglip if headless else SiglipTextModel
    others = (r"^vision_model\.", r"^logit_(scale|bias)$")
    model = weights.load(kind, folder, SiglipConfig, part="text", leaves_out=others)
    return OneOutput(model, "pooler_output", "input_ids")


def image_module(folder: Path) -> torch.nn.Module:
    """Build the image tower: pixels to features. Raises EncoderError."""
    from transformers.models.siglip.configuration_siglip import SiglipConfig
    from transformers.models.siglip.modeling_siglip import SiglipVisionModel

    from workers.encoders import weights
    from workers.encoders.modules import OneOutput

    others = (r"^text_model\.", r"^logit_(scale|bias)$")
    model = weights.load(SiglipVisionModel, folder, SiglipConfig, part="vision", leaves_out=others)
    return OneOutput(model, "pooler_output", "pixel_values")
