"""Multilingual-CLIP's towers against its published formula and against OpenCLIP's definition."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel, CLIPModel, XLMRobertaConfig, XLMRobertaModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from tests import golden, open_clip
from tests.distilled import save_clip, sentence_pieces, word_pieces
from tests.tiny import EXACT, torch_quiet
from workers.encoders import models
from workers.encoders.engines.base import EngineOptions
from workers.images import flatten

WIDTH = 128  # two heads
DIM = 10
POSITIONS = 40
VISION = {"image_size": 32, "layers": 2, "width": 128, "patch_size": 8}
TEXT, IMAGE = "text/model.safetensors", "image/open_clip_model.safetensors"


def _beneath(kind: str) -> tuple[Any, Any]:
    """Return a small transformer of the kind that a text tower stands on, and its tokenizer."""
    small = {"hidden_size": WIDTH, "intermediate_size": 96, "num_hidden_layers": 2}
    sizes = {**small, "num_attention_heads": 2, "max_position_embeddings": POSITIONS}
    torch.manual_seed(5)
    if kind == "LaBSE":
        pieces = word_pieces()
        config = BertConfig(**sizes, vocab_size=len(pieces), initializer_range=0.2)
        return BertModel(config).eval(), pieces
    words = sentence_pieces()
    xlm = XLMRobertaConfig(
        **sizes,
        vocab_size=len(words),
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
        initializer_range=0.2,
    )
    return XLMRobertaModel(xlm).eval(), words


def _save_text(folder: Path, base: str) -> None:
    """Write a text tower as the hub has it: the transformer beneath keeps its pooler."""
    transformer, words = _beneath(base.rpartition("/")[2])
    torch.manual_seed(6)
    head = torch.nn.Linear(WIDTH, DIM)
    words.save_pretrained(folder)
    state = {f"transformer.{name}": value for name, value in transformer.state_dict().items()}
    state["transformer.embeddings.position_ids"] = torch.arange(POSITIONS)[None]
    state |= {f"LinearTransformation.{name}": v for name, v in head.state_dict().items()}
    save_file({name: value.clone() for name, value in state.items()}, folder / "model.safetensors")
    config = {
        "architectures": ["MultilingualCLIP"],
        "modelBase": base,
        "model_type": "M-CLIP",
        "numDims": DIM,
        "torch_dtype": "float32",
        "transformerDimensions": WIDTH,
        "transformers_version": "4.8.1",
    }
    _json(folder / "config.json", config)


def _save_open_clip(folder: Path, **model: object) -> None:
    weights = open_clip.state(width=128, layers=2, patch=8, side=32, dim=DIM, seed=7)
    folder.mkdir(parents=True)
    save_file(weights, folder / "open_clip_model.safetensors")
    text = {"width": 640, "heads": 10, "layers": 12}
    _json(
        folder / "open_clip_config.json",
        {
            "model_cfg": {"embed_dim": DIM, "vision_cfg": VISION, "text_cfg": text, **model},
            "preprocess_cfg": {"mean": open_clip.MEAN, "std": open_clip.STD},
        },
    )
    # The repository is also one of timm's.
    _json(folder / "config.json", {"architecture": "vit_base_patch16_plus_clip_240"})


def _json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "mclip"
    with torch_quiet():
        _save_text(path / "text", "xlm-roberta-large")
    _save_open_clip(path / "image")
    _json(path / "babelpix.json", {"family": "mclip"})
    return path


def _text_reference(kind: str, limit: int) -> Any:
    """Encode as the authors' package does, but for texts that are longer than the positions."""
    transformer, words = _beneath(kind)
    torch.manual_seed(6)
    head = torch.nn.Linear(WIDTH, DIM)
    inputs = words(
        golden.TEXTS, padding=True, truncation=True, max_length=limit, return_tensors="pt"
    )
    mask = inputs["attention_mask"]
    with torch.inference_mode():
        states = transformer(input_ids=inputs["input_ids"], attention_mask=mask)[0]
        mean = (states * mask.unsqueeze(2)).sum(dim=1) / mask.sum(dim=1)[:, None]
        return golden.unit(head(mean))


def _image_reference(folder: Path, *, quick: bool = False) -> Any:
    weights = load_file(folder / IMAGE)
    shown = torch.stack([open_clip.pixels(flatten(p), 32) for p in golden.pictures()])
    with torch.inference_mode():
        return golden.unit(open_clip.features(weights, shown, heads=2, quick=quick))


@pytest.mark.parametrize("options", golden.ENGINES, ids=lambda options: options.engine)
def test_vectors_equal_those_of_the_published_formulas(
    folder: Path, options: EngineOptions
) -> None:
    encoder = models.load(str(folder), options=options)
    texts = _text_reference("xlm-roberta-large", POSITIONS - 2)
    golden.assert_same(encoder.encode_texts(golden.TEXTS), texts)
    golden.assert_same(encoder.encode_images(golden.pictures()), _image_reference(folder))
    assert encoder.dim == DIM
    assert {"de", "ja", "zh-Hant"} <= set(encoder.languages)


def test_a_batch_is_encoded_as_its_members_alone(folder: Path) -> None:
    golden.assert_batches_change_nothing(models.load(str(folder), options=EXACT))


