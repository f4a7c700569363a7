"""Finding models and loading them.

An encoder family is one file beside this one, named in FAMILIES by the ``model_type`` of the models
it reads, or by their class where they state no type. It has three functions: ``describe(folder)``
reads everything but the weights, without torch; ``text_module(folder)`` and
``image_module(folder)`` build the towers in torch. Which engine runs a tower is not its business
(:mod:`workers.encoders.engines`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from workers.encoders import calibration
from workers.encoders.base import Encoder, EncoderError, TextTower, Vectors, fingerprint
from workers.encoders.composite import MANIFEST
from workers.encoders.description import Description
from workers.encoders.dual import (
    DualEncoder,
    EngineImageTower,
    EngineTextTower,
    PooledTextTower,
)
from workers.encoders.engines.base import EngineOptions
from workers.encoders.engines.choose import start
from workers.encoders.towers import describe, image_tower, text_tower
from workers.hub.catalogue import CATALOGUE

FAMILIES = {
    "clip": "workers.encoders.clip",
    "siglip": "workers.encoders.siglip",
    "MexmaSigLIP": "workers.encoders.mexma",
}
COMPOSITE_FAMILIES = {
    "mclip": "workers.encoders.mclip",
    "sbert": "workers.encoders.sbert",
}
"""Those of two repositories in one folder, by the ``family`` that its ``babelpix.json`` states."""
FAMILIES_OF_PARTS = {
    "mosaic": "workers.encoders.mosaic.family",
}
"""Those made of other models, by the same. Their module has ``drawings(folder)``, the folder of the
model that language packs extend; ``tower(folder)``, that of a text tower of TEXT_SPACE numbers; and
``assemble``, which joins what was loaded."""
TEXT_FAMILIES = {
    "clip_text_model": "workers.encoders.clip_text",
}
"""The same for text towers alone, those of language packs: no ``image_module``."""
BUNDLED = Path(__file__).parent.parent / "models"
"""Models that come with the project, by folder name."""
ABOUT = "about.json"
"""What a model says of itself to people; nothing in it changes a vector."""

_REFUSED = {
    "siglip2": "(NaFlex: pictures of any size) are not supported; take one of a fixed resolution",
}
"""What to say of types of models that people may well try."""
_PROBES = ("a black cat", "猫")


def model_folder(name: str, fetched: Path | None = None) -> Path:
    """Return where a model lies: bundled or fetched by name, else a path. Raises EncoderError.

    ``fetched`` is the folder of fetched models.
    """
    places = [BUNDLED / name, Path(name).expanduser()]
    if fetched is not None:
        places.insert(1, fetched / name)
    for folder in places:
        if any((folder / name).is_file() for name in (MANIFEST, "config.json")):
            return folder
    if name in CATALOGUE:
        raise EncoderError(
            f"the model {name} has not been fetched: run `python -m workers fetch {name}`"
        )
    bundled = ", ".join(folder.name for folder in model_folders(BUNDLED))
    raise EncoderError(
        f"there is no model {name!r}: ENCODER is the name of a bundled model ({bundled or 'none'}),"
        " one of those that `python -m workers models` lists, or a folder with a model in Hugging"
        " Face format"
    )


def model_folders(parent: Path) -> list[Path]:
    """Return the folders in ``parent`` that hold a model, by name."""
    described = (MANIFEST, "config.json")
    return sorted(
        folder for folder in parent.glob("*") if any((folder / one).is_file() for one in described)
    )


def brings_curves(folder: Path) -> bool:
    """Tell whether a model says itself what its cosines mean."""
    return (folder / calibration.FILE).is_file() or is_made_of_parts(folder)


def knows_photographs(folder: Path) -> bool:
    """Tell whether a model knows more than drawings; one that does not says so in about.json.

    In a file of its own: the others name the embedding space.
    """
    try:
        return json.loads((folder / ABOUT).read_text("utf-8")).get("photographs") is not False
    except (OSError, ValueError, AttributeError):
        return True


def is_made_of_parts(folder: Path) -> bool:
    """Tell whether the model in a folder is made of others; raises EncoderError."""
    return (folder / MANIFEST).is_file() and _family_of(folder) in FAMILIES_OF_PARTS.values()


def extended_by_packs(folder: Path) -> Path:
    """Return the folder of the model that language packs extend; raises EncoderError."""
    if not is_made_of_parts(folder):
        return folder
    found: Path = import_module(_family_of(folder)).drawings(folder)
    return found


def describe_model(folder: Path) -> Description:
    """Read everything but the weights of a model in a folder; raises EncoderError."""
    return describe(_family_of(folder), folder)


def load(
    name: str, *, texts: bool = True, images: bool = True, options: EngineOptions | None = None
) -> Encoder:
    """Load an encoder by the name the operator gave and try it once.

    A tower that is not wanted is left out, for workers that only answer questions or only take
    pictures in. Raises EncoderError with the reason.
    """
    options = options or EngineOptions()
    folder = model_folder(name)
    family = _family_of(folder)
    if family in FAMILIES_OF_PARTS.values():
        return _joined(family, folder, texts=texts, images=images, options=options)
    about = describe(family, folder)
    if about.preprocessing is None:
        raise EncoderError(f"the model in {folder} has no image tower")
    words: EngineTextTower | PooledTextTower | None = None
    eye: EngineImageTower | None = None
    if texts:
        words = _words(family, folder, about, options)
    if images:
        eye = EngineImageTower(
            about.preprocessing, start(image_tower(family, folder, about), options)
        )
    encoder = DualEncoder(
        name=Path(name).name,
        revision=fingerprint(about.image_files),
        # Curves are kept with the vectors of the questions.
        text_revision=fingerprint([*about.text_files, folder / calibration.FILE]),
        dim=about.dim,
        preprocessing=about.preprocessing,
        languages=about.languages,
        texts=words,
        images=eye,
        calibration=calibration.read_calibration(folder),
    )
    _try_all(encoder, folder, texts=texts, images=images)
    return encoder


def _joined(
    family: str, folder: Path, *, texts: bool, images: bool, options: EngineOptions
) -> Encoder:
    """Load a model that is made of others; raises EncoderError."""
    module: Any = import_module(family)
    drawings = load(str(module.drawings(folder)), texts=texts, images=images, options=options)
    tower = load_text_tower(module.tower(folder), module.TEXT_SPACE, options) if texts else None
    encoder: Encoder = module.assemble(folder, drawings, tower, images=images, options=options)
    _try_all(encoder, folder, texts=texts, images=images)
    return encoder


def _try_all(encoder: Encoder, folder: Path, *, texts: bool, images: bool) -> None:
    """Encode something with each tower that was loaded; raises EncoderError."""
    what = f"the model in {folder}"
    if texts:
        _try(lambda: encoder.encode_texts(_PROBES), encoder.dim, f"the text tower of {what}")
    if images:
        import PIL.Image  # as in workers.encoders.preprocessing

        picture = PIL.Image.new("RGB", (64, 48))
        _try(lambda: encoder.encode_images([picture]), encoder.dim, f"the image tower of {what}")


def load_text_tower(folder: Path, dim: int, options: EngineOptions | None = None) -> TextTower:
    """Load the text tower of a language pack for a space of ``dim`` numbers and try it once.

    Raises EncoderError with the reason.
    """
    family = _family(folder / "config.json", "model_type", TEXT_FAMILIES)
    about = describe(family, folder)
    tower = _words(family, folder, about, options or EngineOptions())
    _try(lambda: tower.encode_texts(_PROBES), dim, f"the text tower in {folder}")
    return tower


def _words(
    family: str, folder: Path, about: Description, options: EngineOptions
) -> EngineTextTower | PooledTextTower:
    engine = start(text_tower(family, folder, about), options)
    tower = EngineTextTower(about.tokens, engine, about.dim)
    return tower if about.pooling is None else PooledTextTower(tower, about.pooling)


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


def _family_of(folder: Path) -> str:
    """Return the module that reads the encoder in a folder; raises EncoderError."""
    if (folder / MANIFEST).is_file():
        return _family(folder / MANIFEST, "family", {**COMPOSITE_FAMILIES, **FAMILIES_OF_PARTS})
    return _family(folder / "config.json", "model_type", FAMILIES)


def _family(path: Path, key: str, families: Mapping[str, str]) -> str:
    """Return the module that reads the model which a file describes; raises EncoderError."""
    try:
        stated = json.loads(path.read_text("utf-8"))
        # A model that comes with code of its own need not state its type.
        others = stated.get("architectures", [])
        names = [*([stated[key]] if key in stated or not others else []), *others]
    except (OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise EncoderError(f"{path} is damaged: {error}") from error
    for name in names:
        if isinstance(name, str) and name in families:
            return families[name]
    known = ", ".join(sorted(families))
    reason = _REFUSED.get(str(names[0]), f"are not supported; supported: {known}")
    raise EncoderError(f"models of type {names[0]!r} {reason}")
