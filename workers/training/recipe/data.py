"""The data of the recipe: pictures, names, questions, tokenizer and phrases, made once a run."""

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from workers.training import annotations, artwork, revise, targets
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.chance import seeded
from workers.training.evaluation import questions
from workers.training.evaluation.questions import Question
from workers.training.files import write_whole
from workers.training.languages import base_language
from workers.training.material import (
    Material,
    gather,
    gather_phrases,
    join,
    load_material,
    save_material,
)
from workers.training.recipe.settings import MiniSettings
from workers.training.tokenizer import TokenTable, assemble, learn

Say = Callable[[str], None]


class MiniData:
    """What the stages learn from: packages' data in ``cache``, what is made of it in ``folder``."""

    def __init__(self, folder: Path, cache: Path, settings: MiniSettings) -> None:
        self.folder = folder
        self.cache = cache
        self.settings = settings

    def prepare(self, say: Say) -> None:
        """Fetch and prepare everything that the stages need."""
        say(f"{len(self.pictures.emoji)} pictures, {len(self.annotations)} annotations")
        say(f"{len(self.tokenizer)} pieces")
        material, table = self.material(self.settings.hold_out)
        say(f"{len(material.corpus)} phrases, {len(table.flat)} tokens")
        for number in range(1, len(self.settings.phrases) + 1):
            say(f"{len(self.more_phrases(number).corpus)} further phrases")

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

    def with_phrases(self, material: Material, number: int) -> Material:
        """Return the material with its names drawn more often and the further phrases added."""
        names = {entry.phrase for entry in self.annotations if entry.is_name}
        corpus = material.corpus
        is_name = np.fromiter((one in names for one in corpus.phrases), bool, len(corpus))
        corpus = revise.weigh(corpus, is_name, self.settings.phrases_names)
        share = self.settings.phrases[number - 1].share
        return join(Material(corpus, material.vectors), self.more_phrases(number), share)
