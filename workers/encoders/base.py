"""What an encoder is, and how one is found by name.

An encoder family is one file beside this one with a ``load`` function, named in FAMILIES by the
``model_type`` of the models it reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.Image import Image

FAMILIES = {
    "clip": "workers.encoders.clip",
}
TOWER_FAMILIES = {
    "clip_text_model": "workers.encoders.clip",
}
"""The same for text towers alone, those of language packs: a ``load_text_tower`` function."""
BUNDLED = Path(__file__).parent.parent / "models"
"""Models that come with the project, by folder name."""

Vectors = NDArray[np.float32]
"""Shape (n, dim), L2-normalised rows."""
_PROBES = ("a black cat", "猫")


class EncoderError(Exception):
    """A model cannot be used; the message is for the operator."""


class TextTower(Protocol):
    """Texts into an embedding space. Thread-safe."""

    dim: int

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts in one forward pass."""
        ...


class Encoder(Protocol):
    """A dual encoder: texts and pictures into one embedding space. Thread-safe."""

    name: str
    revision: str
    """Of the image tower and its preprocessing: names the embedding space."""
    text_revision: str
    """Of the text tower and its tokenizer: part of every cached vector's key."""
    dim: int
    preprocessing: Mapping[str, object]
    languages: Sequence[str]

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts in one forward pass."""
        ...

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Encode n >= 1 pictures of any mode and size in one forward pass."""
        ...


class Loader(Protocol):
    """The ``load`` function of a family."""

    def __call__(self, folder: Path, *, name: str, text_only: bool) -> Encoder:
        """Load a model from its folder; raises EncoderError."""
        ...


def model_folder(name: str) -> Path:
    """Return where a model lies: bundled by name, else a path. Raises EncoderError."""
    for folder in (BUNDLED / name, Path(name).expanduser()):
        if (folder / "config.json").is_file():
            return folder
    bundled = ", ".join(sorted(path.parent.name for path in BUNDLED.glob("*/config.json")))
    raise EncoderError(
        f"there is no model {name!r}: ENCODER is the name of a bundled model ({bundled or 'none'})"
        " or a folder with a model in Hugging Face format"
    )


def load(name: str, *, text_only: bool = False) -> Encoder:
    """Load an encoder by the name the operator gave and try it once.

    ``text_only`` leaves the image tower out, for workers that only answer questions. Raises
    EncoderError with the reason.
    """
    folder = model_folder(name)
    loader = cast(Loader, import_module(_family(folder, FAMILIES)).load)
    encoder = loader(folder, name=Path(name).name, text_only=text_only)
    what = f"the model in {folder}"
    _try(lambda: encoder.encode_texts(_PROBES), encoder.dim, f"the text tower of {what}")
    if not text_only:
        picture = PIL.Image.new("RGB", (64, 48))
        _try(lambda: encoder.encode_images([picture]), encoder.dim, f"the image tower of {what}")
    return encoder


def load_text_tower(folder: Path, dim: int) -> TextTower:
    """Load the text tower of a language pack for a space of ``dim`` numbers and try it once.

    Raises EncoderError with the reason.
    """
    tower = cast(TextTower, import_module(_family(folder, TOWER_FAMILIES)).load_text_tower(folder))
    _try(lambda: tower.encode_texts(_PROBES), dim, f"the text tower in {folder}")
    return tower


def _try(encode: Callable[[], Vectors], dim: int, what: str) -> None:
    """Raise EncoderError when what loads without complaint makes no vectors of a space."""
    try:
        vectors = encode()
    except Exception as error:  # whatever torch makes of files that do not belong together
        raise EncoderError(f"{what} cannot encode: {error}") from error
    if vectors.shape[1] != dim:
        raise EncoderError(f"{what} makes vectors of {vectors.shape[1]} numbers, not of {dim}")
    if not np.isfinite(vectors).all():
        raise EncoderError(f"{what} makes vectors that are not finite")
    if not vectors.any(axis=1).all():
        raise EncoderError(f"{what} makes vectors of nothing but zeros")


def _family(folder: Path, families: Mapping[str, str]) -> str:
    """Return the module that reads the model in a folder; raises EncoderError."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        family = config["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{folder / 'config.json'} is damaged: {error}") from error
    if not isinstance(family, str) or family not in families:
        known = ", ".join(sorted(families))
        raise EncoderError(f"models of type {family!r} are not supported; supported: {known}")
    return families[family]


def fingerprint(files: Sequence[Path]) -> str:
    """Return 12 hexadecimal digits that change when any of the files does."""
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.is_file():
            digest.update(path.name.encode())
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:12]
