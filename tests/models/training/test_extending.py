"""Language packs and fine-tuning, on tiny models: they learn, and refuse what does not fit."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast

from tests.tiny import EXACT
from workers.encoders import models
from workers.encoders.expressions import Expressions
from workers.encoders.part_pooling import FILE, PartPooling, read, taught
from workers.encoders.space import space_in
from workers.packs.manifest import read_manifest
from workers.training import towers
from workers.training.errors import DataError, ModelError, RunError
from workers.training.finetune import FinetuneSettings, finetune
from workers.training.pack import PackSettings, make_pack, space_of

COLOURS = ("red", "green", "blue", "yellow", "black", "white", "brown", "pink")
FOREIGN = ("rot", "grün", "blau", "gelb", "schwarz", "weiß", "braun", "rosa")
SETTINGS = PackSettings(steps=40, batch=32, learning_rate=3e-3, bf16=False)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.tsv"
    things = ("cat", "dog", "apple")
    lines = [
        f"de\t{foreign} {thing}\t{colour} {thing}"
        for colour, foreign in zip(COLOURS, FOREIGN, strict=True)
        for thing in things
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_pack_names_its_space_and_its_gain(folder: Path, pairs: Path, tmp_path: Path) -> None:
    before = (folder / "model.safetensors").read_bytes()
    made = make_pack(folder, pairs, tmp_path / "run", SETTINGS)
    manifest = read_manifest(made)
    assert (manifest.name, manifest.title, manifest.languages) == ("de", "de", ("de",))
    assert manifest.space == space_in(folder).digest
    learnt = manifest.figures["de"].trained_on
    assert learnt is not None
    assert learnt.count > 15
    assert learnt.after.recall_at_1 > learnt.before.recall_at_1
    assert "schwarz" in (made / "words.txt").read_text("utf-8").split()
    assert (folder / "model.safetensors").read_bytes() == before
    tower = load_file(made / "model.safetensors")
    base, own = (
        PreTrainedTokenizerFast.from_pretrained(path, local_files_only=True)
        for path in (folder, made)
    )
    pieces = [sum(len(one.tokenize(word)) for word in FOREIGN) for one in (own, base)]
    assert pieces[0] < pieces[1]
    assert tower["text_model.embeddings.token_embedding.weight"].shape[0] == len(own) > len(base)
    assert not any(name.startswith("vision") for name in tower)


def test_a_pack_for_a_pooled_model_pools_what_it_was_taught_itself(
    folder: Path, tokenizer: PreTrainedTokenizerFast, pairs: Path, tmp_path: Path
) -> None:
    query = np.linspace(-1, 1, towers.DIMENSION, dtype=np.float32)
    bias = np.array([0, 1, 2, 3], np.float32)
    PartPooling(tokenizer.backend_tokenizer, Expressions.of(["▁cat"]), query, bias).save(folder)
    made = make_pack(folder, pairs, tmp_path / "run", SETTINGS)
    own = PreTrainedTokenizerFast.from_pretrained(made, local_files_only=True)
    pooling = read(made, own.backend_tokenizer, towers.DIMENSION)
    assert pooling is not None
    assert np.array_equal(pooling.query, query)
    assert np.array_equal(pooling.bias, bias)
    phrases = [line.split("\t")[1] for line in pairs.read_text("utf-8").splitlines()]
    told = [{*taught(own.backend_tokenizer, [one]).hashes.tolist()} for one in phrases]
    held = sum(one <= {*pooling.expressions.hashes.tolist()} for one in told)
    assert 15 < held < len(phrases)  # a tenth is kept apart
    tower = models.load_text_tower(made, towers.DIMENSION, EXACT)
    (made / FILE).unlink()
    plain = models.load_text_tower(made, towers.DIMENSION, EXACT)
    asked = ["eine rote cat", phrases[0]]
    assert (
        np.abs(tower.encode_texts(asked) - pooling.encode(asked, plain.encode_texts)).max() < 1e-6
    )


def test_a_bad_name_is_refused_before_the_training(
    folder: Path, pairs: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="name"):
        make_pack(folder, pairs, tmp_path / "run", replace(SETTINGS, name="Two Words"))
    assert not (tmp_path / "run").exists()


def test_a_run_is_continued_with_the_same_pairs_and_model_alone(
    folder: Path, pairs: Path, tmp_path: Path
) -> None:
    made = make_pack(folder, pairs, tmp_path / "run", SETTINGS)
    before = (made / "model.safetensors").read_bytes()
    assert make_pack(folder, pairs, tmp_path / "run", SETTINGS) == made
    assert (made / "model.safetensors").read_bytes() == before
    pairs.write_text("sw\tpaka\tcat\nsw\tmbwa\tdog\n", encoding="utf-8")
    with pytest.raises(RunError, match="pairs"):
        make_pack(folder, pairs, tmp_path / "run", SETTINGS)
    assert read_manifest(made).languages == ("de",)


def test_a_base_without_a_tokenizer_is_refused(folder: Path, pairs: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(ModelError, match="lacks a tokenizer"):
        make_pack(folder, pairs, tmp_path / "run", SETTINGS)


def test_bad_pairs_leave_nothing_behind(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("de\tKatze\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 1"):
        make_pack(folder, path, tmp_path / "run", SETTINGS)
    assert not (tmp_path / "run").exists()


def test_the_space_is_the_image_tower_alone(folder: Path) -> None:
    model = towers.load(folder)
    name = space_of(model)
    assert name == space_in(folder).digest
    with torch.no_grad():
        model.text_projection.weight.add_(1)
    assert space_of(model) == name
    with torch.no_grad():
        model.visual_projection.weight.add_(1)
    assert space_of(model) != name


def test_a_truncated_model_is_refused(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="not a usable model folder"):
        towers.load(folder)


def test_a_foreign_model_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}), encoding="utf-8")
    with pytest.raises(ModelError, match="'bert'"):
        towers.load(folder)


def test_a_model_with_missing_weights_is_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights.pop("text_projection.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"text_projection\.weight"):
        towers.load(folder)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    path = tmp_path / "album"
    path.mkdir()
    lines = []
    for number, colour in enumerate(COLOURS[:6]):
        Image.new("RGB", (80, 60), colour).save(path / f"{number}.png")
        lines.append(f"{number}.png\ta {colour} picture")
    (path / "captions.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_fine_tuning_learns_the_captions(folder: Path, album: Path, tmp_path: Path) -> None:
    settings = FinetuneSettings(epochs=60, batch=6, learning_rate=5e-3, bf16=False)
    said = finetune(folder, album, tmp_path / "run", settings)
    assert float(said.split()[-2]) > 0.8
    assert str(tmp_path / "run" / "model") in said
    assert towers.load(tmp_path / "run" / "model")


def test_captions_are_known_to_a_fine_tuned_model_as_a_whole(
    folder: Path, tokenizer: PreTrainedTokenizerFast, album: Path, tmp_path: Path
) -> None:
    query, bias = np.ones(towers.DIMENSION, np.float32), np.zeros(4, np.float32)
    PartPooling(tokenizer.backend_tokenizer, Expressions.of(["▁cat"]), query, bias).save(folder)
    finetune(folder, album, tmp_path / "run", FinetuneSettings(epochs=1, bf16=False))
    pooling = read(tmp_path / "run" / "model", tokenizer.backend_tokenizer, towers.DIMENSION)
    assert pooling is not None
    known = ["▁cat", *(f"▁a▁{colour}▁picture" for colour in COLOURS)]
    assert pooling.expressions.hold(known).tolist() == [True] * 7 + [False] * 2
    assert np.array_equal(pooling.query, query)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0.png", "line 1: 1 columns"),
        ("9.png\tgone", "line 1: there is no file 9.png"),
        ("captions.tsv\tno picture", "line 1: captions.tsv is not a picture"),
    ],
)
def test_bad_captions_are_reported(
    folder: Path, album: Path, tmp_path: Path, line: str, message: str
) -> None:
    (album / "captions.tsv").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=message):
        finetune(folder, album, tmp_path / "run", FinetuneSettings())
    assert not (tmp_path / "run").exists()


def test_a_picture_that_breaks_off_is_reported(folder: Path, album: Path, tmp_path: Path) -> None:
    whole = album / "whole.jpg"
    Image.effect_noise((200, 200), 50).save(whole)
    (album / "half.jpg").write_bytes(whole.read_bytes()[:-3000])
    (album / "captions.tsv").write_text("\ufeffhalf.jpg\tnoise\nwhole.jpg\tnoise\n", "utf-8")
    with pytest.raises(DataError, match=r"line 1: half.jpg is damaged \([^;]*$"):
        finetune(folder, album, tmp_path / "run", FinetuneSettings())
    assert not (tmp_path / "run").exists()
