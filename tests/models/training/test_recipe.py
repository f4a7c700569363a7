"""The recipe from the first stage to the finished folder, on a handful of phrases."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPModel, PreTrainedTokenizerFast

from workers.encoders.part_pooling import FILE
from workers.training import phrases
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.corpus import CorpusBuilder, add_annotations, held_out
from workers.training.errors import RunError
from workers.training.evaluation import measure
from workers.training.evaluation.questions import Question
from workers.training.material import Material, join, load_material, save_material
from workers.training.recipe import data
from workers.training.recipe.data import MiniData
from workers.training.recipe.settings import MiniSettings, PhrasesSettings
from workers.training.recipe.stages import Mini
from workers.training.runs import log_entries

ANNOTATIONS = [
    Annotation(locale, row, f"{word} {locale}", True)
    for locale in ("en", "de", "fr", "sw")
    for row, word in enumerate(("black cat", "dog", "red apple", "moon"))
]
SETTINGS = MiniSettings(
    pieces=120,
    align_steps=3,
    align_batch=4,
    distill_steps=4,
    distill_batch=4,
    agree_steps=3,
    revise_steps=(3, 2),
    phrases=tuple(
        PhrasesSettings(steps=steps, rate=1e-3, share=0.5, each=1, things=1, kept=0.5)
        for steps in (3, 2)
    ),
    pooling_steps=3,
    hold_out=0.2,
    bf16=False,
)


def material(hold_out: float) -> Material:
    builder = CorpusBuilder()
    add_annotations(builder, [entry for entry in ANNOTATIONS if not held_out(entry, hold_out)])
    builder.add_vector("paka mweusi", 0, 1.0)
    return Material(builder.build(), np.ones((1, 384), dtype=np.float16))


def phrases_material() -> Material:
    builder = CorpusBuilder()
    builder.add_pictures("big dog de and", {1: 1.0}, 2.0)
    builder.add_vector("eine alte Katze", 1, 1.0)
    return Material(builder.build(), np.full((2, 384), 2, dtype=np.float16))


def test_joined_material_keeps_both_and_their_shares() -> None:
    first, second = material(0.0), phrases_material()
    made = join(first, second, 0.25)
    corpus, count = made.corpus, len(first.corpus)
    assert corpus.phrases == first.corpus.phrases + second.corpus.phrases
    assert corpus.weight[count:].sum() == pytest.approx(corpus.weight.sum() / 4)
    place = corpus.phrases.index("big dog de and")
    assert corpus.rows[corpus.starts[place] : corpus.starts[place + 1]].tolist() == [1]
    for phrase, expected in (("paka mweusi", 1), ("eine alte Katze", 2)):
        vector = corpus.vector[corpus.phrases.index(phrase)]
        assert set(made.vectors[vector].tolist()) == {expected}
    assert corpus.vector[place] == -1


def test_material_survives_being_saved(tmp_path: Path) -> None:
    made = material(0.0)
    save_material(made, tmp_path / "material.pt")
    loaded = load_material(tmp_path / "material.pt")
    assert loaded.corpus.phrases == made.corpus.phrases
    for name in ("starts", "rows", "shares", "vector", "weight"):
        assert np.array_equal(getattr(loaded.corpus, name), getattr(made.corpus, name))
    assert np.array_equal(loaded.vectors, made.vectors)


@pytest.fixture
def run(
    tmp_path: Path,
    pictures: Artwork,
    model: CLIPModel,
    tokenizer: PreTrainedTokenizerFast,
    monkeypatch: pytest.MonkeyPatch,
) -> Mini:
    generator = torch.Generator().manual_seed(2)
    places = torch.nn.functional.normalize(torch.randn(4, 384, generator=generator), dim=-1)
    monkeypatch.setattr(MiniData, "pictures", pictures)
    monkeypatch.setattr(MiniData, "annotations", ANNOTATIONS)
    monkeypatch.setattr(MiniData, "places", (places, torch.zeros(384)))
    monkeypatch.setattr(MiniData, "tokenizer", tokenizer)
    monkeypatch.setattr(Mini, "_fresh", lambda self: model)
    monkeypatch.setattr(data, "gather", lambda *given, hold_out, **named: material(hold_out))
    monkeypatch.setattr(data, "gather_phrases", lambda *given, **named: phrases_material())
    made = [("big dog de", {1: 1.0}), ("a red apple en", {2: 2.0})]
    monkeypatch.setattr(phrases, "phrases", lambda *given, **named: iter(made))
    asked = [Question("en", "a black cat at night", frozenset({0}))]
    monkeypatch.setattr(MiniData, "asked", asked)
    return Mini(tmp_path / "run", tmp_path / "cache", SETTINGS, lambda said: None)


def test_all_stages_to_a_model_that_loads(run: Mini) -> None:
    made = run.run()
    assert measure.Model(made).texts(["black cat en"]).shape == (1, 384)
    assert measure.Model(run.folder / "measured").texts([""]).shape == (1, 384)
    assert (made / FILE).is_file()
    assert not (run.folder / "measured" / FILE).exists()  # what was held out is in no expression
    for stage in [*run.stages, "pooling"]:
        assert json.loads((run.folder / stage / "done.json").read_text("utf-8"))["seconds"] >= 0
        assert stage in run.recipe()
    (logged,) = log_entries(run.folder / "phrases-2")
    assert 0 <= logged["questions_at_5"] <= 1


def test_a_second_call_trains_nothing(run: Mini, monkeypatch: pytest.MonkeyPatch) -> None:
    first = (run.run() / "model.safetensors").read_bytes()
    logs = {path: path.read_bytes() for path in run.folder.glob("*/log.jsonl")}
    assert (run.run() / "model.safetensors").read_bytes() == first
    assert {path: path.read_bytes() for path in run.folder.glob("*/log.jsonl")} == logs


def test_the_stages_can_stop_early(run: Mini) -> None:
    assert not (run.run(until="align") / FILE).exists()
    assert (run.folder / "align" / "done.json").exists()
    assert not (run.folder / "distill").exists()


def test_other_settings_are_refused_by_name(run: Mini) -> None:
    with pytest.raises(RunError, match="distill_steps"):
        Mini(run.folder, run.data.cache, replace(SETTINGS, distill_steps=5), lambda said: None)


def test_names_that_were_missed_stay_marked_when_a_revision_goes_on(run: Mini) -> None:
    run.run()
    marked = torch.load(run.folder / "revise-1" / "missed.pt", weights_only=True)
    assert marked.shape == (len(material(0.0).corpus),)
    assert not marked[material(0.0).corpus.phrases.index("paka mweusi")]  # no name of a picture
    before = run._revised(
        "revise-1",
        run._fresh(),
        material(0.0),
        run.data.material(0.0)[1],
        torch.zeros(4, 384),
    )
    assert np.array_equal(before.corpus.weight > material(0.0).corpus.weight, marked.numpy())
