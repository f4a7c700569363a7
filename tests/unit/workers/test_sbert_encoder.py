"""Distilled text towers against sentence-transformers itself, in old and new layouts."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import CLIPProcessor, DistilBertConfig, DistilBertModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from tests import golden
from tests.distilled import LONGEST_TEXT, clip, save_clip, word_pieces
from tests.tiny import EXACT
from workers.encoders import models
from workers.encoders.base import EncoderError
from workers.encoders.engines.base import EngineOptions
from workers.images import flatten

WIDTH = 32
DIM = 8


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # torch's own code on this Python, not ours
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"torch\..*")
        yield


def _transformer(folder: Path) -> None:
    words = word_pieces()
    torch.manual_seed(5)
    config = DistilBertConfig(
        vocab_size=len(words),
        dim=WIDTH,
        hidden_dim=64,
        n_layers=2,
        n_heads=2,
        max_position_embeddings=40,
        initializer_range=0.2,
    )
    DistilBertModel(config).save_pretrained(folder)
    words.save_pretrained(folder)


def _save_new(folder: Path) -> None:
    """Let sentence-transformers write both halves."""
    _transformer(folder / "base")
    torch.manual_seed(6)
    modules = [
        Transformer(str(folder / "base"), max_seq_length=LONGEST_TEXT),
        Pooling(WIDTH, pooling_mode="mean"),
        Dense(WIDTH, DIM, bias=False, activation_function=torch.nn.Identity()),
    ]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "text"))
    clip(DIM).save_pretrained(folder / "clip")
    CLIPProcessor(
        CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}),
        word_pieces(),
    ).save_pretrained(folder / "clip")
    SentenceTransformer(str(folder / "clip"), device="cpu").save(str(folder / "image"))
    shutil.rmtree(folder / "base")
    shutil.rmtree(folder / "clip")


def _save_old(folder: Path) -> None:
    """Write both halves as they lie on the hub, from the years of version 2."""
    text, image = folder / "text", folder / "image"
    _transformer(text)
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Dense": "Dense"}
    _modules(text, kinds)
    _json(text / "sentence_bert_config.json", {"max_seq_length": 24, "do_lower_case": False})
    flags = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
    modes = {f"pooling_mode_{flag}": flag == "mean_tokens" for flag in flags}
    _json(text / "1_Pooling/config.json", {"word_embedding_dimension": WIDTH, **modes})
    identity = "torch.nn.modules.linear.Identity"
    shape = {"in_features": WIDTH, "out_features": DIM, "bias": False}
    _json(text / "2_Dense/config.json", {**shape, "activation_function": identity})
    torch.manual_seed(6)
    save_file({"linear.weight": torch.randn(DIM, WIDTH)}, text / "2_Dense/model.safetensors")
    _modules(image, {"0_CLIPModel": "CLIPModel"})
    save_clip(image / "0_CLIPModel", DIM)
    word_pieces().save_pretrained(image / "0_CLIPModel")


def _modules(folder: Path, kinds: dict[str, str]) -> None:
    _json(
        folder / "modules.json",
        [
            {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for n, (path, kind) in enumerate(kinds.items())
        ],
    )


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(json.dumps(content))


@pytest.fixture(scope="module", params=["old", "new"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / str(request.param)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"torch\..*")
        (_save_old if request.param == "old" else _save_new)(path)
    _json(path / "babelpix.json", {"family": "sbert", "languages": ["de", "pt-BR"]})
    return path


@pytest.mark.parametrize("options", golden.ENGINES, ids=lambda options: options.engine)
def test_vectors_equal_those_of_sentence_transformers(folder: Path, options: EngineOptions) -> None:
    encoder = models.load(str(folder), options=options)
    texts = _reference(folder / "text").encode(golden.TEXTS, normalize_embeddings=True)
    shown: Any = [flatten(picture) for picture in golden.pictures()]
    images = _reference(folder / "image").encode(shown, normalize_embeddings=True)
    golden.assert_same(encoder.encode_texts(golden.TEXTS), texts)
    golden.assert_same(encoder.encode_images(golden.pictures()), images)
    assert (encoder.dim, encoder.languages) == (DIM, ("de", "pt-BR"))


def _reference(folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def test_a_batch_is_encoded_as_its_members_alone(folder: Path) -> None:
    golden.assert_batches_change_nothing(models.load(str(folder), options=EXACT))


def test_each_tower_loads_alone(folder: Path) -> None:
    golden.assert_towers_load_alone(folder)
