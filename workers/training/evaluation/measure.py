"""Measures a saved model folder as the application would use it: its own tokenizer and
preprocessing, pictures rendered from the font, half-precision weights.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch.nn.functional import normalize
from transformers import CLIPImageProcessorPil, PreTrainedTokenizerFast

from samples import emoji as noto
from workers.encoders import models
from workers.encoders.engines.base import EngineOptions
from workers.images import flatten
from workers.training import artwork, towers
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.errors import ModelError
from workers.training.evaluation.metrics import Figures, figures, ranks
from workers.training.evaluation.questions import Question
from workers.training.phrase_tower import PhraseTower

LEAST_NAMES = 1000  # locales with fewer names are regional variants of another


@dataclass(frozen=True)
class Answer:
    """A free question with the five nearest pictures and the rank of the first right one."""

    question: Question
    top: tuple[str, ...]
    rank: int


class Model:
    """A model folder, loaded by path; encodes texts and pictures to unit vectors float32."""

    def __init__(self, folder: Path) -> None:
        began = time.perf_counter()
        self.folder = folder
        self.clip = towers.load(folder)
        self.clip.train(False)
        try:
            tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(
                folder, local_files_only=True
            )
            self._processor = CLIPImageProcessorPil.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError) as error:
            raise ModelError(f"{folder} lacks a tokenizer or image processor: {error}") from error
        self.tower = PhraseTower(self.clip, tokenizer, towers.pooling(folder))
        self.load_s = time.perf_counter() - began
        self.size_bytes = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())

    def texts(self, texts: Sequence[str]) -> torch.Tensor:
        """Return float32 [n, 384] in the order of ``texts``, each by its parts if it is pooled."""
        return self.tower.encode(texts)

    @torch.no_grad()
    def pictures(self, pictures: Sequence[Image.Image], batch: int = 256) -> torch.Tensor:
        """Return float32 [n, 384] of RGB pictures of any size."""
        parts = []
        for start in range(0, len(pictures), batch):
            inputs = self._processor(list(pictures[start : start + batch]), return_tensors="pt")
            hidden = self.clip.vision_model(**inputs).pooler_output
            parts.append(normalize(self.clip.visual_projection(hidden), dim=-1))
        return torch.cat(parts)


def rendered(pictures: Artwork) -> list[Image.Image]:
    """Return Noto's pictures on white as the sample collection has them, in gallery order."""
    return [flatten(noto.render(characters)) for characters in pictures.emoji]


def _unseen(pictures: Artwork) -> tuple[list[Image.Image], list[int]]:
    pixels, rows = pictures.sets[artwork.UNSEEN]
    drawn = [Image.fromarray(one.permute(1, 2, 0).numpy(), "RGBA") for one in pixels]
    return [flatten(one) for one in drawn], rows.tolist()


def names_by_locale(
    model: Model, gallery: torch.Tensor, annotations: Sequence[Annotation]
) -> tuple[Figures, dict[str, Figures]]:
    """Return the figures of all names, and of each locale that has enough of them."""
    by_locale: dict[str, list[Annotation]] = defaultdict(list)
    for entry in annotations:
        if entry.is_name:
            by_locale[entry.locale].append(entry)
    found: dict[str, torch.Tensor] = {}
    for locale, entries in sorted(by_locale.items()):
        if len(entries) >= LEAST_NAMES:
            vectors = model.texts([entry.phrase for entry in entries])
            found[locale] = ranks(vectors, gallery, [frozenset({e.row}) for e in entries])
    everything = figures(torch.cat(list(found.values())))
    return everything, {locale: figures(values) for locale, values in found.items()}


def of_annotations(
    model: Model, gallery: torch.Tensor, annotations: Sequence[Annotation]
) -> Figures:
    """Return the figures of some annotations, all locales together."""
    vectors = model.texts([entry.phrase for entry in annotations])
    return figures(ranks(vectors, gallery, [frozenset({entry.row}) for entry in annotations]))


def unseen_artwork(model: Model, pictures: Artwork, annotations: Sequence[Annotation]) -> Figures:
    """Return the figures of English names against a set of pictures that was never trained on."""
    drawn, rows = _unseen(pictures)
    gallery = model.pictures(drawn)
    place = {row: index for index, row in enumerate(rows)}
    asked = [e for e in annotations if e.locale == "en" and e.is_name and e.row in place]
    vectors = model.texts([entry.phrase for entry in asked])
    return figures(ranks(vectors, gallery, [frozenset({place[e.row]}) for e in asked]))


def free_questions(
    model: Model, gallery: torch.Tensor, pictures: Artwork, questions: Sequence[Question]
) -> tuple[Figures, list[Answer]]:
    """Return the figures of the free questions and what was answered to each."""
    vectors = model.texts([question.text for question in questions])
    found = ranks(vectors, gallery, [question.answers for question in questions])
    best = (vectors @ gallery.T).topk(min(5, len(gallery)), dim=1).indices.tolist()
    answers = [
        Answer(question, tuple(pictures.emoji[row] for row in top), int(rank))
        for question, top, rank in zip(questions, best, found.tolist(), strict=True)
    ]
    return figures(found), answers


def text_latency_ms(folder: Path, texts: Sequence[str], threads: int = 2) -> float:
    """Return the median time in which a worker encodes one question, in milliseconds."""
    encoder = models.load(str(folder), images=False, options=EngineOptions(threads=threads))
    for text in texts[:20]:
        encoder.encode_texts([text])  # warms up
    times = []
    for text in texts:
        began = time.perf_counter()
        encoder.encode_texts([text])
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def as_json(values: dict[str, Figures]) -> dict[str, Any]:
    """Return named figures as plain values."""
    return {name: value.as_dict() for name, value in values.items()}
