"""What a tower knows as a whole, and how much each part of a question counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from workers.encoders.expressions import Expressions, Kind
from workers.encoders.part_pooling import taught
from workers.training import pooling
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.evaluation import measure
from workers.training.phrase_tower import PhraseTower
from workers.training.phrases import Shares
from workers.training.pooling import PartWeights
from workers.training.runs import Run, RunSettings

NAMES = ("cat", "dog", "apple", "moon")
NOISE = ("the", "of", "und", "zz")
SETTINGS = RunSettings(
    "pooling", steps=150, batch=16, learning_rate=3e-2, warmup_steps=0, bf16=False
)


@pytest.fixture
def tower(folder: Path) -> PhraseTower:
    return measure.Model(folder).tower


@pytest.fixture
def gallery(tower: PhraseTower) -> torch.Tensor:
    """Pictures that lie where the tower has put their names."""
    return tower.alone(NAMES)


@pytest.fixture
def made() -> list[tuple[str, Shares]]:
    random = np.random.default_rng(4)
    phrases: list[tuple[str, Shares]] = []
    for _ in range(60):
        row = int(random.integers(len(NAMES)))
        words = [NAMES[row], *random.choice(NOISE, 2)]
        phrases.append((" ".join(random.permutation(words)), {row: 2.0}))
    return phrases


def _known(tower: PhraseTower) -> Expressions:
    return taught(tower.tokenizer.backend_tokenizer, NAMES)


def _right(tower: PhraseTower, made: list[tuple[str, Shares]], gallery: torch.Tensor) -> float:
    best = (tower.encode([phrase for phrase, _ in made]) @ gallery.T).argmax(1).tolist()
    return sum(row in shares for row, (_, shares) in zip(best, made, strict=True)) / len(made)


def test_only_what_the_tower_finds_is_known(tower: PhraseTower, pictures: Artwork) -> None:
    entries = [Annotation("en", row, name, True) for row, name in enumerate(NAMES)]
    entries.append(Annotation("en", 3, "dog", False))  # either answer is right
    random = normalize(torch.randn(12, 384, generator=torch.Generator().manual_seed(1)), dim=-1)
    gallery = torch.cat([tower.alone(["cat", "dog", "zz", "of"]), random])
    found = pooling.known_expressions(tower, pictures, entries, gallery)
    wanted = tower.alone([*NAMES, *pictures.alias]) @ gallery.T
    places = {name: {row} for row, name in enumerate(NAMES)}
    places["dog"].add(3)
    places |= {emoji: {row} for emoji, row in pictures.alias.items()}
    nearest = wanted.argsort(1, descending=True)[:, : pooling.KNOWN_WITHIN].tolist()
    assert found == [
        name for (name, rows), near in zip(places.items(), nearest, strict=True) if rows & {*near}
    ]
    assert {"cat", "dog"} <= {*found}


def test_noise_learns_to_count_little(
    folder: Path,
    tower: PhraseTower,
    made: list[tuple[str, Shares]],
    gallery: torch.Tensor,
    tmp_path: Path,
) -> None:
    known = _known(tower)
    before = _right(tower, made, gallery)
    learnt = pooling.learn(tower, known, made, gallery, Run(tmp_path / "run", SETTINGS))
    learnt.save(folder)
    assert learnt.bias[Kind.KNOWN] > learnt.bias[Kind.UNKNOWN]
    assert _right(measure.Model(folder).tower, made, gallery) == 1.0 > before


def test_a_run_that_was_killed_learns_the_same(
    tower: PhraseTower,
    made: list[tuple[str, Shares]],
    gallery: torch.Tensor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = replace(SETTINGS, steps=12, checkpoint_s=0.0)
    known = _known(tower)
    whole = pooling.learn(tower, known, made, gallery, Run(tmp_path / "whole", settings))
    store = Run._store

    def die_later(run: Run, state: dict[str, object]) -> None:
        store(run, state)
        if state["step"] == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(Run, "_store", die_later)
    run = Run(tmp_path / "killed", settings)
    with pytest.raises(KeyboardInterrupt):
        pooling.learn(tower, known, made, gallery, run)
    monkeypatch.setattr(Run, "_store", store)
    again = pooling.learn(tower, known, made, gallery, run)
    assert np.allclose(again.query, whole.query, atol=1e-6)
    assert np.allclose(again.bias, whole.bias, atol=1e-6)
    assert run.finished


def test_what_is_learnt_pools_as_a_worker_does(
    tower: PhraseTower, made: list[tuple[str, Shares]]
) -> None:
    weights = PartWeights(384)
    with torch.no_grad():
        weights.query.copy_(torch.linspace(-2, 2, 384))
        weights.bias.copy_(torch.tensor([0.5, 1.0, -1.0, 2.0]))
    worker = pooling.pooling_of(tower, _known(tower), weights)
    texts = [phrase for phrase, _ in made]
    parts = worker.cut(texts)
    vectors = tower.alone(parts.texts)
    ours = weights(
        vectors[parts.uses],
        torch.from_numpy(parts.kinds),
        torch.from_numpy(parts.rows),
        len(texts),
    )
    theirs = torch.from_numpy(worker.pool(vectors.numpy(), parts))
    assert torch.allclose(ours, theirs, atol=1e-5)
