"""A text's vector out of its parts', in a model's folder and without one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from tests.tiny import EXACT, tiny_clip
from workers.encoders import models
from workers.encoders.base import EncoderError, Vectors
from workers.encoders.dual import PooledTextTower
from workers.encoders.expressions import Kind
from workers.encoders.part_pooling import FILE, MOST_PARTS, PartPooling, taught
from workers.training import towers
from workers.training.tokenizer import assemble, learn

TAUGHT = ["black cat", "cat", "dog", "white dog", "猫"]
TEXTS = ["a black cat", "cat", "A white  dog, a black cat", "the dogs", "", "黒い猫", "a black cat"]
DIM = 384


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return assemble(learn([*TAUGHT, *TEXTS] * 3, 90), ["🐕"])


@pytest.fixture
def pooling(tokenizer: PreTrainedTokenizerFast) -> PartPooling:
    backend: Tokenizer = tokenizer.backend_tokenizer
    random = np.random.default_rng(3)
    return PartPooling(
        backend,
        taught(backend, TAUGHT),
        random.normal(size=DIM).astype(np.float32),
        random.normal(size=len(Kind)).astype(np.float32),
    )


@pytest.fixture
def folder(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> Path:
    towers.save(tiny_clip(tokenizer, 3), tokenizer, tmp_path / "model")
    return tmp_path / "model"


def _tower(texts: Sequence[str]) -> Vectors:
    """Stand for a tower: another vector for every text."""
    made = [np.random.default_rng(list(text.encode())).normal(size=DIM) for text in texts]
    return np.array([one / np.linalg.norm(one) for one in made], np.float32)


def test_parts_are_weighted_by_query_and_kind(pooling: PartPooling) -> None:
    parts = {"the dogs": Kind.WHOLE, "the": Kind.UNKNOWN, "dogs": Kind.UNKNOWN}
    parts |= {"a black cat": Kind.WHOLE, "a": Kind.UNKNOWN, "black cat": Kind.KNOWN}
    for text, own in (("the dogs", [*parts][:3]), ("a black cat", [*parts][3:])):
        vectors = _tower(own)
        bias = np.array([pooling.bias[parts[part]] for part in own])
        scores = torch.from_numpy(vectors @ pooling.query + bias)
        wanted = torch.softmax(scores, 0).numpy() @ vectors
        made = pooling.encode([text], _tower)[0]
        assert np.allclose(made, wanted / np.linalg.norm(wanted), atol=1e-6)


def test_an_expression_keeps_the_towers_own_vector(pooling: PartPooling) -> None:
    assert np.allclose(pooling.encode(TAUGHT, _tower), _tower(TAUGHT), atol=1e-6)


def test_it_says_how_much_of_a_text_was_taught(pooling: PartPooling) -> None:
    texts = ["black cat", "the cat", "xyzzy", "", "黒い猫"]
    found = pooling.cut(texts).taught()
    assert found[:, 0].tolist() == pytest.approx([1, 0.5, 0, 0, 1 / 3])
    assert ((found >= 0) & (found <= 1)).all()
    assert (found[:, 0] <= found[:, 1]).all()


class Counted:
    """An engine's tower that notes what it is asked."""

    dim, engine = DIM, "none"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(list(texts))
        return _tower(texts)


def test_words_come_from_memory_and_in_few_numbers(pooling: PartPooling) -> None:
    inner: Any = Counted()
    tower = PooledTextTower(inner, pooling)
    asked = ["a black cat and the dog", "the dogs"]
    made = tower.encode_texts(asked)
    assert np.abs(made - pooling.encode(asked, _tower)).max() < 1e-6
    # a, black cat, and, the, dog, dogs
    assert inner.asked == [asked, ["a", "black cat", "and", "the", "dog", "dogs", "dogs", "dogs"]]
    inner.asked.clear()
    assert np.array_equal(tower.encode_texts(asked), made)
    assert inner.asked == [asked]  # wholes are remembered as answers, not as words


def test_what_several_ask_is_encoded_once(pooling: PartPooling) -> None:
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> Vectors:
        asked.extend(texts)
        return _tower(texts)

    pooling.encode(["a cat", "a dog", "dog", "a cat"], encode)
    assert sorted(asked) == ["a", "a cat", "a dog", "cat", "dog"]


def test_nobody_asks_for_hundreds_of_forward_passes(pooling: PartPooling) -> None:
    parts = pooling.cut([" ".join(f"{number:03}" for number in range(250)), "a dog"])
    assert np.bincount(parts.rows).tolist() == [MOST_PARTS, 3]


def test_a_text_has_the_same_vector_whoever_else_asks(folder: Path, pooling: PartPooling) -> None:
    pooling.save(folder)
    encoder = models.load(str(folder), options=EXACT)
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    assert np.abs(encoder.encode_texts(TEXTS) - alone).max() < 1e-6
    assert np.abs(np.linalg.norm(alone, axis=1) - 1).max() < 1e-5


def test_a_folder_with_pooling_is_another_text_tower_of_the_same_space(
    folder: Path, pooling: PartPooling
) -> None:
    plain = models.load(str(folder), options=EXACT)
    pooling.save(folder)
    pooled = models.load(str(folder), options=EXACT)
    assert pooled.text_revision != plain.text_revision
    assert pooled.revision == plain.revision
    wanted = pooling.encode(TEXTS, plain.encode_texts)
    assert np.abs(pooled.encode_texts(TEXTS) - wanted).max() < 1e-6
    changed = np.abs(wanted - plain.encode_texts(TEXTS)).max(axis=1) > 1e-3
    assert changed.tolist() == [True, False, True, True, False, True, True]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("query", np.zeros(7, np.float32), "for another model"),
        ("bias", np.zeros(2, np.float32), "for another model"),
        ("query", np.full(DIM, np.nan, np.float32), "not finite"),
        ("expressions", np.array([5, 3], np.uint32), "no sorted hashes"),
        ("expressions", np.array([], np.uint32), "no sorted hashes"),
        ("expressions", np.array([3, 5], np.float32), "no sorted hashes"),
        ("expressions", None, "cannot be read: 'expressions'"),
    ],
)
def test_a_damaged_pooling_is_refused(
    folder: Path,
    pooling: PartPooling,
    name: str,
    value: np.ndarray[tuple[int], np.dtype[np.float32]] | None,
    reason: str,
) -> None:
    pooling.save(folder)
    arrays = load_file(folder / FILE)
    del arrays[name]
    save_file(arrays | ({} if value is None else {name: value}), folder / FILE)
    with pytest.raises(EncoderError, match=rf"is damaged: {FILE} .*{reason}"):
        models.load(str(folder), options=EXACT)


def test_a_truncated_pooling_is_refused(folder: Path, pooling: PartPooling) -> None:
    pooling.save(folder)
    (folder / FILE).write_bytes((folder / FILE).read_bytes()[:100])
    with pytest.raises(EncoderError, match=rf"is damaged: {FILE} cannot be read"):
        models.load(str(folder), options=EXACT)
