"""Models in Hugging Face's CLIP format: OpenAI's, LAION's, and the bundled ``mini``."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub.errors import StrictDataclassError
from PIL import Image
from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers.models.clip.configuration_clip import CLIPConfig, CLIPTextConfig
from transformers.models.clip.modeling_clip import CLIPModel, CLIPTextModelWithProjection
from transformers.utils import logging as transformers_logging

from workers.encoders.base import EncoderError, Vectors, fingerprint
from workers.encoders.preprocessing import Preprocessing

_TEXT_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
_IMAGE_FILES = ("config.json", "model.safetensors", "preprocessor_config.json")

_WEIGHTS = "model.safetensors"
_CONVERT = (
    "CLIPModel.from_pretrained('there').save_pretrained('here', max_shard_size='100GB')"
    " of transformers writes them so"
)

_DAMAGE = (
    *(OSError, ValueError, TypeError, AttributeError, LookupError, RuntimeError),
    *(SafetensorError, StrictDataclassError),
)
"""What the libraries raise over files that are not what they should be."""


class _TextTowerOfWhole(CLIPTextModelWithProjection):  # type: ignore[no-untyped-call]
    """A text tower out of a whole model's file: transformers need not report the image tower."""

    _keys_to_ignore_on_load_unexpected = {  # noqa: RUF012 - transformers' own type
        r"^vision_model\.",
        r"^visual_projection\.",
        r"^logit_scale$",
    }


class ClipTextTower:
    """A CLIP text tower on torch; one forward pass a call, one call at a time."""

    def __init__(
        self,
        model: CLIPModel | CLIPTextModelWithProjection,
        tokenizer: Tokenizer,
        device: torch.device,
    ) -> None:
        self.dim = int(model.config.projection_dim or 0)
        self._model = model
        self._tokenizer = tokenizer
        self._device = device
        # Tokenizers and, on a GPU, the stream are not for several threads at once.
        self._lock = threading.Lock()

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts in one forward pass; what a text has too much is cut off."""
        with self._lock, torch.inference_mode():
            encodings = self._tokenizer.encode_batch(list(texts))
            ids = torch.tensor([encoding.ids for encoding in encodings], device=self._device)
            mask = torch.tensor(
                [encoding.attention_mask for encoding in encodings], device=self._device
            )
            if isinstance(self._model, CLIPModel):
                features = self._model.get_text_features(input_ids=ids, attention_mask=mask)
                features = features.pooler_output
            else:
                features = self._model(input_ids=ids, attention_mask=mask).text_embeds
            return _normalised(features)


class ClipEncoder:
    """A CLIP dual encoder on torch; one forward pass a call, one call a tower at a time."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        model: CLIPModel | CLIPTextModelWithProjection,
        tokenizer: Tokenizer,
        preprocessing: Preprocessing,
        device: torch.device,
    ) -> None:
        self.name = name
        self.revision = fingerprint([folder / file for file in _IMAGE_FILES])
        self.text_revision = fingerprint([folder / file for file in _TEXT_FILES])
        self.dim = int(model.config.projection_dim or 0)
        self.preprocessing: Mapping[str, object] = preprocessing.as_dict()
        self.languages: Sequence[str] = ()
        self._model = model
        self._texts = ClipTextTower(model, tokenizer, device)
        self._preprocess = preprocessing
        self._device = device
        self._image_lock = threading.Lock()

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts in one forward pass; what a text has too much is cut off."""
        return self._texts.encode_texts(texts)

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        """Encode n >= 1 pictures in one forward pass."""
        if not isinstance(self._model, CLIPModel):
            raise EncoderError(f"{self.name} was loaded without its image tower")
        pixels = np.stack([self._preprocess(image) for image in images])
        with self._image_lock, torch.inference_mode():
            values = torch.from_numpy(pixels).to(self._device)
            return _normalised(self._model.get_image_features(pixel_values=values).pooler_output)


def load(folder: Path, *, name: str, text_only: bool = False) -> ClipEncoder:
    """Load a CLIP model from its folder; raises EncoderError with the reason."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    kind: Any = _TextTowerOfWhole if text_only else CLIPModel
    # The revisions and the packs' spaces are made of this file: transformers would take others.
    if not (folder / _WEIGHTS).is_file():
        raise EncoderError(
            f"the model in {folder} has no {_WEIGHTS}: its weights are missing, or in another"
            f" format or in several files, and have to be in this one; {_CONVERT}"
        )
    try:
        config: Any = CLIPConfig.from_pretrained(folder, local_files_only=True)
        # Many a model states it for the whole only, and the text tower alone would not look there.
        config.text_config.projection_dim = config.projection_dim
        model = kind.from_pretrained(
            folder,
            config=config.text_config if text_only else config,
            dtype=torch.float32,
            local_files_only=True,
            output_loading_info=True,
        )
        tokenizer = _tokenizer(folder, config.text_config.vocab_size)
        preprocessing = Preprocessing.read(folder / "preprocessor_config.json")
    except _DAMAGE as error:
        raise EncoderError(f"the model in {folder} is damaged: {error}") from error
    model, report = model
    if report["missing_keys"] or report["mismatched_keys"]:
        raise EncoderError(f"the model in {folder} is incomplete: {report['missing_keys']}")
    return ClipEncoder(
        folder,
        name=name,
        model=model.to(_device()).eval(),
        tokenizer=tokenizer,
        preprocessing=preprocessing,
        device=_device(),
    )


