"""A model of two repositories, one of them with pickled weights, fetched into one folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import DistilBertConfig, DistilBertModel

from tests.distilled import LONGEST_TEXT, save_clip, word_pieces
from tests.hub import LoopbackHub, Repository
from tests.models.hub.conftest import Operator
from tests.tiny import EXACT, torch_quiet
from workers.encoders.models import load
from workers.hub.catalogue import CATALOGUE

MODEL = CATALOGUE["sbert-clip-vit-b-32"]
WIDTH = 32
_KINDS = {"": "Transformer", "1_Pooling": "Pooling", "2_Dense": "Dense"}


def _save_text(folder: Path) -> None:
    words = word_pieces()
    small = {"dim": WIDTH, "hidden_dim": 64, "n_layers": 1, "n_heads": 2}
    config = DistilBertConfig(
        vocab_size=len(words), max_position_embeddings=LONGEST_TEXT, pad_token_id=0, **small
    )
    DistilBertModel(config).save_pretrained(folder)
    words.save_pretrained(folder)
    modules = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (path, kind) in enumerate(_KINDS.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    pooling = {"word_embedding_dimension": WIDTH, "pooling_mode_mean_tokens": True}
    dense = {
        "in_features": WIDTH,
        "out_features": MODEL.dim,
        "bias": False,
        "activation_function": "torch.nn.modules.linear.Identity",
    }
    for name, settings in (("1_Pooling", pooling), ("2_Dense", dense)):
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps(settings))
    weights = {"linear.weight": torch.randn(MODEL.dim, WIDTH)}
    torch.save(weights, folder / "2_Dense" / "pytorch_model.bin")


@pytest.fixture
def two(hub: LoopbackHub, tmp_path: Path) -> LoopbackHub:
    """The hub with both repositories as well."""
    text, image = tmp_path / "text", tmp_path / "image"
    with torch_quiet():
        _save_text(text)
        save_clip(image / "0_CLIPModel", MODEL.dim)
    for source, folder in zip(MODEL.sources, (text, image), strict=True):
        assert source.revision
        hub.repositories[source.repository] = Repository.of(source.revision, folder)
    return hub


async def test_two_repositories_make_one_encoder(two: LoopbackHub, operator: Operator) -> None:
    code, said = await operator.run("fetch", MODEL.name)
    assert code == 0, said
    folder = operator.models / MODEL.name
    record = json.loads((folder / "fetched.json").read_text())
    assert record["revisions"] == {each.repository: each.revision for each in MODEL.sources}
    await two.close()
    encoder = load(str(folder), options=EXACT)
    assert encoder.encode_texts(["black cat", ""]).shape == (2, MODEL.dim)
    assert encoder.encode_images([Image.new("RGB", (9, 5))]).shape == (1, MODEL.dim)
    assert list(folder.rglob("*.bin")) == []


async def test_a_commit_of_two_says_of_which(two: LoopbackHub, operator: Operator) -> None:
    code, said = await operator.run("fetch", MODEL.name, "--revision", "a" * 40)
    assert code == 1
    assert "write --revision REPOSITORY=" in said
    assert two.fetched == []
