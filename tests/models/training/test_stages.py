"""Every stage learns, continues after a kill as if nothing had happened, and refuses a mix-up."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPModel, PreTrainedTokenizerFast

from workers.training import align, distill, towers
from workers.training.artwork import Artwork
from workers.training.corpus import Corpus, CorpusBuilder
from workers.training.errors import RunError
from workers.training.runs import Run, RunSettings, log_entries, rate
from workers.training.tokenizer import TokenTable

SETTINGS = RunSettings(
    "test", steps=24, batch=8, learning_rate=5e-3, warmup_steps=2, bf16=False, report_steps=8
)


@pytest.fixture
def corpus() -> Corpus:
    builder = CorpusBuilder()
    words = ("black cat", "schwarze Katze"), ("dog", "Hund"), ("red apple", "Apfel"), ("moon",)
    for row, phrases in enumerate(words):
        for phrase in phrases:
            builder.add_pictures(phrase, {row: 1.0}, 1.0)
    builder.add_vector("der Mond", 0, 1.0)
    return builder.build()


def batches(corpus: Corpus, tokenizer: PreTrainedTokenizerFast) -> distill.PhraseBatches:
    vectors = torch.nn.functional.normalize(torch.ones(1, 384), dim=-1).numpy().astype(np.float16)
    table = TokenTable(tokenizer, corpus.phrases)
    pad = int(tokenizer.pad_token_id)
    return distill.PhraseBatches(corpus, table, vectors, 4, pad=pad, batch=8, seed=1)


def targets() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.nn.functional.normalize(torch.randn(4, 384, generator=generator), dim=-1)


Stage = Callable[[CLIPModel, Path, RunSettings], None]


@pytest.fixture(params=["align", "distill"])
def stage(
    request: pytest.FixtureRequest,
    corpus: Corpus,
    pictures: Artwork,
    tokenizer: PreTrainedTokenizerFast,
) -> Stage:
    def run_align(model: CLIPModel, folder: Path, settings: RunSettings) -> None:
        align.align(model, pictures, targets(), folder, settings)

    def run_distill(model: CLIPModel, folder: Path, settings: RunSettings) -> None:
        distill.distill(
            model,
            batches(corpus, tokenizer),
            targets(),
            targets(),
            folder=folder,
            settings=settings,
        )

    stages: dict[str, Stage] = {"align": run_align, "distill": run_distill}
    return stages[request.param]


def weights(model: CLIPModel) -> dict[str, torch.Tensor]:
    return {name: values.clone() for name, values in model.state_dict().items()}


def test_the_loss_falls(stage: Stage, model: CLIPModel, tmp_path: Path) -> None:
    stage(model, tmp_path / "run", replace(SETTINGS, steps=80, learning_rate=2e-3))
    losses = [entry["loss"] for entry in log_entries(tmp_path / "run")]
    assert len(losses) == 10
    assert losses[-1] < losses[0]


class KilledError(Exception):
    """Stands for the kill."""


def test_continues_after_a_kill(
    stage: Stage,
    model: CLIPModel,
    tokenizer: PreTrainedTokenizerFast,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = replace(SETTINGS, checkpoint_s=0.0)
    first = weights(model)
    stage(model, tmp_path / "whole", settings)
    whole = weights(model)

    store = Run._store

    def die_later(run: Run, state: dict[str, object]) -> None:
        store(run, state)
        if state["step"] == 13:
            raise KilledError

    model.load_state_dict(first)
    monkeypatch.setattr(Run, "_store", die_later)
    with pytest.raises(KilledError):
        stage(model, tmp_path / "killed", settings)
    monkeypatch.setattr(Run, "_store", store)
    model.load_state_dict(first)
    stage(model, tmp_path / "killed", settings)
    for name, values in model.state_dict().items():
        assert torch.allclose(values, whole[name], atol=1e-6), name


def test_a_finished_stage_is_only_loaded(stage: Stage, model: CLIPModel, tmp_path: Path) -> None:
    first = weights(model)
    stage(model, tmp_path / "run", SETTINGS)
    done = weights(model)
    model.load_state_dict(first)
    stage(model, tmp_path / "run", SETTINGS)
    assert all(torch.equal(values, done[name]) for name, values in model.state_dict().items())


def test_a_kill_before_the_last_file_does_no_harm(
    stage: Stage, model: CLIPModel, tmp_path: Path
) -> None:
    stage(model, tmp_path, SETTINGS)
    done = weights(model)
    (tmp_path / "done.json").unlink()
    stage(model, tmp_path, SETTINGS)
    assert Run(tmp_path, SETTINGS).finished
    assert all(torch.equal(values, done[name]) for name, values in model.state_dict().items())


def test_a_run_that_comes_apart_stops(model: CLIPModel, tmp_path: Path) -> None:
    run = Run(tmp_path, replace(SETTINGS, checkpoint_s=0.0))

    def step_loss(step: int, generator: torch.Generator) -> torch.Tensor:
        return model.logit_scale * (float("nan") if step == 5 else 1.0)

    with pytest.raises(RunError, match=r"step 6 is nan.*lower learning rate"):
        run.train(model, step_loss)
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] == 5


def test_two_processes_do_not_share_a_run(model: CLIPModel, tmp_path: Path) -> None:
    run = Run(tmp_path, SETTINGS)

    def step_loss(step: int, generator: torch.Generator) -> torch.Tensor:
        run.train(model, step_loss)  # a lock knows open files, not processes
        return model.logit_scale

    with pytest.raises(RunError, match="another process is training"):
        run.train(model, step_loss)


def test_damaged_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(RunError, match=r"settings\.json is damaged"):
        Run(tmp_path, SETTINGS)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    Run(tmp_path, SETTINGS)
    with pytest.raises(RunError, match="learning_rate"):
        Run(tmp_path, replace(SETTINGS, learning_rate=1.0))


def test_the_rate_rises_then_falls() -> None:
    settings = replace(SETTINGS, steps=100, warmup_steps=10, final_rate=0.1)
    values = [rate(settings, step) for step in range(101)]
    assert max(values) == pytest.approx(settings.learning_rate)
    assert values[:11] == sorted(values[:11])
    assert values[10:] == sorted(values[10:], reverse=True)
    assert values[100] == pytest.approx(0.1 * settings.learning_rate)


def test_distillation_leaves_the_image_tower_alone(
    model: CLIPModel, corpus: Corpus, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    before = weights(model)
    distill.distill(
        model,
        batches(corpus, tokenizer),
        targets(),
        targets(),
        folder=tmp_path,
        settings=SETTINGS,
    )
    after = model.state_dict()
    changed = {name for name, values in before.items() if not torch.equal(values, after[name])}
    assert changed
    assert all(name.startswith(("text_", "logit_scale")) for name in changed)


def test_what_is_drawn_depends_on_the_step_alone(
    corpus: Corpus, tokenizer: PreTrainedTokenizerFast
) -> None:
    one, other = batches(corpus, tokenizer), batches(corpus, tokenizer)
    drawn = {step: one.draw(step) for step in range(40)}
    for step in (33, 2, 17):
        again = other.draw(step)
        assert torch.equal(again.tokens, drawn[step].tokens)
        assert torch.equal(again.shares, drawn[step].shares)


def test_dropping_tokens_keeps_the_end() -> None:
    tokens = np.array([[5, 6, 7, 8, 9, 1, 0], [5, 6, 1, 0, 0, 0, 0]] * 50, dtype=np.int64)
    dropped = distill.drop_tokens(tokens, 0, 0.4, np.random.default_rng(1))
    assert (dropped[1::2] == tokens[1]).all()  # too short to lose anything
    assert len({tuple(row) for row in dropped[::2].tolist()}) > 5
    for row in dropped.tolist():
        inside = [token for token in row if token]
        assert inside[-1] == 1
        assert row[: len(inside)] == inside


def test_a_saved_model_gives_the_same_vectors(
    model: CLIPModel, folder: Path, pictures: Artwork
) -> None:
    loaded = towers.load(folder)
    ours = towers.encode_pictures(model, pictures.gallery)
    theirs = towers.encode_pictures(loaded, pictures.gallery)
    assert torch.allclose(ours, theirs, atol=2e-3)  # weights are kept in half precision


def test_a_part_of_the_way_is_taken_back(model: CLIPModel) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        model.text_projection.weight.add_(1.0)
    towers.blend(model, before, 0.25)
    for name, value in model.state_dict().items():
        moved = 0.75 if name == "text_projection.weight" else 0.0
        assert torch.allclose(value, before[name] + moved, atol=1e-6)
