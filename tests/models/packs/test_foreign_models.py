"""Models that load without complaint and cannot be used: refused with the reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPModel

from tests.tiny import EXACT
from workers.encoders import models
from workers.encoders.base import EncoderError


def _scaled(name: str, factor: float) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "model.safetensors"
        weights = load_file(path)
        weights[name] *= factor
        save_file(weights, path, metadata={"format": "pt"})

    return change


def _pickled(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def _sharded(folder: Path) -> None:
    model = CLIPModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="100KB")
    assert (folder / "model.safetensors.index.json").is_file()


def _changed(name: str, change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        content = json.loads((folder / name).read_text("utf-8"))
        change(content)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")

    return changed


def _one_piece_more(tokenizer: dict[str, object]) -> None:
    added = tokenizer["added_tokens"]
    assert isinstance(added, list)
    added.append(added[-1] | {"id": 100_000, "content": "one more"})


@pytest.mark.parametrize(
    ("damage", "reason", "either"),
    [
        (_pickled, r"has no model\.safetensors.* in another format", True),
        (_sharded, r"has no model\.safetensors.* several files", True),
        (_changed("tokenizer.json", _one_piece_more), "do not belong together", True),
        (_scaled("text_projection.weight", float("nan")), "text tower .* not finite", True),
        (_scaled("text_projection.weight", 0.0), "text tower .* nothing but zeros", True),
        (_scaled("visual_projection.weight", float("nan")), "image tower .* not finite", False),
        (
            _changed("preprocessor_config.json", lambda content: content.update(size=16)),
            "image tower .* cannot encode",
            False,
        ),
    ],
)
@pytest.mark.parametrize("text_only", [False, True])
def test_a_model_that_makes_no_vectors_is_refused(  # noqa: PLR0917
    model: Path,
    tmp_path: Path,
    damage: Callable[[Path], None],
    reason: str,
    either: bool,
    text_only: bool,
) -> None:
    folder = shutil.copytree(model, tmp_path / "foreign")
    damage(folder)
    if text_only and not either:
        models.load(str(folder), images=False, options=EXACT)
        return
    with pytest.raises(EncoderError, match=reason) as caught:
        models.load(str(folder), images=not text_only, options=EXACT)
    assert len(str(caught.value).splitlines()) == 1
