"""Loading transformers' models from their folders, and saying what is wrong with them.

Imported only where a tower is built: torch comes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError, safe_open
from transformers.utils import logging as transformers_logging

from workers.encoders.base import EncoderError
from workers.encoders.description import DAMAGE
from workers.encoders.tensors import missing

WEIGHTS = "model.safetensors"
_CONVERT = (
    "AutoModel.from_pretrained('there').save_pretrained('here', max_shard_size='100GB')"
    " of transformers writes them so"
)


def load(
    kind: Any, folder: Path, config_kind: Any, *, part: str = "", leaves_out: tuple[str, ...] = ()
) -> Any:
    """Load a model, or one part of it, in float32; raises EncoderError with the reason.

    ``part`` names the configuration of the tower wanted within the whole model's; ``leaves_out``
    the weights (regular expressions) that a tower alone does not use.
    """
    # The revisions and the packs' spaces are made of this file: transformers would take others.
    if not (folder / WEIGHTS).is_file():
        raise EncoderError(
            f"the model in {folder} has no {WEIGHTS}: its weights are missing, or in another"
            f" format or in several files, and have to be in this one; {_CONVERT}"
        )
    try:
        config = config_kind.from_pretrained(folder, local_files_only=True)
        if part:
            inner = getattr(config, f"{part}_config")
            # Many a model states it for the whole only, and one tower would not look there.
            if hasattr(config, "projection_dim"):
                inner.projection_dim = config.projection_dim
            config = inner
    except (*DAMAGE, StrictDataclassError) as error:
        raise EncoderError(f"the model in {folder} is damaged: {error}") from error
    return build(kind, folder, config, None, leaves_out)


def read(path: Path, prefix: str | tuple[str, ...] = "") -> dict[str, torch.Tensor]:
    """Read what begins so from a file of weights; raises EncoderError with the reason."""
    if not path.is_file():
        raise EncoderError(f"the model in {path.parent} is damaged: {missing(path)}")
    try:
        with safe_open(path, "pt") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
            return {name: file.get_tensor(name) for name in names}
    except (*DAMAGE, SafetensorError) as error:
        raise EncoderError(f"{path} is damaged: {error}") from error


def build(
    kind: Any,
    folder: Path,
    config: Any,
    state: Mapping[str, torch.Tensor] | None,
    leaves_out: tuple[str, ...] = (),
) -> Any:
    """Build a model of transformers in float32; raises EncoderError with the reason.

    ``state`` has its weights under the names that transformers gives them; None takes those of
    ``folder``, which are so named already.
    """
    _be_quiet()
    # A class of our own: transformers need not report what is left out.
    tower = type(kind.__name__, (kind,), {"_keys_to_ignore_on_load_unexpected": set(leaves_out)})
    try:
        model, report = tower.from_pretrained(  # type: ignore[attr-defined]
            folder if state is None else None,
            config=config,
            state_dict=state,
            dtype=torch.float32,
            local_files_only=True,
            ignore_mismatched_sizes=True,  # said below, in one line
            output_loading_info=True,
        )
    except (*DAMAGE, SafetensorError, StrictDataclassError) as error:
        raise EncoderError(f"the model in {folder} is damaged: {error}") from error
    _check(report, folder)
    return model


def _check(report: Mapping[str, Any], folder: Path) -> None:
    if report["missing_keys"]:
        raise EncoderError(f"the model in {folder} is incomplete: {report['missing_keys']}")
    for name, found, wanted in report["mismatched_keys"]:
        raise EncoderError(
            f"the model in {folder} is damaged: {name} has the shape {tuple(found)}, its"
            f" configuration wants {tuple(wanted)}"
        )


def _be_quiet() -> None:
    """Keep transformers from speaking: what is wrong with a model is said by this module."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