def test_each_tower_loads_alone(folder: Path) -> None:
    golden.assert_towers_load_alone(folder)


def test_what_only_encodes_needs_no_torch(folder: Path) -> None:
    golden.assert_described_without_torch("workers.encoders.mclip", folder)


def test_texts_may_stand_on_labse_and_pictures_on_clip(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    _save_text(copy / "text", "sentence-transformers/LaBSE")
    save_clip(copy / "image", DIM)
    _json(copy / "babelpix.json", {"family": "mclip", "languages": ["kk"]})
    encoder = models.load(str(copy), options=EXACT)
    golden.assert_same(encoder.encode_texts(golden.TEXTS), _text_reference("LaBSE", POSITIONS))
    model: Any = CLIPModel.from_pretrained(copy / "image")
    processor = CLIPImageProcessorPil.from_pretrained(copy / "image")
    shown = processor([flatten(picture) for picture in golden.pictures()], return_tensors="pt")
    with torch.inference_mode():
        images = golden.unit(model.eval().get_image_features(**shown).pooler_output)
    golden.assert_same(encoder.encode_images(golden.pictures()), images)
    assert encoder.languages == ("kk",)


def test_the_activation_is_the_one_that_the_model_states(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    shutil.rmtree(copy / "image")
    _save_open_clip(copy / "image", quick_gelu=True)
    ours = models.load(str(copy), texts=False, options=EXACT).encode_images(golden.pictures())
    golden.assert_same(ours, _image_reference(copy, quick=True))
    assert np.abs(ours - _image_reference(folder)).max() > 1e-3


def _lose(name: str) -> Callable[[Path], None]:
    """Return a function that takes one tensor out of a file of weights."""

    def apply(path: Path) -> None:
        save_file({k: v for k, v in load_file(path).items() if k != name}, path)

    return apply


def _pickle(path: Path) -> None:
    torch.save(load_file(path), path.with_name("pytorch_model.bin"))
    path.unlink()


def _set(part: str, **values: object) -> Callable[[Path], None]:
    """Return a function that changes one part of the model that OpenCLIP's file states."""

    def apply(path: Path) -> None:
        found = json.loads(path.read_text())
        (found["model_cfg"] if part == "model_cfg" else found["model_cfg"][part]).update(values)
        path.write_text(json.dumps(found))

    return apply


_CONFIG = "image/open_clip_config.json"


@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        ("text/config.json", Path.unlink, r"config\.json is missing"),
        ("text/config.json", golden.change(model_type="bert"), "'bert', not of M-CLIP's"),
        ("text/config.json", golden.change(modelBase="gpt2"), "'gpt2' are not supported"),
        ("text/config.json", golden.change(numDims=9), "9 numbers and .* of 10"),
        ("text/config.json", golden.change(numDims=None), "damaged: 'numDims'"),
        ("text/config.json", golden.change(transformerDimensions=9), "size mismatch"),
        (TEXT, Path.unlink, r"damaged: model\.safetensors is missing$"),
        (TEXT, _pickle, r"pickles \S+/text/pytorch_model\.bin \S+/text/model\.safetensors"),
        (TEXT, golden.truncate, r"model\.safetensors cannot be read"),
        (TEXT, _lose("LinearTransformation.bias"), "Missing key"),
        (TEXT, _lose("transformer.encoder.layer.1.output.dense.bias"), "incomplete"),
        (TEXT, _lose("transformer.embeddings.word_embeddings.weight"), "damaged"),
        ("text/tokenizer.json", Path.unlink, r"tokenizer\.json is missing"),
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
        (_CONFIG, Path.unlink, r"open_clip_config\.json is missing"),
        (_CONFIG, golden.truncate, "damaged"),
        (_CONFIG, golden.change(model_cfg=None), "damaged: 'model_cfg'"),
        (_CONFIG, golden.change(preprocess_cfg={"resize_mode": "longest"}), "'longest'"),
        (_CONFIG, _set("model_cfg", embed_dim=9), "10 numbers and .* of 9"),
        (_CONFIG, _set("vision_cfg", timm_model_name="resnet50"), "timm_model_name are not"),
        (_CONFIG, _set("vision_cfg", layers=[3, 4, 6, 3]), "damaged"),
        (_CONFIG, _set("vision_cfg", layers=3), "incomplete"),
        (_CONFIG, _set("vision_cfg", head_width=96), "heads of 96 do not make up 128"),
        (_CONFIG, _set("vision_cfg", image_size=64), r"\(17, 128\), .* \(65, 128\)"),
        (IMAGE, Path.unlink, r"open_clip_model\.safetensors is missing"),
        (IMAGE, _pickle, r"pickles \S+/image/pytorch_model\.bin"),
        (IMAGE, golden.truncate, "damaged"),
        (IMAGE, _lose("visual.proj"), "incomplete"),
    ],
)
def test_a_damaged_image_tower_says_what_is_wrong(
    folder: Path, tmp_path: Path, file: str, damage: Callable[[Path], object], reason: str
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    damage(copy / file)
    golden.assert_refused(copy, reason, texts=False)
