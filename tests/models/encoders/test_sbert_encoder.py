"""Distilled text towers against sentence-transformers itself, in old and new layouts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import (
    BertConfig,
    BertModel,
    CLIPProcessor,
    DistilBertConfig,
    DistilBertModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from tests import golden
from tests.distilled import LONGEST_TEXT, clip, save_clip, sentence_pieces, word_pieces
from tests.tiny import EXACT, torch_quiet
from workers.encoders import models
from workers.encoders.engines.base import EngineOptions
from workers.images import flatten

WIDTH = 32
DIM = 8


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
    with torch_quiet():
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


def test_what_only_encodes_needs_no_torch(folder: Path) -> None:
    golden.assert_described_without_torch("workers.encoders.sbert", folder)


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
def test_other_transformers_and_layers_are_read_as_well(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    """Lower-casing, a bias, an activation, unit vectors, and texts as long as positions reach."""
    small = {"hidden_size": WIDTH, "intermediate_size": 64, "num_attention_heads": 2}
    deep = {"num_hidden_layers": 2, "initializer_range": 0.2, "max_position_embeddings": 30}
    torch.manual_seed(7)
    if kind == "bert":
        words, limit = word_pieces(), 30
        BertModel(BertConfig(**small, **deep, vocab_size=len(words))).save_pretrained(tmp_path)
    else:
        words, limit = sentence_pieces(), 28
        config = XLMRobertaConfig(**small, **deep, vocab_size=len(words), pad_token_id=1)
        XLMRobertaModel(config).save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    modules = [
        Transformer(str(tmp_path), max_seq_length=limit, do_lower_case=True),
        Pooling(WIDTH, pooling_mode="mean"),
        Dense(WIDTH, 16),
        Dense(16, DIM, bias=False, activation_function=torch.nn.Identity()),
        Normalize(),
    ]
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    shutil.rmtree(copy / "text")
    reference = SentenceTransformer(modules=modules, device="cpu")
    reference.save(str(copy / "text"))
    encoder = models.load(str(copy), images=False, options=EXACT)
    golden.assert_same(encoder.encode_texts(golden.TEXTS), reference.encode(golden.TEXTS))
    assert np.array_equal(*encoder.encode_texts(["A Black CAT", "a black cat"]))


def test_pictures_may_be_those_of_a_plain_clip_model(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    shutil.rmtree(copy / "image")
    save_clip(copy / "image", DIM)
    golden.assert_same(
        models.load(str(copy), options=EXACT).encode_images(golden.pictures()),
        models.load(str(folder), options=EXACT).encode_images(golden.pictures()),
    )


def _list(*kinds: str) -> Callable[[Path], None]:
    return lambda path: _modules(path.parent, {f"{n}": kind for n, kind in enumerate(kinds)})


@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        ("babelpix.json", golden.truncate, r"babelpix\.json is damaged"),
        ("babelpix.json", golden.change(family="bert"), "'bert' are not supported"),
        ("babelpix.json", golden.change(family=None), r"babelpix\.json is damaged: 'family'"),
        ("babelpix.json", golden.change(languages="de"), "no list of codes"),
        ("text/modules.json", Path.unlink, r"text/modules\.json is missing"),
        ("text/modules.json", golden.truncate, "damaged"),
        ("text/modules.json", _list(), "lists nothing"),
        ("text/modules.json", _list("Transformer"), "lists Transformer; supported"),
        ("text/modules.json", _list("Transformer", "Pooling", "LSTM"), "LSTM; supported"),
        ("text/config.json", Path.unlink, r"config\.json is missing"),
        ("text/config.json", golden.change(model_type="t5"), "'t5' are not supported"),
        ("text/config.json", golden.change(vocab_size=9), "do not belong together"),
        ("text/config.json", golden.change(n_layers=3), "incomplete"),
        ("text/config.json", golden.change(pad_token_id=999), "no piece 999 to pad with"),
        ("text/model.safetensors", Path.unlink, r"has no model\.safetensors"),
        ("text/model.safetensors", golden.truncate, "damaged"),
        ("text/tokenizer.json", Path.unlink, r"tokenizer\.json is missing"),
        ("text/1_Pooling/config.json", golden.change(pooling_mode="cls"), "pooled by cls"),
        ("text/1_Pooling/config.json", Path.unlink, r"config\.json is missing"),
        ("text/2_Dense/config.json", Path.unlink, r"config\.json is missing"),
        ("text/2_Dense/config.json", golden.change(use_residual=True), "no linear layer"),
        ("text/2_Dense/config.json", golden.change(activation_function="os.system"), "Identity"),
        ("text/2_Dense/config.json", golden.change(out_features=9), "9 numbers and .* of 8"),
        ("text/2_Dense/config.json", golden.change(in_features=9), "damaged"),
        ("text/2_Dense/model.safetensors", Path.unlink, r"model\.safetensors is missing"),
        ("text/2_Dense/model.safetensors", golden.truncate, "damaged"),
    ],
)
def test_a_damaged_text_tower_says_what_is_wrong(
    folder: Path, tmp_path: Path, file: str, damage: Callable[[Path], object], reason: str
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    damage(copy / file)
    golden.assert_refused(copy, reason, images=False)


@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        ("modules.json", golden.truncate, "damaged"),
        ("modules.json", _list("Router"), "names no CLIP model"),
        ("config.json", Path.unlink, r"config\.json is missing"),
        ("config.json", golden.change(projection_dim=9), "vectors of 8 numbers and .* of 9"),
        ("model.safetensors", Path.unlink, r"has no model\.safetensors"),
        ("model.safetensors", golden.truncate, "damaged"),
    ],
)
def test_a_damaged_image_tower_says_what_is_wrong(
    folder: Path, tmp_path: Path, file: str, damage: Callable[[Path], object], reason: str
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    place = copy / "image"
    inner = place / "0_CLIPModel"
    damage((inner if inner.is_dir() and file != "modules.json" else place) / file)
    golden.assert_refused(copy, reason, texts=False)


def test_the_revisions_change_with_what_they_name(folder: Path, tmp_path: Path) -> None:
    before = models.load(str(folder), options=EXACT)
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    weights = copy / "text/2_Dense/model.safetensors"
    torch.manual_seed(8)
    save_file({"linear.weight": torch.randn(DIM, WIDTH)}, weights)
    after = models.load(str(copy), options=EXACT)
    assert after.text_revision != before.text_revision
    assert after.revision == before.revision
