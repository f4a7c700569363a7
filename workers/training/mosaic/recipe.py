"""The bundled model for drawings and photographs, from packages and the model for drawings.

Every stage has a folder of its own under the run and is skipped when it is finished: pairs →
student → concepts → parts → blend → curve.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from transformers import CLIPModel, PreTrainedTokenizerFast
from transformers.models.clip.modeling_clip import CLIPTextModelWithProjection

from samples import emoji as samples
from workers.encoders import efficientnet
from workers.encoders.models import load, load_text_tower
from workers.encoders.mosaic import family, questions
from workers.encoders.mosaic.asking import Asking
from workers.encoders.mosaic.numbers import FILE, Numbers
from workers.training import annotations, artwork, towers
from workers.training.corpus import Corpus
from workers.training.files import write_whole
from workers.training.material import Material, load_material, save_material
from workers.training.mosaic import build, gate_pictures, pairs, relevance, student, teacher
from workers.training.mosaic.concepts import Concepts
from workers.training.runs import RunSettings

Matrix = npt.NDArray[np.float32]
Say = Callable[[str], None]
BLENDED = 5000
"""Held-out phrases that the blend is learnt from."""
REST = 0.25
"""Of the phrases beside the concepts' names, so many are looked at in the second stage."""


@dataclass(frozen=True, slots=True)
class MosaicSettings:
    """The numbers of a run."""

    student_steps: int = 4700
    concept_steps: int = 1300
    batch: int = 512
    seed: int = 20