def load_text_tower(folder: Path) -> ClipTextTower:
    """Load a text tower saved on its own; raises EncoderError with the reason."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    kind: Any = CLIPTextModelWithProjection
    try:
        config: Any = CLIPTextConfig.from_pretrained(folder, local_files_only=True)
        model, report = kind.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            local_files_only=True,
            output_loading_info=True,
        )
        tokenizer = _tokenizer(folder, config.vocab_size)
    except _DAMAGE as error:
        raise EncoderError(f"the text tower in {folder} is damaged: {error}") from error
    if report["missing_keys"] or report["mismatched_keys"]:
        raise EncoderError(f"the text tower in {folder} is incomplete: {report['missing_keys']}")
    return ClipTextTower(model.to(_device()).eval(), tokenizer, _device())


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _tokenizer(folder: Path, pieces: int) -> Tokenizer:
    """Load ``tokenizer.json``; pads to the longest of a batch, cuts at the model's length.

    The model knows ``pieces`` of them.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise OSError("tokenizer.json is missing")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise ValueError(f"tokenizer.json cannot be read: {error}") from error
    # A GPU that meets a number beyond is of no use to the process any more.
    if (highest := max(tokenizer.get_vocab().values(), default=0)) >= pieces:
        raise ValueError(
            f"tokenizer.json numbers its pieces up to {highest}, the text tower knows those up to"
            f" {pieces - 1}: they do not belong together"
        )
    config = json.loads((folder / "config.json").read_text("utf-8"))
    # A text tower on its own says it outright.
    max_length = int(config.get("text_config", config).get("max_position_embeddings", 77))
    details = {}
    if (folder / "tokenizer_config.json").is_file():
        details = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    pad = details.get("pad_token") or "<|endoftext|>"
    pad = pad["content"] if isinstance(pad, dict) else pad
    pad_id = tokenizer.token_to_id(pad)
    tokenizer.enable_truncation(max_length)
    tokenizer.enable_padding(pad_id=0 if pad_id is None else pad_id, pad_token=pad)
    return tokenizer


def _normalised(features: torch.Tensor) -> Vectors:
    unit = torch.nn.functional.normalize(features.float(), dim=-1)
    vectors: Vectors = unit.cpu().numpy().astype(np.float32, copy=False)
    return vectors
