"""MEXMA-SigLIP against the formula of its cards, on the towers that transformers has."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import SiglipVisionConfig, SiglipVisionModel, XLMRobertaConfig, XLMRobertaModel
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from tests import golden, siglip
from tests.distilled import sentence_pieces
from tests.tiny import EXACT, torch_quiet
from workers.encoders import models
from workers.encoders.base import EncoderError
from workers.encoders.engines.base import EngineOptions
from workers.images import flatten

WIDTH, DIM = 128, 144
"""Two heads each, as wide as those of the real towers."""
POSITIONS = 40
WEIGHTS = "model.safetensors"
Tensors = dict[str, torch.Tensor]


def _towers() -> tuple[Any, Any, Any]:
    """Return a text tower, a projection and an image tower, the same ones each time."""
    torch.manual_seed(5)
    text = XLMRobertaModel(
        XLMRobertaConfig(
            vocab_size=len(sentence_pieces()),
            hidden_size=WIDTH,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=POSITIONS,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
            pad_token_id=1,
            initializer_range=0.2,
        ),
        add_pooling_layer=False,
    )
    image = SiglipVisionModel(
        SiglipVisionConfig(
            hidden_size=DIM,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=16,
            patch_size=8,
        )
    )
    projection = torch.nn.Linear(WIDTH, DIM, bias=False)
    for parameter in image.parameters():  # as they come, all pictures lie close together
        torch.nn.init.normal_(parameter, std=0.2)
    for parameter in (*text.parameters(), *projection.parameters(), *image.parameters()):
        # Kept in half precision, as on the hub.
        parameter.data = parameter.data.bfloat16().float()
    return text.eval(), projection, image.eval()


def _state(image: str = "vision_model.vision_model.") -> Tensors:
    text, projection, tower = _towers()
    state = {f"text_model.{name}": value for name, value in text.state_dict().items()}
    state |= {f"{image}{name}": value for name, value in tower.state_dict().items()}
    state["text_projector.weight"] = projection.weight.data
    state |= {"logit_scale": torch.tensor([2.0]), "logit_bias": torch.tensor([-10.0])}
    return {name: value.bfloat16().clone() for name, value in state.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "mexma"
    path.mkdir()
    with torch_quiet():
        save_file(_state(), path / WEIGHTS)
    sentence_pieces().save_pretrained(path)
    siglip.save_settings(path, resample=2)
    config = {
        "architectures": ["MexmaSigLIP"],
        "auto_map": {
            "AutoConfig": "mexma_siglip.MexmaSigLIPConfig",
            "AutoModel": "mexma_siglip.MexmaSigLIP",
        },
        "optimized": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.46.3",
    }
    siglip.write(path / "config.json", config)
    (path / "mexma_siglip.py").write_text("raise SystemExit('code of the hub was run')\n")
    return path


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def _reference(folder: Path) -> tuple[Any, Any]:
    text, projection, image = _towers()
    inputs = sentence_pieces()(
        golden.TEXTS, padding=True, truncation=True, max_length=POSITIONS - 2, return_tensors="pt"
    )
    processor = SiglipImageProcessorPil.from_pretrained(folder)
    shown = processor([flatten(picture) for picture in golden.pictures()], return_tensors="pt")
    with torch.inference_mode():
        states = text(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
        texts = projection(states.last_hidden_state[:, 0])
        images = image(**shown).pooler_output
    return golden.unit(texts), golden.unit(images)


@pytest.mark.parametrize("options", golden.ENGINES, ids=lambda options: options.engine)
def test_vectors_equal_those_of_the_published_formula(folder: Path, options: EngineOptions) -> None:
    encoder = models.load(str(folder), options=options)
    assert encoder.engine.startswith(options.engine)
    texts, images = _reference(folder)
    golden.assert_same(encoder.encode_texts(golden.TEXTS), texts)
    golden.assert_same(encoder.encode_images(golden.pictures()), images)
    assert encoder.dim == DIM


@pytest.mark.parametrize("image", ["vision_model.", "image_encoder.model."])
def test_the_towers_are_found_whatever_they_are_called(copy: Path, image: str) -> None:
    save_file(_state(image), copy / WEIGHTS)
    encoder = models.load(str(copy), options=EXACT)
    texts, images = _reference(copy)
    golden.assert_same(encoder.encode_texts(golden.TEXTS), texts)
    golden.assert_same(encoder.encode_images(golden.pictures()), images)


def test_a_pooler_and_a_type_that_is_stated_change_nothing(copy: Path) -> None:
    golden.change(model_type="mexma_siglip")(copy / "config.json")
    pooler = {
        "text_model.pooler.dense.weight": torch.ones(WIDTH, WIDTH),
        "text_model.pooler.dense.bias": torch.ones(WIDTH),
    }
    save_file(_state() | pooler, copy / WEIGHTS)
    ours = models.load(str(copy), images=False, options=EXACT).encode_texts(golden.TEXTS)
    golden.assert_same(ours, _reference(copy)[0])


def test_a_batch_is_encoded_as_its_members_alone(folder: Path) -> None:
    golden.assert_batches_change_nothing(models.load(str(folder), options=EXACT))


def test_each_tower_loads_alone(folder: Path) -> None:
    golden.assert_towers_load_alone(folder)


def test_what_only_encodes_needs_no_torch(folder: Path) -> None:
    golden.assert_described_without_torch("workers.encoders.mexma", folder)


def _add(name: str, *shape: int) -> Callable[[Path], None]:
    return lambda path: save_file(load_file(path) | {name: torch.ones(*shape)}, path)


def _lose(name: str) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        save_file({k: v for k, v in load_file(path).items() if k != name}, path)

    return apply


_LAYER = "vision_model.vision_model.encoder.layers.1.mlp.fc1.bias"


@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        ("config.json", golden.truncate, r"config\.json is damaged"),
        ("config.json", golden.change(architectures=["Mexma"]), "are not supported"),
        ("config.json", golden.change(architectures=None), "damaged: 'model_type'"),
        ("config.json", golden.change(architectures=7), r"config\.json is damaged"),
        (WEIGHTS, Path.unlink, r"model\.safetensors is missing"),
        (WEIGHTS, golden.truncate, r"model\.safetensors cannot be read"),
        (WEIGHTS, _add("text_projector.bias", DIM), "no use here: text_projector.bias"),
        (WEIGHTS, _add("adapter.weight", DIM, WIDTH), "no use here: "),
        (WEIGHTS, _lose("text_projector.weight"), r"no projection, of the shape \(144, 128\)"),
        (WEIGHTS, _lose("text_model.embeddings.word_embeddings.weight"), "has 0 weights called"),
        (WEIGHTS, _lose("text_model.encoder.layer.1.output.dense.bias"), "incomplete"),
        ("tokenizer.json", Path.unlink, r"tokenizer\.json is missing"),
        ("preprocessor_config.json", Path.unlink, r"preprocessor_config\.json"),
        ("preprocessor_config.json", golden.change(size={"height": 24, "width": 24}), "of 24 px"),
    ],
)
def test_a_damaged_model_says_what_is_wrong(
    copy: Path, file: str, damage: Callable[[Path], object], reason: str
) -> None:
    damage(copy / file)
    golden.assert_refused(copy, reason, images=False)


def test_an_image_tower_that_lacks_a_weight_is_refused(copy: Path) -> None:
    _lose(_LAYER)(copy / WEIGHTS)
    with pytest.raises(EncoderError, match="incomplete"):
        models.load(str(copy), texts=False, options=EXACT)
