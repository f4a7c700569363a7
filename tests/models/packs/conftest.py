"""A tiny base model and packs for it, made by the real code in a second."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny import EXACT, tiny_clip, torch_quiet
from workers.encoders import models
from workers.encoders.base import Encoder
from workers.encoders.expressions import Kind
from workers.encoders.part_pooling import PartPooling, taught
from workers.packs.store import PackStore
from workers.training import towers
from workers.training.pack import PackSettings, make_pack
from workers.training.tokenizer import assemble, learn

PHRASES = ["a black cat", "white dog", "musta kissa", "valkoinen koira", "แมวดำ", "หมาขาว"] * 3
PAIRS = {
    "fi": [("musta kissa", "black cat"), ("valkoinen koira", "white dog"), ("kuu", "moon")],
    "th": [("แมวดำ", "black cat"), ("หมาขาว", "white dog"), ("พระจันทร์", "moon")],
}
SETTINGS = PackSettings(steps=3, batch=8, learning_rate=1e-2, bf16=False)


@contextmanager
def _quietly() -> Iterator[None]:
    torch.set_num_threads(1)
    with torch_quiet():
        yield


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with _quietly():
        yield


def _base(folder: Path, seed: int) -> Path:
    tokenizer = assemble(learn(PHRASES, 100), ["🐈"])
    with _quietly():
        towers.save(tiny_clip(tokenizer, seed), tokenizer, folder)
    backend = tokenizer.backend_tokenizer
    query = np.random.default_rng(seed).normal(size=towers.DIMENSION).astype(np.float32)
    known = taught(backend, ["black cat", "dog"])
    PartPooling(backend, known, query, np.zeros(len(Kind), np.float32)).save(folder)
    return folder


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the base model."""
    return _base(tmp_path_factory.mktemp("base") / "small", 1)


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model with another space."""
    return _base(tmp_path_factory.mktemp("base") / "other", 2)


@pytest.fixture(scope="session")
def made(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of a pack for each language, by language. Not to be changed."""
    folder = tmp_path_factory.mktemp("made")
    found = {}
    for language, pairs in PAIRS.items():
        path = folder / f"{language}.tsv"
        lines = [f"{language}\t{phrase}\t{english}\n" for phrase, english in pairs]
        path.write_text("".join(lines), encoding="utf-8")
        with _quietly():
            found[language] = make_pack(model, path, folder / language, SETTINGS)
    return found


@pytest.fixture
def copy(made: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Copies a language's pack into a folder of one's own."""

    def copied(language: str) -> Path:
        return Path(shutil.copytree(made[language], tmp_path / f"copy-{language}"))

    return copied


@pytest.fixture
def store(model: Path, tmp_path: Path) -> PackStore:
    """An empty folder of installed packs."""
    return PackStore(tmp_path / "packs", model, EXACT)


@pytest.fixture(scope="session")
def encoder(model: Path) -> Encoder:
    """The base encoder."""
    with _quietly():
        return models.load(str(model), options=EXACT)
