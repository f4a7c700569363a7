"""What all encoders are shown in their tests, and what is asked of every one of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from tests.tiny import EXACT
from workers.encoders import models
from workers.encoders.base import Encoder, EncoderError, Vectors
from workers.encoders.engines.base import EngineOptions

ENGINES = [
    EngineOptions(engine="torch", precision="float32"),
    EngineOptions(engine="openvino", precision="float32"),
]
TEXTS = [
    *("black cat", "A Black CAT!", "ein schwarzer Kater", "чёрный кот", "猫が好き", "قطة سوداء"),
    *("", "  ", "dog " * 90, "검은 고양이, 잠자는", "🐈"),
]
"""Several scripts, nothing at all, capitals, and more than any tower takes."""


def pictures() -> list[Image.Image]:
    """Return noise of odd sizes in colour, grey and with transparency."""
    generator = np.random.default_rng(1)
    shapes = [(20, 30, 3), (16, 16, 3), (90, 17, 3), (3, 4, 3), (31, 23), (27, 40, 4)]
    return [Image.fromarray(generator.integers(0, 256, shape, np.uint8)) for shape in shapes]


def unit(features: torch.Tensor) -> Vectors:
    """Return features at length 1."""
    vectors: NDArray[np.float32] = torch.nn.functional.normalize(features, dim=-1).numpy()
    return vectors


def assert_same(ours: Vectors, theirs: Vectors) -> None:
    """Hold vectors against a reference's, which must tell its inputs apart."""
    assert ours.shape == theirs.shape
    assert theirs.std(axis=0).max() > 0.02
    assert np.abs(ours - theirs).max() < 1e-4
    assert np.abs(np.linalg.norm(ours, axis=1) - 1).max() < 1e-5


def assert_batches_change_nothing(encoder: Encoder, texts: Sequence[str] = TEXTS) -> None:
    """Encode together what is then encoded alone."""
    for text, vector in zip(texts, encoder.encode_texts(texts), strict=True):
        assert np.abs(encoder.encode_texts([text])[0] - vector).max() < 1e-5
    for picture, vector in zip(pictures(), encoder.encode_images(pictures()), strict=True):
        assert np.abs(encoder.encode_images([picture])[0] - vector).max() < 1e-5


def assert_towers_load_alone(folder: Path) -> None:
    """Load each tower without the other: it encodes as in the whole, and says what it lacks."""
    whole = models.load(str(folder), options=EXACT)
    words = models.load(str(folder), images=False, options=EXACT)
    eye = models.load(str(folder), texts=False, options=EXACT)
    assert np.array_equal(whole.encode_texts(TEXTS), words.encode_texts(TEXTS))
    assert np.array_equal(whole.encode_images(pictures()), eye.encode_images(pictures()))
    for part in (words, eye):
        assert (part.revision, part.text_revision) == (whole.revision, whole.text_revision)
        assert (part.dim, part.preprocessing) == (whole.dim, whole.preprocessing)
    with pytest.raises(EncoderError, match="without its image tower"):
        words.encode_images(pictures())
    with pytest.raises(EncoderError, match="without its text tower"):
        eye.encode_texts(TEXTS)


def assert_described_without_torch(family: str, folder: Path) -> None:
    """Read all but the weights in a process of its own, as workers do that only encode."""
    program = (
        "import sys; from pathlib import Path; from workers.encoders.towers import describe;"
        "print(describe(sys.argv[1], Path(sys.argv[2])).tokens(['cat'])[0].ndim);"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    command = [sys.executable, "-c", program, family, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


def assert_refused(folder: Path, reason: str, *, texts: bool = True, images: bool = True) -> None:
    """Load a damaged model: it is refused with a reason (regular expression) of one line."""
    with pytest.raises(EncoderError, match=reason) as raised:
        models.load(str(folder), texts=texts, images=images, options=EXACT)
    assert "\n" not in str(raised.value)


def truncate(path: Path) -> None:
    """Lose the end of a file."""
    path.write_bytes(path.read_bytes()[:-100])


def change(**values: object) -> Callable[[Path], None]:
    """Return a function that sets values in a JSON object on disk; None takes one out."""

    def apply(path: Path) -> None:
        found = json.loads(path.read_text()) | values
        kept = {key: value for key, value in found.items() if value is not None}
        path.write_text(json.dumps(kept))

    return apply
