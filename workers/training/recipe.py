"""The bundled model from packages alone: data → align → distill → agree → revise (four
times) → phrases → export.

Every stage has a folder of its own under the run and is skipped when it is finished, so the whole
may be killed and started again at any time.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import CLIPModel, PreTrainedTokenizerFast

from workers.training import (
    align,
    annotations,
    artwork,
    distill,
    revise,
    targets,
    towers,
)
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.chance import seeded
from workers.training.corpus import held_out
from workers.training.evaluation import questions
from workers.training.evaluation.metrics import ranks
from workers.training.evaluation.questions import Question
from workers.training.files import whole_folder, write_whole
from workers.training.languages import base_language
from workers.training.material import (
    Material,
    gather,
    gather_phrases,
    join,
    load_material,
    save_material,
)
from workers.training.runs import Run, RunSettings, Watch, read_settings, refuse_other
from workers.training.tokenizer import TokenTable, assemble, learn

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PhrasesSettings:
    """One stage of phrases of several words.

    ``share`` is their part of all that is drawn, ``each`` how many are made for a locale,
    ``things`` how often a picture named in one word comes for each that is not, ``kept`` how far
    the weights go back afterwards to those before.
    """

    steps: int
    rate: float
    share: float
    each: int
    things: int
    kept: float


@dataclass(frozen=True, slots=True)
class MiniSettings:
    """The numbers of one run; kept beside its result as ``mini.json``."""

    pieces: int = 30_000
    phrases_a_locale: int = 6000
    phrases_of_english: int = 20_000
    hold_out: float = 0.05
    align_steps: int = 4500
    align_batch: int = 192
    distill_steps: int = 12_000
    distill_batch: int = 512
    agree_steps: int = 3500
    revise_steps: tuple[int, ...] = (2400, 2400, 2400, 600)
    revise_factor: float = 5.0
    phrases: tuple[PhrasesSettings, ...] = (
        PhrasesSettings(steps=3000, rate=6e-4, share=0.5, each=6000, things=3, kept=0.35),
    )
    phrases_names: float = 2.0
    leave_out: tuple[str, ...] = ()
    seed: int = 20
    device: str = "cpu"
    bf16: bool = True


class Mini:
    """One run of the recipe in ``folder``, with the packages' data in ``cache``."""

    def __init__(self, folder: Path, cache: Path, settings: MiniSettings, say: Say) -> None:
        self.folder = folder
        self.cache = cache
        self.settings = settings
        self._say = say
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "mini.json"
        wanted = json.loads(json.dumps(asdict(settings)))
        if path.exists():
            refuse_other(folder, read_settings(path), wanted)
        write_whole(path, json.dumps(wanted, indent=2) + "\n")

    @property
    def stages(self) -> dict[str, Callable[[CLIPModel], None]]:
        """The stages after the data by name, in their order."""
        revisions = range(1, len(self.settings.revise_steps) + 1)
        return {
            "align": self.align,
            "distill": self.distill,
            "agree": self.agree,
            **{f"revise-{number}": partial(self.revise, number=number) for number in revisions},
            **{
                f"phrases-{number}": partial(self.phrases, number=number)
                for number in range(1, len(self.settings.phrases) + 1)
            },
        }

    @cached_property
    def pictures(self) -> Artwork:
        """All sets of artwork."""
        return artwork.load(self.cache)

    @cached_property
    def annotations(self) -> list[Annotation]:
        """Names and keywords in all locales but those that are left out."""
        return [
            entry
            for entry in annotations.load(self.cache, self.pictures.alias)
            if base_language(entry.locale) not in self.settings.leave_out
        ]

    @cached_property
    def asked(self) -> list[Question]:
        """The questions to develop by."""
        return questions.development(self.pictures.alias)

    @cached_property
    def places(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The pictures' places in the teacher's space float32 [n, 384], and the centre [384]."""
        return targets.picture_targets(
            self.annotations, len(self.pictures.emoji), self.cache, self.settings.device
        )

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer, learnt at the first call."""
        path = self.folder / "pieces.json"
        if not path.exists():
            learned = learn(self._to_cut(), self.settings.pieces)
            write_whole(path, json.dumps(learned, ensure_ascii=False))
        pieces = [(piece, score) for piece, score in json.loads(path.read_text("utf-8"))]
        return assemble(pieces, self.pictures.alias)

    def _to_cut(self) -> list[str]:
        by_locale: dict[str, set[str]] = {}
        for entry in self.annotations:
            by_locale.setdefault(entry.locale, set()).add(entry.phrase)
        chosen: list[str] = []
        draw = seeded(f"{self.settings.seed} pieces")
        for locale, phrases in sorted(by_locale.items()):
            shuffled = sorted(phrases)
            draw.shuffle(shuffled)
            english = locale == "en"
            most = self.settings.phrases_of_english if english else self.settings.phrases_a_locale
            chosen += shuffled[:most]
        return chosen

    def material(self, hold_out: float) -> tuple[Material, TokenTable]:
        """Return the corpus without the share ``hold_out`` of pairs, and its tokens."""
        path = self.folder / f"material-{hold_out:.2f}.pt"
        if not path.exists():
            save_material(
                gather(
                    self.cache,
                    self.pictures,
                    self.annotations,
                    self.places[1],
                    hold_out=hold_out,
                    leave_out=self.settings.leave_out,
                    seed=self.settings.seed,
                    device=self.settings.device,
                ),
                path,
            )
        material = load_material(path)
        return material, TokenTable(self.tokenizer, material.corpus.phrases)

    def more_phrases(self, number: int) -> Material:
        """Return the phrases of several words that stage ``number`` of them adds."""
        path = self.folder / f"phrases-{number}.pt"
        if not path.exists():
            own = self.settings.phrases[number - 1]
            save_material(
                gather_phrases(
                    self.cache,
                    self.pictures,
                    self.annotations,
                    self.places[1],
                    each=own.each,
                    things=own.things,
                    leave_out=self.settings.leave_out,
                    seed=self.settings.seed + number - 1,
                    device=self.settings.device,
                ),
                path,
            )
        return load_material(path)

    def _run_settings(self, stage: str, **values: Any) -> RunSettings:
        own = self.settings
        return RunSettings(stage, seed=own.seed, device=own.device, bf16=own.bf16, **values)

    def _timed(self, what: str, began: float) -> None:
        self._say(f"{what}: {time.monotonic() - began:.0f} s")

    def data(self) -> None:
        """Fetch and prepare everything that the stages need."""
        began = time.monotonic()
        self._say(f"{len(self.pictures.emoji)} pictures, {len(self.annotations)} annotations")
        self._say(f"{len(self.tokenizer)} pieces")
        material, table = self.material(self.settings.hold_out)
        self._say(f"{len(material.corpus)} phrases, {len(table.flat)} tokens")
        for number in range(1, len(self.settings.phrases) + 1):
            self._say(f"{len(self.more_phrases(number).corpus)} further phrases")
        self._timed("data", began)

    def _fresh(self) -> CLIPModel:
        tokenizer = self.tokenizer
        shape = towers.config(
            len(tokenizer), eos=tokenizer.eos_token_id, pad=tokenizer.pad_token_id
        )
        return towers.build(shape, self.settings.seed)

    def align(self, model: CLIPModel) -> None:
        """Run stage one: the image tower towards the teacher's space."""
        self._align(model, "align", self.settings.align_steps, 1.2e-3, self.places[0])

    def agree(self, model: CLIPModel) -> None:
        """Run stage three: every artist's picture towards the vector of the gallery's own.

        That is where the text tower has learnt to look; artwork never seen gains most by it.
        """
        gallery = towers.encode_pictures(model, self.pictures.gallery)
        path = self.folder / "agree-gallery.pt"
        if path.exists():  # the tower changes while it trains, what it trains towards does not
            gallery = torch.load(path, weights_only=True)
        else:
            partial = path.with_suffix(".partial")
            torch.save(gallery, partial)
            partial.rename(path)
        self._align(model, "agree", self.settings.agree_steps, 6e-4, gallery)

    def _align(
        self,
        model: CLIPModel,
        name: str,
        steps: int,
        learning_rate: float,
        places: torch.Tensor,
    ) -> None:
        settings = self._run_settings(
            name,
            steps=steps,
            batch=self.settings.align_batch,
            learning_rate=learning_rate,
            weight_decay=0.05,
            report_steps=250,
        )
        align.align(model, self.pictures, places, self.folder / name, settings)

    def _batches(self, material: Material, table: TokenTable, stage: int) -> distill.PhraseBatches:
        return distill.PhraseBatches(
            material.corpus,
            table,
            material.vectors,
            len(self.pictures.emoji),
            pad=self.tokenizer.pad_token_id,
            batch=self.settings.distill_batch,
            seed=self.settings.seed + stage,
        )

    def _watch(self, model: CLIPModel, gallery: torch.Tensor) -> Watch:
        """Return what logs recall on a sample of the names, those seen and those held out, and
        the hits among the questions to develop by.
        """
        asked = self.asked
        asked_table = TokenTable(self.tokenizer, [question.text for question in asked])
        names = [entry for entry in self.annotations if entry.is_name]
        share = self.settings.hold_out
        parts = {
            "seen": [entry for entry in names[::150] if not held_out(entry, share)],
            "held_out": [entry for entry in names if held_out(entry, share)][::8],
        }
        tables = {
            part: TokenTable(self.tokenizer, [entry.phrase for entry in found])
            for part, found in parts.items()
        }

        def watch(step: int) -> dict[str, float]:
            figures: dict[str, float] = {}
            for part, found in parts.items():
                rows = np.arange(len(found))
                vectors = revise.encode_phrases(
                    model, tables[part], rows, self.tokenizer.pad_token_id
                )
                nearest = (vectors @ gallery.T).topk(min(10, len(gallery)), dim=1).indices
                hit = nearest.eq(torch.tensor([entry.row for entry in found])[:, None])
                figures[f"{part}_at_1"] = float(hit[:, :1].any(1).float().mean())
                figures[f"{part}_at_10"] = float(hit.any(1).float().mean())
            vectors = revise.encode_phrases(
                model, asked_table, np.arange(len(asked)), self.tokenizer.pad_token_id
            )
            found_at = ranks(vectors, gallery, [question.answers for question in asked])
            figures["questions_at_5"] = float((found_at <= 5).float().mean())
            return figures

        return watch

    def distill(self, model: CLIPModel) -> None:
        """Run stage two: the text tower towards the pictures' vectors and the teacher's."""
        steps = self.settings.distill_steps
        self._distil(model, "distill", steps, 1.6e-3, self.settings.hold_out)

    def revise(self, model: CLIPModel, number: int) -> None:
        """Run a stage after that: on all pairs, and the names still missed more often."""
        steps = self.settings.revise_steps[number - 1]
        self._distil(model, f"revise-{number}", steps, 1e-3 * 0.75**number, 0)

    def phrases(self, model: CLIPModel, number: int) -> None:
        """Run a last stage: phrases of several words among all that came before.

        Afterwards the weights go a part of the way back, which brings most of the names back that
        it cost and leaves most of what it taught.
        """
        own = self.settings.phrases[number - 1]
        before = {name: value.clone() for name, value in model.state_dict().items()}
        self._distil(model, f"phrases-{number}", own.steps, own.rate, 0)
        towers.blend(model, before, own.kept)

    def _distil(
        self, model: CLIPModel, name: str, steps: int, learning_rate: float, hold_out: float
    ) -> None:
        settings = self._run_settings(
            name,
            steps=steps,
            batch=self.settings.distill_batch,
            learning_rate=learning_rate,
            weight_decay=0.0,
            warmup_steps=min(200, steps // 10),
            report_steps=500,
            extra={"near": 1.0},
        )
        if Run(self.folder / name, settings).finished:
            state = torch.load(self.folder / name / "last.pt", weights_only=True)
            model.load_state_dict(state["model"])
            return
        material, table = self.material(hold_out)
        gallery = towers.encode_pictures(model, self.pictures.gallery)
        if name != "distill":
            material = self._revised(name, model, material, table, gallery)
        if name.startswith("phrases"):
            material = self._with_phrases(material, int(name.rpartition("-")[2]))
            table = TokenTable(self.tokenizer, material.corpus.phrases)
        distill.distill(
            model,
            self._batches(material, table, list(self.stages).index(name)),
            gallery,
            self.places[0],
            folder=self.folder / name,
            settings=settings,
            watch=self._watch(model, gallery),
        )

    def _with_phrases(self, material: Material, number: int) -> Material:
        """Return the material with its names drawn more often and the further phrases added."""
        names = {entry.phrase for entry in self.annotations if entry.is_name}
        corpus = material.corpus
        is_name = np.fromiter((one in names for one in corpus.phrases), bool, len(corpus))
        corpus = revise.weigh(corpus, is_name, self.settings.phrases_names)
        share = self.settings.phrases[number - 1].share
        return join(Material(corpus, material.vectors), self.more_phrases(number), share)

    def _revised(
        self,
        stage: str,
        model: CLIPModel,
        material: Material,
        table: TokenTable,
        gallery: torch.Tensor,
    ) -> Material:
        """Return the material in which the names are marked that were missed before ``stage``.

        The marks are kept: the model changes while it trains, and a run that is continued must
        draw what it drew.
        """
        path = self.folder / stage / "missed.pt"
        if path.exists():
            missed = torch.load(path, weights_only=True).numpy()
        else:
            names = {entry.phrase for entry in self.annotations if entry.is_name}
            is_name, missed = revise.missed_names(
                model, material.corpus, table, gallery, names, pad=self.tokenizer.pad_token_id
            )
            self._say(f"{stage}: {missed.sum()} of {is_name.sum()} names are missed")
            partial = path.with_suffix(".partial")
            torch.save(torch.from_numpy(missed), partial)
            partial.rename(path)
        corpus = revise.weigh(material.corpus, missed, self.settings.revise_factor)
        return Material(corpus, material.vectors)

    def recipe(self) -> str:
        """Return what was trained how long, in Markdown, from the stages' own files."""
        lines = ["| stage | steps | batch | learning rate | time |", "|---|---:|---:|---:|---:|"]
        for stage in self.stages:
            folder = self.folder / stage
            if not (folder / "done.json").exists():
                continue
            settings = json.loads((folder / "settings.json").read_text("utf-8"))
            seconds = json.loads((folder / "done.json").read_text("utf-8"))["seconds"]
            lines.append(
                f"| {stage} | {settings['steps']} | {settings['batch']} "
                f"| {settings['learning_rate']:g} | {seconds / 60:.0f} min |"
            )
        return "\n".join(lines) + "\n"

    def run(self, until: str = "") -> Path:
        """Run the stages up to ``until`` that are not finished; return the last model's folder."""
        model = self._fresh()
        self.data()
        for name, stage in self.stages.items():
            began = time.monotonic()
            stage(model)
            self._timed(name, began)
            if name == "distill":
                # What was held out can only be measured on this one.
                with whole_folder(self.folder / "measured") as made:
                    towers.save(model, self.tokenizer, made)
            if name == until:
                break
        with whole_folder(self.folder / "model") as made:
            towers.save(model, self.tokenizer, made)
        return self.folder / "model"
