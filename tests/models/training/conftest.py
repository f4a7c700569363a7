"""Tiny models and data: every stage in seconds, without a download."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import CLIPModel, PreTrainedTokenizerFast

from tests.tiny import tiny_clip, torch_quiet
from workers.training import artwork, towers
from workers.training.artwork import Artwork
from workers.training.tokenizer import assemble, learn

PHRASES = [
    "a black cat",
    "a white dog",
    "red apple",
    "the moon",
    "schwarze Katze",
    "weißer Hund",
    "roter Apfel",
    "der Mond",
    "黒い猫",
    "แมวสีดำ",
    "काली बिल्ली",
    "кот",
] * 3
EMOJI = ("🐈‍⬛", "🐕", "🍎", "🌙")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.getLogger("transformers").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    with torch_quiet():
        yield


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return assemble(learn(PHRASES, 120), EMOJI)


@pytest.fixture
def model(tokenizer: PreTrainedTokenizerFast) -> CLIPModel:
    return tiny_clip(tokenizer, 3)


@pytest.fixture
def folder(model: CLIPModel, tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> Path:
    towers.save(model, tokenizer, tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def pictures() -> Artwork:
    generator = torch.Generator().manual_seed(5)
    pixels = torch.randint(0, 256, (4, 4, 72, 72), generator=generator, dtype=torch.uint8)
    pixels[:, 3] = 255
    sets = {name: (pixels.clone(), torch.arange(4)) for name in (*artwork.TRAINED, artwork.UNSEEN)}
    alias = {emoji: row for row, emoji in enumerate(EMOJI)}
    return Artwork(EMOJI, ("black cat", "dog", "red apple", "crescent moon"), alias, sets)
