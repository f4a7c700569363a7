"""Everything that is measured about the model for drawings and photographs, as plain values."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from samples import emoji as samples
from workers.encoders.engines.base import EngineOptions
from workers.encoders.models import load
from workers.encoders.mosaic import family
from workers.encoders.mosaic.numbers import Numbers
from workers.training import artwork
from workers.training.evaluation import colour_pairs, gallery, measure, photographs, questions
from workers.training.evaluation.photographs import Asked
from workers.training.evaluation.questions import Question
from workers.training.mosaic import judging
from workers.training.mosaic.build import classifier, encode_many
from workers.training.mosaic.concepts import Concepts

Matrix = npt.NDArray[np.float32]
HIT = 5
FAILURES = 15


@dataclass(frozen=True, slots=True)
class Emoji:
    """The emoji by their parts, and which answer of the questions each one is."""

    seen: gallery.Seen
    rows: npt.NDArray[np.int64]
    alias: dict[str, int]


class Evaluation:
    """One model, and the photographs of a folder, which are not part of the project."""

    def __init__(self, model: Path, folder: Path, cache: Path) -> None:
        self.model, self.folder, self.cache = model, folder, cache
        self.learnt = Numbers.read(model)
        self.encoder = load(str(model))
        self.paths = photographs.photographs(folder)
        self._drawings = load(str(family.drawings(model)), texts=False)
        self._eye = classifier()

    def look(self, images: Sequence[Image.Image]) -> gallery.Seen:
        """Show pictures to all parts."""
        return gallery.look(images, self._drawings, self._eye)

    @cached_property
    def images(self) -> list[Image.Image]:
        """The photographs."""
        return photographs.opened([*self.paths.values()])

    @cached_property
    def photographs(self) -> gallery.Seen:
        """The photographs by their parts."""
        return self.look(self.images)

    @cached_property
    def emoji(self) -> Emoji:
        """The emoji by their parts."""
        alias = artwork.load(self.cache).alias
        glyphs = list(samples.glyphs())
        rows = np.asarray([alias.get(artwork.bare(glyph.emoji), -1) for glyph in glyphs])
        return Emoji(self.look([samples.render(glyph.emoji) for glyph in glyphs]), rows, alias)

    def asked(self, texts: Sequence[str]) -> Matrix:
        """Return unit vectors float32 [n, dim] of questions."""
        return encode_many(self.encoder, texts)

    def questions(self, which: str) -> list[Asked]:
        """Return the questions about the photographs of one set."""
        return photographs.asked(which, list(self.paths))

    def all(self) -> dict[str, Any]:
        """Measure everything."""
        return {
            "photographs": {which: self.of_photographs(which) for which in photographs.SETS},
            "emoji": self.of_emoji(),
            "colours": self.of_colours(),
            "relevance": self.of_relevance(),
            "costs": self.costs(),
            "dimension": self.encoder.dim,
            "failures": self.failures(),
        }

    def of_photographs(self, which: str) -> dict[str, Any]:
        """Return hit@5 of each group: as they are, without their own class, and of crops."""
        own = self.questions(which)
        asked = self.asked([question.text for question in own])
        classes = gallery.own_classes(list(self.paths), self.photographs, Concepts(self.cache))
        galleries = {
            "whole": self.photographs,
            "masked": self.photographs.without(classes),
            "cropped": self.look(gallery.cropped(self.images)),
        }
        found: dict[str, Any] = {"languages": len({question.language for question in own})}
        for name, pictures in galleries.items():
            hits = photographs.hits(asked @ pictures.vectors(self.learnt).T, own)
            found[name] = {
                group: [count, round(share, 4)]
                for group, (count, share) in photographs.table(hits, own).items()
            }
        return found

    def failures(self, seed: int = 16) -> list[tuple[str, str, str, str]]:
        """Return some questions of the final set that fail: language, text, wanted, found."""
        own = self.questions("final")
        names = list(self.paths)
        scores = self.asked([one.text for one in own]) @ self.photographs.vectors(self.learnt).T
        missed = np.flatnonzero(~photographs.hits(scores, own))
        chosen = np.random.default_rng(seed).permutation(missed)[:FAILURES]
        return [
            (
                own[row].language,
                own[row].text,
                ", ".join(names[answer] for answer in own[row].answers[:3]),
                ", ".join(names[place] for place in np.argsort(-scores[row])[:3]),
            )
            for row in sorted(chosen)
        ]

    def of_emoji(self) -> dict[str, Any]:
        """Return hit@5 of the questions about emoji, alone and among the photographs."""
        drawn = self.emoji.seen.vectors(self.learnt)
        mixed = np.concatenate([drawn, self.photographs.vectors(self.learnt)])
        sets = {
            "development": questions.development(self.emoji.alias),
            "kept apart": questions.load(self.emoji.alias),
        }
        return {
            name: {
                "count": len(own),
                "alone": self._emoji_hits(own, drawn)[0],
                **dict(
                    zip(
                        ("among photographs", "or a photograph"),
                        self._emoji_hits(own, mixed),
                        strict=True,
                    )
                ),
            }
            for name, own in sets.items()
        }

    def _emoji_hits(self, own: Sequence[Question], gallery: Matrix) -> tuple[float, float]:
        """Return the shares of questions with a right emoji in five, and with any right picture.

        ``gallery`` has the emoji, then the photographs if any.
        """
        scores = self.asked([question.text for question in own]) @ gallery.T
        first = np.argsort(-scores, axis=1, kind="stable")[:, :HIT]
        emoji = len(self.emoji.rows)
        also = photographs.also_photographed(list(self.paths))
        drawn, any_right = 0, 0
        for places, question in zip(first.tolist(), own, strict=True):
            is_drawn = any(
                place < emoji and int(self.emoji.rows[place]) in question.answers
                for place in places
            )
            seen_too = also.get((question.language, question.text), frozenset())
            drawn += is_drawn
            any_right += is_drawn or any(place - emoji in seen_too for place in places)
        return round(drawn / len(own), 4), round(any_right / len(own), 4)

    def of_colours(self) -> dict[str, Any]:
        """Return how often the drawing of the colour asked for comes before the other."""
        pairs = colour_pairs.pairs()
        asked = self.asked([pair.text for pair in pairs])
        painted = [
            colour_pairs.painted(pair.emoji, colour)
            for pair in pairs
            for colour in (pair.colour, pair.other)
        ]
        vectors = self.encoder.encode_images(painted).reshape(len(pairs), 2, -1)
        scores = np.einsum("nd,nkd->nk", asked, vectors)
        wrong = [
            pair.text for pair, (right, other) in zip(pairs, scores, strict=True) if right <= other
        ]
        return {"count": len(pairs), "right": 1 - len(wrong) / len(pairs), "wrong": wrong}

    def of_relevance(self) -> dict[str, Any]:
        """Return what the curve is worth on questions that it was not fitted to."""
        found = judging.Judgements(self.model, self.folder, self.cache).checked()
        threshold = found.threshold()
        values: dict[str, Any] = {
            "threshold": round(threshold, 4),
            "reliability": [[round(value, 4) for value in row] for row in found.reliability()],
        }
        for name, own, nothing in (
            ("photographs", judging.PHOTOGRAPHS, judging.NO_PHOTOGRAPH),
            ("emoji", judging.EMOJI, judging.NO_EMOJI),
        ):
            shown = found.shown(own)
            values[name] = {
                "answerable": len(found.parts[own].scores),
                "unanswerable": len(found.parts[nothing].scores),
                "refused": round(1 - found.answered(nothing, threshold), 4),
                "refused as shipped": round(1 - found.answered(nothing, judging.MIN_RELEVANCE), 4),
                "precision": round(shown.precision, 4),
                "kept": round(shown.kept, 4),
                "answered": round(shown.answered, 4),
            }
        return values

    def costs(self) -> dict[str, float]:
        """Return milliseconds of one question and one picture on one thread, and bytes."""
        texts = [question.text for question in self.questions("development")]
        encoder = load(str(self.model), texts=False, options=EngineOptions(threads=1))
        encoder.encode_images(self.images[:1])  # warms up
        took = []
        for image in self.images:
            began = time.perf_counter()
            encoder.encode_images([image])
            took.append(1000 * (time.perf_counter() - began))
        return {
            "question_ms": round(measure.text_latency_ms(self.model, texts, threads=1), 2),
            "picture_ms": round(statistics.median(took), 2),
            "size_bytes": sum(
                path.stat().st_size for path in self.model.rglob("*") if path.is_file()
            ),
        }