class Mosaic:
    """One run of the recipe in ``folder``, with the packages' data in ``cache``."""

    def __init__(
        self, folder: Path, cache: Path, drawings: Path, settings: MosaicSettings, say: Say
    ) -> None:
        self.folder, self.cache, self.settings = folder, cache, settings
        self._drawings, self._say = drawings, say
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, target: Path) -> None:
        """Run what is not finished and write the model to ``target``."""
        before = _numbers_before(target)
        corpus, english = self.pairs
        self._say(f"{len(corpus)} phrases of {len(english)} English ones")
        model = self._student(corpus, english)
        self._write_tower(model, family.tower(target))
        numbers = self._parts()
        build.write(target, numbers, self._annotations, self._artwork)
        numbers = self._blended(numbers, target, corpus, english)
        numbers = build.without_the_common(
            numbers, self._side(numbers, target), self._kept_back(corpus, english)[0]
        )
        numbers = relevance.with_background(numbers, self.cache, self._gallery)
        if before is not None:
            # It is fitted to judgements about photographs, which not everybody has.
            numbers = replace(
                numbers,
                slope=before.slope,
                slope_above_chance=before.slope_above_chance,
                bends=before.bends,
                curve=before.curve,
                similar=before.similar,
            )
        numbers.save(target)

    @cached_property
    def _artwork(self) -> artwork.Artwork:
        return artwork.load(self.cache)

    @cached_property
    def _annotations(self) -> list[annotations.Annotation]:
        return annotations.load(self.cache, self._artwork.alias)

    @cached_property
    def _concepts(self) -> Concepts:
        return Concepts(self.cache)

    @cached_property
    def _names(self) -> set[str]:
        listed = (*self._concepts.names, *self._concepts.kinds)
        return {text.lower() for texts in listed for text in texts}

    @cached_property
    def _tokenizer(self) -> PreTrainedTokenizerFast:
        found: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(self._drawings)
        return found

    @cached_property
    def pairs(self) -> tuple[Corpus, list[str]]:
        """The phrases with their English, gathered at the first call."""
        phrases, meanings = self.folder / "pairs.pt", self.folder / "english.json"
        if not phrases.exists():
            found = pairs.gather(self.cache, self._annotations, self._names, self.settings.seed)
            corpus, english = pairs.corpus(found)
            write_whole(meanings, json.dumps(english, ensure_ascii=False))
            save_material(Material(corpus, np.empty((0, teacher.DIMENSION), np.float16)), phrases)
        return load_material(phrases).corpus, json.loads(meanings.read_text("utf-8"))

    def _student(self, corpus: Corpus, english: list[str]) -> CLIPModel:
        """Run both stages of the text tower."""
        vectors = teacher.encode(english, self.cache)[:]
        names = [names[0] for names in self._concepts.names]
        concepts = torch.from_numpy(teacher.encode(names, self.cache)[:].astype(np.float32))
        own = self.settings
        settings = RunSettings(
            "student",
            steps=own.student_steps,
            batch=own.batch,
            learning_rate=1.5e-3,
            weight_decay=0.0,
            report_steps=250,
            seed=own.seed,
            extra={"near": 2.0},
        )
        model = student.fresh(towers.load(self._drawings))
        student.distil(
            model,
            self._tokenizer,
            corpus,
            vectors=vectors,
            concepts=concepts,
            folder=self.folder / "student",
            settings=settings,
        )
        settings = replace(
            settings,
            stage="concepts",
            steps=own.concept_steps,
            learning_rate=1e-3,
            warmup_steps=60,
            report_steps=200,
        )
        student.distil(
            model,
            self._tokenizer,
            pairs.emphasised(corpus, english, self._names, rest=REST),
            vectors=vectors,
            concepts=concepts,
            folder=self.folder / "concepts",
            settings=settings,
        )
        return model

    def _write_tower(self, model: CLIPModel, target: Path) -> None:
        shape: Any = model.config.text_config
        tower = CLIPTextModelWithProjection(shape)
        own = ("text_model.", "text_projection.")
        state = {name: part for name, part in model.state_dict().items() if name.startswith(own)}
        tower.load_state_dict(state)
        torch.nn.Module.to(tower, torch.float16)
        tower.save_pretrained(target)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(self._drawings / name, target / name)

    @cached_property
    def _pictures(self) -> list[Image.Image]:
        """The emoji."""
        return [samples.render(glyph.emoji) for glyph in samples.glyphs()]

    @cached_property
    def _gallery(self) -> tuple[Matrix, Matrix]:
        """The drawing part's vectors of the emoji, and the classifier's numbers."""
        encoder = load(str(self._drawings), texts=False, options=build.EXACTLY)
        pictures = self._pictures
        drawn = [
            encoder.encode_images(pictures[at : at + 64]) for at in range(0, len(pictures), 64)
        ]
        return np.concatenate(drawn), build.features(build.classifier(), pictures)

    def _parts(self) -> Numbers:
        encoder = load(str(self._drawings), images=False, options=build.EXACTLY)
        pictures = self._pictures
        eye = build.classifier()
        path = self.folder / "gate.json"
        if not path.exists():
            drawn = [_on_white(picture) for picture in pictures]
            drawn += gate_pictures.drawings(self.cache)
            seen = gate_pictures.photographs(self.cache)
            self._say(f"gate: {len(drawn)} drawings, {len(seen)} photographs")
            first = efficientnet.FEATURES
            direction, offset = build.learnt_gate(
                build.features(eye, drawn)[:, :first], build.features(eye, seen)[:, :first]
            )
            write_whole(path, json.dumps([direction.tolist(), offset]))
        direction, offset = json.loads(path.read_text("utf-8"))
        return build.parts(
            self._concepts,
            self.cache,
            encoder,
            self._gallery[0],
            self._annotations,
            named=[glyph.name for glyph in samples.glyphs()],
            gate=(np.asarray(direction, np.float32), float(offset)),
        )

    def _blended(
        self, numbers: Numbers, target: Path, corpus: Corpus, english: list[str]
    ) -> Numbers:
        """Learn how the ways to the text space count, by phrases that no tower was taught."""
        phrases, wanted = self._kept_back(corpus, english)
        return build.with_blend(numbers, self._side(numbers, target), phrases, wanted)

    def _kept_back(self, corpus: Corpus, english: list[str]) -> tuple[list[str], Matrix]:
        """Return phrases that no tower was taught, and float32 [n, 512] what they mean."""
        rows = np.flatnonzero(student.held_out(corpus) & (corpus.weight > 0))
        heavy = pairs.emphasised(corpus, english, self._names).weight[rows]
        draw = np.random.default_rng(self.settings.seed)
        chosen = draw.choice(rows, BLENDED, replace=False, p=heavy / heavy.sum())
        vectors = teacher.encode(english, self.cache)
        phrases = [corpus.phrases[row] for row in chosen]
        return phrases, vectors[corpus.vector[chosen]].astype(np.float32)

    def _side(self, numbers: Numbers, target: Path) -> questions.QuestionSide:
        return questions.QuestionSide(
            load(str(self._drawings), images=False, options=build.EXACTLY),
            load_text_tower(family.tower(target), family.TEXT_SPACE, build.EXACTLY),
            family.load_sentences(),
            Asking.read(target),
            numbers,
        )


def _numbers_before(target: Path) -> Numbers | None:
    """Return the numbers of a model that is to be built anew; None without, or of another form."""
    try:
        return Numbers.read(target) if (target / FILE).exists() else None
    except (TypeError, LookupError):
        return None


def _on_white(picture: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture.convert("RGBA"))
    return ground.convert("RGB")
