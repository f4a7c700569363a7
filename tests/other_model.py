"""A second model for tests on the real servers: random weights, made by the real code."""

from __future__ import annotations

from pathlib import Path

from tests.tiny import tiny_clip, torch_quiet
from workers.training import towers
from workers.training.tokenizer import assemble, learn

_PHRASES = ["a black cat", "white dog", "a red circle", "a question number"] * 3


def other_model(folder: Path, seed: int = 1) -> Path:
    """Write a model that knows nothing, in a second."""
    tokenizer = assemble(learn(_PHRASES, 100), ["🐈"])
    with torch_quiet():
        towers.save(tiny_clip(tokenizer, seed), tokenizer, folder)
    return folder
