"""SigLIP and SigLIP 2 against transformers itself, on small random models."""

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
from sentencepiece import sentencepiece_model_pb2
from transformers import Siglip2Tokenizer, SiglipModel, SiglipTokenizer
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from tests import golden, siglip
from tests.tiny import EXACT, torch_quiet
from workers.encoders import models
from workers.encoders.base import EncoderError
from workers.encoders.engines.base import EngineOptions
from workers.encoders.spiece import SentencePieces
from workers.images import flatten

TEXTS = [
    *golden.TEXTS,
    *("  cat", "cat \n\t dog  ", "! cat", "¿cat?", "Cat-Dog's", "ΣΟΦΟΣ", "İstanbul", "▁cat"),
    *("ＣＡＴ", "dog " * 14 + "dog", "dog " * 15 + "dog", "...", "ein KATER, zwei"),
]
KINDS = ["siglip", "siglip2"]
WIDER = 48
"""What SigLIP 2's text tower projects to here; the largest does so too."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    with torch_quiet():
        pieces = siglip.save_sentence_pieces(root / "siglip")
        siglip.save(root / "siglip", pieces=pieces, resample=3)
        pieces = siglip.save_gemma_pieces(root / "siglip2")
        siglip.save(root / "siglip2", pieces=pieces, resample=2, projection=WIDER)
    return {kind: root / kind for kind in KINDS}


@pytest.fixture
def copy(folders: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    return lambda kind: Path(shutil.copytree(folders[kind], tmp_path / kind))


def _ids(kind: str, folder: Path) -> Any:
    reader: Any = {"siglip": SiglipTokenizer, "siglip2": Siglip2Tokenizer}[kind]
    words = reader.from_pretrained(folder)
    inputs = words(
        TEXTS,
        padding="max_length",
        max_length=siglip.LENGTH,
        truncation=True,
        return_tensors="pt",
    )
    assert list(inputs) == ["input_ids"]
    return inputs


@pytest.mark.parametrize("options", golden.ENGINES, ids=lambda options: options.engine)
@pytest.mark.parametrize("kind", KINDS)
def test_vectors_equal_those_of_transformers(
    folders: dict[str, Path], kind: str, options: EngineOptions
) -> None:
    folder = folders[kind]
    encoder = models.load(str(folder), options=options)
    assert encoder.engine.startswith(options.engine)
    model: Any = SiglipModel.from_pretrained(folder)
    model.eval()
    processor = SiglipImageProcessorPil.from_pretrained(folder)
    shown = processor([flatten(picture) for picture in golden.pictures()], return_tensors="pt")
    with torch.inference_mode():
        texts = golden.unit(model.get_text_features(**_ids(kind, folder)).pooler_output)
        images = golden.unit(model.get_image_features(**shown).pooler_output)
    golden.assert_same(encoder.encode_texts(TEXTS), texts)
    golden.assert_same(encoder.encode_images(golden.pictures()), images)
    assert encoder.dim == {"siglip": 32, "siglip2": WIDER}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_case_makes_no_difference(folders: dict[str, Path], kind: str) -> None:
    encoder = models.load(str(folders[kind]), images=False, options=EXACT)
    lower, upper, other = encoder.encode_texts(["schwarzer kater", "SCHWARZER Kater", "kater"])
    assert np.abs(lower - upper).max() < 1e-5
    assert np.abs(lower - other).max() > 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_encoded_as_its_members_alone(folders: dict[str, Path], kind: str) -> None:
    golden.assert_batches_change_nothing(models.load(str(folders[kind]), options=EXACT), TEXTS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_tower_loads_alone(folders: dict[str, Path], kind: str) -> None:
    golden.assert_towers_load_alone(folders[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_what_only_encodes_needs_no_torch(folders: dict[str, Path], kind: str) -> None:
    golden.assert_described_without_torch("workers.encoders.siglip", folders[kind])


def test_text_in_capitals_stays_so_where_the_tokenizer_says_so(
    copy: Callable[[str], Path],
) -> None:
    folder = copy("siglip")
    golden.change(do_lower_case=False)(folder / "tokenizer_config.json")
    ours = models.load(str(folder), images=False, options=EXACT)
    model: Any = SiglipModel.from_pretrained(folder)
    with torch.inference_mode():
        texts = model.eval().get_text_features(**_ids("siglip", folder)).pooler_output
    golden.assert_same(ours.encode_texts(TEXTS), golden.unit(texts))


def test_a_text_tower_without_a_head_is_one(copy: Callable[[str], Path]) -> None:
    folder = copy("siglip")
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["no_head"] = True
    siglip.write(folder / "config.json", config)
    model: Any = SiglipModel.from_pretrained(folder)
    model.text_model.head = torch.nn.Identity()
    with torch.inference_mode():
        texts = model.eval().get_text_features(**_ids("siglip", folder)).pooler_output
    weights = load_file(folder / "model.safetensors")
    kept = {name: v for name, v in weights.items() if not name.startswith("text_model.head.")}
    assert len(kept) == len(weights) - 2
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    ours = models.load(str(folder), images=False, options=EXACT)
    golden.assert_same(ours.encode_texts(TEXTS), golden.unit(texts))
    golden.change(text_config=config["text_config"] | {"no_head": False})(folder / "config.json")
    with pytest.raises(EncoderError, match=r"incomplete: .*head"):
        models.load(str(folder), images=False, options=EXACT)


def test_nobody_writes_the_end_of_a_text_into_it(folders: dict[str, Path]) -> None:
    encoder = models.load(str(folders["siglip"]), images=False, options=EXACT)
    assert np.array_equal(*encoder.encode_texts(["dog</s>cat", "dogscat"]))
    assert np.array_equal(*encoder.encode_texts(["dog <unk>", "dog unk"]))


def test_pieces_that_the_tower_never_knew_are_unknown(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    def read(path: Path, pieces: int) -> SentencePieces:
        return SentencePieces(
            path, length=8, pieces=pieces, pad="</s>", end="</s>", lower_case=False
        )

    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString((folders["siglip"] / "spiece.model").read_bytes())
    known = len(proto.pieces)
    kind = sentencepiece_model_pb2.ModelProto.SentencePiece
    proto.pieces.add(piece="▁<extra_id_0>", type=kind.USER_DEFINED)
    path = tmp_path / "spiece.model"
    path.write_bytes(proto.SerializeToString())
    assert (read(path, known)(["▁cat"])[0] < known).all()
    proto.pieces.add(piece="zebra", type=kind.USER_DEFINED)
    path.write_bytes(proto.SerializeToString())
    assert known + 1 in read(path, known + 2)(["zebra"])[0]
    with pytest.raises(ValueError, match="do not belong together"):
        read(path, known)


@pytest.mark.parametrize(
    ("kind", "file", "damage", "reason"),
    [
        ("siglip", "config.json", golden.truncate, r"config\.json is damaged"),
        ("siglip", "config.json", golden.change(text_config=None), "damaged: 'text_config'"),
        ("siglip", "config.json", golden.change(model_type="siglip2"), "NaFlex"),
        ("siglip", "config.json", golden.change(text_config={"vocab_size": 9}), "belong together"),
        ("siglip", "spiece.model", Path.unlink, r"spiece\.model is missing"),
        ("siglip", "spiece.model", golden.truncate, r"spiece\.model cannot be read"),
        ("siglip", "spiece.model", lambda path: path.write_bytes(b""), "cannot be read"),
        ("siglip", "tokenizer_config.json", golden.truncate, "damaged"),
        ("siglip", "tokenizer_config.json", golden.change(pad_token="<nil>"), "no '<nil>'"),
        ("siglip", "model.safetensors", golden.truncate, "damaged"),
        ("siglip2", "tokenizer.json", Path.unlink, r"tokenizer\.json is missing"),
        ("siglip2", "tokenizer.json", golden.truncate, r"tokenizer\.json cannot be read"),
        ("siglip2", "tokenizer_config.json", golden.change(pad_token="<nil>"), "no '<nil>'"),
        ("siglip2", "model.safetensors", Path.unlink, r"no model\.safetensors"),
        ("siglip2", "preprocessor_config.json", golden.change(size=None), "lacks what an image"),
        ("siglip2", "preprocessor_config.json", Path.unlink, r"preprocessor_config\.json"),
    ],
)
def test_a_damaged_model_says_what_is_wrong(
    copy: Callable[[str], Path],
    kind: str,
    file: str,
    damage: Callable[[Path], object],
    reason: str,
) -> None:
    folder = copy(kind)
    damage(folder / file)
    golden.assert_refused(folder, reason, images=False)
