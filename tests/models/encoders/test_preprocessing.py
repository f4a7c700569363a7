"""Preprocessing as transformers does it, without transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from workers.encoders.preprocessing import Preprocessing

BASE: dict[str, Any] = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "shortest edge, cropped": {
        "size": {"shortest_edge": 32},
        "crop_size": {"height": 32, "width": 32},
    },
    "cropped further": {"size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 24}},
    "padded": {"size": {"shortest_edge": 24}, "crop_size": {"height": 32, "width": 32}},
    "exact": {"size": {"height": 32, "width": 24}, "do_center_crop": False},
    "exact, then cropped": {
        "size": {"height": 40, "width": 44},
        "crop_size": {"height": 32, "width": 32},
    },
    "bilinear": {"size": {"shortest_edge": 32}, "crop_size": 32, "resample": 2},
    "other scale": {"size": {"shortest_edge": 32}, "crop_size": 32, "rescale_factor": 1 / 127.5},
}
SIZES = [(64, 64), (100, 37), (37, 100), (33, 32), (7, 5), (1, 1), (1, 90), (301, 300), (32, 32)]


def _picture(size: tuple[int, int]) -> Image.Image:
    pixels = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels)


def _read(folder: Path, config: dict[str, Any]) -> Preprocessing:
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(config))
    return Preprocessing.read(path)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", CONFIGS)
def test_pixels_equal_those_of_transformers(
    tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    config = BASE | CONFIGS[name]
    picture = _picture(size)
    ours = _read(tmp_path, config)(picture)
    theirs = CLIPImageProcessorPil(**config)(picture, return_tensors="np")["pixel_values"][0]
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    assert np.abs(ours - theirs).max() < 1e-4


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    preprocess = _read(tmp_path, BASE | CONFIGS["exact"])
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    white = Image.new("RGB", (20, 20), (255, 255, 255))
    assert np.array_equal(preprocess(clear), preprocess(white))


@pytest.mark.parametrize("missing", ["size", "image_mean", "image_std"])
def test_a_file_that_lacks_something_is_refused(tmp_path: Path, missing: str) -> None:
    config = BASE | CONFIGS["exact"]
    del config[missing]
    with pytest.raises(ValueError, match=missing):
        _read(tmp_path, config)


@pytest.mark.parametrize("config", [[], None, {"size": None}, {"size": "big"}, {"size": {}}])
def test_rubbish_is_refused(tmp_path: Path, config: Any) -> None:
    written = BASE | config if isinstance(config, dict) else config
    with pytest.raises(ValueError, match=r"preprocessor_config\.json"):
        _read(tmp_path, written)
