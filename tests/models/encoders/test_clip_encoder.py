"""Our CLIP encoder against transformers itself, on a small random model."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import CLIPConfig, CLIPModel, PreTrainedTokenizerFast
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from tests.tiny import EXACT, torch_quiet
from workers.encoders import models
from workers.encoders.base import Encoder, EncoderError
from workers.encoders.engines.base import EngineOptions

# Not 2 for <eos>: that number means something else to transformers.
WORDS = ["<pad>", "<eos>", "<bos>", "<unk>", "black", "cat", "chat", "noir", "猫", "dog"]
MAX_TOKENS = 12
TEXTS = ["black cat", "猫", "chat noir", "", "something nobody knows", "dog " * 50]


def _save(folder: Path) -> None:
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    config = CLIPConfig(
        text_config={
            **small,
            "num_attention_heads": 2,
            "vocab_size": len(WORDS),
            "max_position_embeddings": MAX_TOKENS,
            "pad_token_id": 0,
            "bos_token_id": 2,
            "eos_token_id": 1,
        },
        vision_config={**small, "num_attention_heads": 2, "image_size": 16, "patch_size": 8},
        projection_dim=8,
    )
    torch.manual_seed(5)
    CLIPModel(config).save_pretrained(folder)
    words = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}, "<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 2), ("<eos>", 1)]
    )
    kind: Any = PreTrainedTokenizerFast
    kind(
        tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", model_max_length=MAX_TOKENS
    ).save_pretrained(folder)
    CLIPImageProcessorPil(
        size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}
    ).save_pretrained(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small"
    with torch_quiet():
        _save(path)
    return path


def _pictures() -> list[Image.Image]:
    generator = np.random.default_rng(1)
    sizes = [(20, 30), (16, 16), (90, 17), (3, 4)]
    return [Image.fromarray(generator.integers(0, 256, (*size, 3), np.uint8)) for size in sizes]


def _unit(features: torch.Tensor) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = torch.nn.functional.normalize(features, dim=-1).numpy()
    return vectors


def _load(folder: Path, options: EngineOptions = EXACT) -> Encoder:
    return models.load(str(folder), options=options)


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_vectors_equal_those_of_transformers(
    folder: Path, engine: Literal["torch", "openvino"]
) -> None:
    encoder = _load(folder, EngineOptions(engine=engine, precision="float32"))
    assert encoder.engine == {"torch": "torch float32 cpu", "openvino": "openvino float32"}[engine]
    model: Any = CLIPModel.from_pretrained(folder)
    model.eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    processor = CLIPImageProcessorPil.from_pretrained(folder)
    words = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        texts = model.get_text_features(
            input_ids=words["input_ids"], attention_mask=words["attention_mask"]
        ).pooler_output
        images = model.get_image_features(
            **processor(_pictures(), return_tensors="pt")
        ).pooler_output
    ours = encoder.encode_texts(TEXTS)
    assert ours.shape == (len(TEXTS), encoder.dim)
    assert np.abs(ours - _unit(texts)).max() < 1e-4
    assert np.abs(encoder.encode_images(_pictures()) - _unit(images)).max() < 1e-4
    assert np.abs(np.linalg.norm(ours, axis=1) - 1).max() < 1e-5


def test_a_batch_is_encoded_as_its_members_alone(folder: Path) -> None:
    encoder = _load(folder)
    together = encoder.encode_texts(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        assert np.abs(encoder.encode_texts([text])[0] - vector).max() < 1e-5
    pictures = _pictures()
    for picture, vector in zip(pictures, encoder.encode_images(pictures), strict=True):
        assert np.abs(encoder.encode_images([picture])[0] - vector).max() < 1e-5


def test_a_text_worker_loads_no_image_tower_and_encodes_the_same(folder: Path) -> None:
    whole = _load(folder)
    text_only = models.load(str(folder), images=False, options=EXACT)
    assert np.array_equal(whole.encode_texts(TEXTS), text_only.encode_texts(TEXTS))
    assert (whole.revision, whole.text_revision, whole.dim) == (
        *(text_only.revision, text_only.text_revision, text_only.dim),
    )
    with pytest.raises(EncoderError, match="without its image tower"):
        text_only.encode_images(_pictures())


def test_a_picture_worker_loads_no_text_tower_and_encodes_the_same(folder: Path) -> None:
    whole = _load(folder)
    images_only = models.load(str(folder), texts=False, options=EXACT)
    assert np.array_equal(whole.encode_images(_pictures()), images_only.encode_images(_pictures()))
    assert images_only.text_revision == whole.text_revision
    with pytest.raises(EncoderError, match="without its text tower"):
        images_only.encode_texts(TEXTS)


def test_a_text_worker_says_nothing_of_the_tower_it_leaves_out(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    transformers = logging.getLogger("transformers")
    transformers.addHandler(caplog.handler)
    try:
        models.load(str(folder), images=False, options=EXACT)
    finally:
        transformers.removeHandler(caplog.handler)
    assert caplog.text == ""


def test_threads_may_encode_at_once(folder: Path) -> None:
    encoder = _load(folder)
    texts, images = encoder.encode_texts(TEXTS), encoder.encode_images(_pictures())
    with ThreadPoolExecutor(4) as threads:
        several_texts = [threads.submit(encoder.encode_texts, TEXTS) for _ in range(8)]
        several_images = [threads.submit(encoder.encode_images, _pictures()) for _ in range(8)]
        assert all(np.allclose(job.result(), texts, atol=1e-5) for job in several_texts)
        assert all(np.allclose(job.result(), images, atol=1e-5) for job in several_images)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _set(**values: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change


@pytest.mark.parametrize("text_only", [False, True])
@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        ("config.json", Path.unlink, "there is no model"),
        ("config.json", _truncate, r"config\.json"),
        ("config.json", _set(model_type="bert"), "'bert' are not supported"),
        ("config.json", _set(model_type=["clip"]), "not supported"),
        ("config.json", _set(projection_dim=9), "incomplete|damaged"),
        ("config.json", _set(text_config=None), "incomplete|damaged"),
        ("config.json", _set(text_config={"hidden_size": "big"}), "damaged"),
        ("model.safetensors", Path.unlink, r"model\.safetensors"),
        ("model.safetensors", _truncate, "damaged"),
        ("model.safetensors", lambda path: path.write_bytes(b"no"), "damaged"),
        ("tokenizer.json", Path.unlink, r"tokenizer\.json is missing"),
        ("tokenizer.json", _truncate, r"tokenizer\.json cannot be read"),
        ("tokenizer_config.json", lambda path: path.write_text("[]"), "damaged"),
        ("preprocessor_config.json", Path.unlink, r"preprocessor_config\.json"),
        ("preprocessor_config.json", _truncate, "damaged"),
        ("preprocessor_config.json", _set(size=None), r"preprocessor_config\.json lacks"),
    ],
)
def test_a_damaged_model_says_what_is_wrong(  # noqa: PLR0917
    folder: Path,
    tmp_path: Path,
    file: str,
    damage: Callable[[Path], object],
    reason: str,
    text_only: bool,
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    damage(copy / file)
    with pytest.raises(EncoderError, match=reason):
        models.load(str(copy), images=not text_only, options=EXACT)


def test_the_revision_changes_with_what_it_names(folder: Path, tmp_path: Path) -> None:
    before = _load(folder)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    _set(image_mean=[0.1, 0.1, 0.1])(copy / "preprocessor_config.json")
    after = _load(copy)
    assert after.revision != before.revision
    assert after.text_revision == before.text_revision
