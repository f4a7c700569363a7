"""The bundled model from packages alone: data → align → distill → agree → revise (four
times) → phrases → pooling → export.

Every stage has a folder of its own under the run and is skipped when it is finished, so the whole
may be killed and started again at any time.
"""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import CLIPModel

from workers.encoders import part_pooling
from workers.training import align, distill, pooling, revise, towers
from workers.training.corpus import held_out
from workers.training.evaluation.metrics import ranks
from workers.training.files import whole_folder, write_whole
from workers.training.material import Material
from workers.training.recipe.data import MiniData, Say
from workers.training.recipe.settings import MiniSettings
from workers.training.runs import Run, RunSettings, Watch, read_settings, refuse_other
from workers.training.tokenizer import TokenTable


class Mini:
    """One run of the recipe in ``folder``, with the packages' data in ``cache``."""

    def __init__(self, folder: Path, cache: Path, settings: MiniSettings, say: Say) -> None:
        self.folder = folder
        self.settings = settings
        self._say = say
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "mini.json"
        wanted = json.loads(json.dumps(asdict(settings)))
        if path.exists():
            refuse_other(folder, read_settings(path), wanted)
        write_whole(path, json.dumps(wanted, indent=2) + "\n")
        self.data = MiniData(folder, cache, settings)

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

    def _run_settings(self, stage: str, **values: Any) -> RunSettings:
        own = self.settings
        return RunSettings(stage, seed=own.seed, device=own.device, bf16=own.bf16, **values)

    def _timed(self, what: str, began: float) -> None:
        self._say(f"{what}: {time.monotonic() - began:.0f} s")

    def prepare(self) -> None:
        """Fetch and prepare everything that the stages need."""
        began = time.monotonic()
        self.data.prepare(self._say)
        self._timed("data", began)

    def _fresh(self) -> CLIPModel:
        tokenizer = self.data.tokenizer
        shape = towers.config(
            len(tokenizer), eos=tokenizer.eos_token_id, pad=tokenizer.pad_token_id
        )
        return towers.build(shape, self.settings.seed)

    def align(self, model: CLIPModel) -> None:
        """Run stage one: the image tower towards the teacher's space."""
        self._align(model, "align", self.settings.align_steps, 1.2e-3, self.data.places[0])

    def agree(self, model: CLIPModel) -> None:
        """Run stage three: every artist's picture towards the vector of the gallery's own.

        That is where the text tower has learnt to look; artwork never seen gains most by it.
        """
        gallery = towers.encode_pictures(model, self.data.pictures.gallery)
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
        align.align(model, self.data.pictures, places, self.folder / name, settings)

    def _batches(self, material: Material, table: TokenTable, stage: int) -> distill.PhraseBatches:
        return distill.PhraseBatches(
            material.corpus,
            table,
            material.vectors,
            len(self.data.pictures.emoji),
            pad=self.data.tokenizer.pad_token_id,
            batch=self.settings.distill_batch,
            seed=self.settings.seed + stage,
        )

    def _watch(self, model: CLIPModel, gallery: torch.Tensor) -> Watch:
        """Return what logs recall on a sample of the names, those seen and those held out, and
        the hits among the questions to develop by.
        """
        asked = self.data.asked
        asked_table = TokenTable(self.data.tokenizer, [question.text for question in asked])
        names = [entry for entry in self.data.annotations if entry.is_name]
        share = self.settings.hold_out
        parts = {
            "seen": [entry for entry in names[::150] if not held_out(entry, share)],
            "held_out": [entry for entry in names if held_out(entry, share)][::8],
        }
        tables = {
            part: TokenTable(self.data.tokenizer, [entry.phrase for entry in found])
            for part, found in parts.items()
        }

        def watch(step: int) -> dict[str, float]:
            figures: dict[str, float] = {}
            for part, found in parts.items():
                rows = np.arange(len(found))
                vectors = revise.encode_phrases(
                    model, tables[part], rows, self.data.tokenizer.pad_token_id
                )
                nearest = (vectors @ gallery.T).topk(min(10, len(gallery)), dim=1).indices
                hit = nearest.eq(torch.tensor([entry.row for entry in found])[:, None])
                figures[f"{part}_at_1"] = float(hit[:, :1].any(1).float().mean())
                figures[f"{part}_at_10"] = float(hit.any(1).float().mean())
            vectors = revise.encode_phrases(
                model, asked_table, np.arange(len(asked)), self.data.tokenizer.pad_token_id
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
        material, table = self.data.material(hold_out)
        gallery = towers.encode_pictures(model, self.data.pictures.gallery)
        if name != "distill":
            material = self._revised(name, model, material, table, gallery)
        if name.startswith("phrases"):
            material = self.data.with_phrases(material, int(name.rpartition("-")[2]))
            table = TokenTable(self.data.tokenizer, material.corpus.phrases)
        distill.distill(
            model,
            self._batches(material, table, list(self.stages).index(name)),
            gallery,
            self.data.places[0],
            folder=self.folder / name,
            settings=settings,
            watch=self._watch(model, gallery),
        )

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
            names = {entry.phrase for entry in self.data.annotations if entry.is_name}
            is_name, missed = revise.missed_names(
                model, material.corpus, table, gallery, names, pad=self.data.tokenizer.pad_token_id
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
        for stage in [*self.stages, "pooling"]:
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
        self.prepare()
        for name, stage in self.stages.items():
            began = time.monotonic()
            stage(model)
            self._timed(name, began)
            if name == "distill":
                # What was held out can only be measured on this one.
                with whole_folder(self.folder / "measured") as made:
                    towers.save(model, self.data.tokenizer, made)
            if name == until:
                break
        with whole_folder(self.folder / "model") as made:
            towers.save(model, self.data.tokenizer, made)
            if not until:
                began = time.monotonic()
                self.pool(made)
                self._timed("pooling", began)
        return self.folder / "model"

    def pool(self, folder: Path) -> None:
        """Run what comes last: how much each part of a question counts, the towers as they are."""
        kept = self.folder / "pooling"
        if not (kept / part_pooling.FILE).exists():
            learnt = pooling.pool(
                folder,
                self.data.cache,
                self.data.pictures,
                self.data.annotations,
                run=kept,
                settings=self.settings,
                say=self._say,
            )
            learnt.save(kept)
        shutil.copyfile(kept / part_pooling.FILE, folder / part_pooling.FILE)
