"""Engines agree, keep what they have converted, and stand in for one another."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests import odd_family
from tests.tiny import EXACT
from workers.encoders import models
from workers.encoders.base import Encoder, EncoderError
from workers.encoders.engines.base import EngineOptions, Features
from workers.encoders.engines.choose import start
from workers.encoders.engines.openvino_engine import OpenVinoEngine
from workers.encoders.engines.torch_engine import TorchEngine

TEXTS = ["a black cat", "黒猫", "ein schwarzer Kater auf dem Sofa, der schläft", "🐈‍⬛", ""]
WITHOUT_TORCH = """
import pathlib, sys
from workers.encoders import models
from workers.encoders.engines.base import EngineOptions
options = EngineOptions(engine="openvino", cache_dir=pathlib.Path(sys.argv[1]), isolated=True)
models.load("mini", options=options).encode_texts(["a black cat"])
assert "torch" not in sys.modules and "transformers" not in sys.modules
"""


@pytest.fixture(scope="module")
def exact() -> Encoder:
    return models.load("mini", options=EXACT)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> EngineOptions:
    """Options with a folder of converted towers that only grows."""
    return EngineOptions(engine="openvino", cache_dir=tmp_path_factory.mktemp("towers"))


def _pictures() -> list[Image.Image]:
    generator = np.random.default_rng(1)
    sizes = [(70, 90), (64, 64), (300, 20)]
    return [Image.fromarray(generator.integers(0, 256, (*size, 3), np.uint8)) for size in sizes]


def _cosines(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    products: NDArray[np.float32] = (some * others).sum(1)
    return products


@pytest.mark.parametrize(("precision", "least"), [("float32", 0.99999), ("bfloat16", 0.999)])
def test_openvino_points_where_torch_does(
    exact: Encoder, kept: EngineOptions, precision: str, least: float
) -> None:
    options = replace(kept, precision=precision)
    encoder = models.load("mini", options=options)
    assert encoder.engine == f"openvino {precision}"
    assert _cosines(encoder.encode_texts(TEXTS), exact.encode_texts(TEXTS)).min() > least
    pictures = _pictures()
    assert _cosines(encoder.encode_images(pictures), exact.encode_images(pictures)).min() > least


def test_a_batch_is_encoded_as_its_members_alone(kept: EngineOptions) -> None:
    encoder = models.load("mini", options=kept)
    together = encoder.encode_texts(TEXTS)
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    # To the last bit, also in half precision: nobody's answer depends on who else asks.
    assert np.array_equal(together, alone)
    pictures = _pictures()
    alone = np.concatenate([encoder.encode_images([picture]) for picture in pictures])
    assert _cosines(encoder.encode_images(pictures), alone).min() > 0.9999


def test_a_wide_batch_goes_through_in_parts_of_few_sizes(
    kept: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = models.load("mini", options=kept)
    sizes = []
    whole = OpenVinoEngine._pass

    def counted(self: OpenVinoEngine, inputs: Sequence[NDArray[Any]]) -> Features:
        sizes.append(inputs[0].size)
        return whole(self, inputs)

    monkeypatch.setattr(OpenVinoEngine, "_pass", counted)
    # Its memory grows with each number of tokens it has ever met.
    asked = [f"{text} {number}" for text in TEXTS for number in range(37)]
    made = encoder.encode_texts(asked)
    assert max(sizes) <= 256 < sum(sizes) / 3
    alone = [encoder.encode_texts([text])[0] for text in asked[::23]]
    assert np.array_equal(made[::23], alone)
    assert len({*sizes}) <= 12


def test_threads_may_encode_at_once(kept: EngineOptions) -> None:
    encoder = models.load("mini", options=kept)
    wanted = encoder.encode_texts(TEXTS)
    with ThreadPoolExecutor(4) as threads:
        several = [threads.submit(encoder.encode_texts, TEXTS) for _ in range(16)]
        assert all(np.array_equal(job.result(), wanted) for job in several)


def test_a_worker_that_finds_converted_towers_loads_no_torch(kept: EngineOptions) -> None:
    models.load("mini", options=kept)
    command = [sys.executable, "-c", WITHOUT_TORCH, str(kept.cache_dir)]
    subprocess.run(command, check=True, timeout=180)


def test_a_tower_is_converted_once_for_all_who_want_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    options = EngineOptions(engine="openvino", cache_dir=tmp_path, isolated=True)
    with ThreadPoolExecutor(2) as threads:
        for job in [
            threads.submit(models.load, "mini", images=False, options=options) for _ in range(2)
        ]:
            job.result().encode_texts(TEXTS)
    assert caplog.messages.count("tower_is_converted") == 1


def test_a_damaged_converted_tower_is_converted_again(
    kept: EngineOptions, tmp_path: Path, exact: Encoder
) -> None:
    models.load("mini", images=False, options=kept)
    assert kept.cache_dir is not None
    copied = Path(shutil.copytree(kept.cache_dir, tmp_path / "towers"))
    files = list(copied.glob("text-*/tower.xml"))
    for file in files:
        file.write_text(file.read_text("utf-8")[:1000], "utf-8")
    assert files
    encoder = models.load("mini", images=False, options=replace(kept, cache_dir=copied))
    assert _cosines(encoder.encode_texts(TEXTS), exact.encode_texts(TEXTS)).min() > 0.999


def test_what_is_wrong_with_a_model_is_said_by_the_process_that_converts(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models.model_folder("mini"), tmp_path / "broken"))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    options = EngineOptions(engine="openvino", cache_dir=tmp_path / "towers", isolated=True)
    with pytest.raises(EncoderError, match=f"the model in {folder} is damaged"):
        models.load(str(folder), images=False, options=options)


def test_torch_runs_what_openvino_makes_something_else_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tower = odd_family.tower("capricious")
    options = EngineOptions(cache_dir=tmp_path)
    engine = start(tower, options)
    assert engine.name.startswith("torch")
    assert "torch_instead_of_openvino" in caplog.messages
    assert engine(*tower.examples[1])[0, 0] == 1
    with pytest.raises(EncoderError, match="other vectors than torch"):
        start(tower, replace(options, engine="openvino"))


def test_a_folder_that_cannot_be_written_leaves_the_work_to_torch(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    encoder = models.load("mini", images=False, options=EngineOptions(cache_dir=tmp_path / "file"))
    assert encoder.engine.startswith("torch")
    assert encoder.encode_texts(TEXTS).shape == (len(TEXTS), encoder.dim)


def test_out_of_memory_a_batch_is_halved_until_it_fits() -> None:
    values = np.random.default_rng(2).random((7, 3, 4, 4), np.float32)
    made = TorchEngine(odd_family.tower("greedy"), EXACT)(values)
    assert np.allclose(made, values.mean((2, 3))[:, :2], atol=1e-6)
