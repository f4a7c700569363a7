"""Questions go to the tower that knows them, and come back in their order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.tiny import EXACT
from workers.encoders.base import Encoded, Encoder, Vectors
from workers.encoders.languages import language_of, languages_of, own_words, words_of
from workers.encoders.routed import Pack, RoutedEncoder, Router
from workers.packs.store import PackStore


class NoTower:
    """Stands where only the choice is asked for."""

    dim = 1

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError(texts)

    def encode_questions(self, texts: Sequence[str]) -> Encoded:
        raise AssertionError(texts)


def pack(name: str, *languages: str, words: str = "") -> Pack:
    return Pack(name, f"r-{name}", languages, frozenset(words_of(words)), NoTower())


FINNISH = pack("finnish", "fi", words="musta kissa koira kuu")
SWAHILI = pack("swahili", "sw", words="paka mweusi kuu")
THAI = pack("thai", "th")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("musta kissa", FINNISH),
        ("Kissa!", FINNISH),
        ("🐈 KISSA 2", FINNISH),
        ("vanha talo metsän keskellä", FINNISH),  # by its language: no word is in the list
        ("แมวดำ", THAI),
        ("paka mweusi", SWAHILI),
        ("a black cat", None),
        ("schwarze Katze", None),
        ("黒猫", None),
        ("", None),
        ("🐈‍⬛", None),
        ("42 ?!", None),
    ],
)
def test_the_tower_that_knows_the_question(question: str, expected: Pack | None) -> None:
    assert Router([FINNISH, SWAHILI, THAI]).choose(question) is expected


CHINESE, CANTONESE, JAPANESE = pack("chinese", "zh"), pack("cantonese", "yue"), pack("ja", "ja")


@pytest.mark.parametrize(
    ("packs", "question", "expected"),
    [
        ([JAPANESE], "黒猫", JAPANESE),
        ([JAPANESE], "猫", JAPANESE),
        ([JAPANESE], "黒い猫", JAPANESE),
        ([JAPANESE], "カフェ latte", JAPANESE),
        ([JAPANESE], "红色汽车", None),  # no Japanese writes these
        ([CHINESE], "猫", CHINESE),
        ([CHINESE], "黑貓", CHINESE),  # Cantonese, says the library
        ([CHINESE], "黒い猫", None),
        ([CHINESE], "T恤", CHINESE),
        ([CHINESE], "how do you write 猫 in English", None),
        ([CANTONESE], "猫", CANTONESE),
        ([CANTONESE], "黑猫", CANTONESE),
        ([JAPANESE, CHINESE], "猫", CHINESE),
        ([JAPANESE, CHINESE], "黑猫", CHINESE),
        ([JAPANESE, CHINESE], "黒い猫", JAPANESE),
        ([JAPANESE, CHINESE], "ﾈｺ", JAPANESE),
        ([JAPANESE, CHINESE], "気球", JAPANESE),  # no Chinese writes these
        ([CHINESE, CANTONESE], "黑貓", CANTONESE),
        ([CHINESE, CANTONESE], "黑猫", CHINESE),
        ([CHINESE], "黒猫", None),  # the first is Japanese alone
    ],
)
def test_chinese_characters_go_to_a_pack_that_reads_them(
    packs: list[Pack], question: str, expected: Pack | None
) -> None:
    assert Router(packs).choose(question) is expected


@pytest.mark.parametrize("text", ["꿀", "ㅎ", "ㅋㅋ"])
def test_hangul_is_korean_whatever_the_library_says(text: str) -> None:
    assert language_of(text) != "ko"
    assert languages_of(text) == ["ko"]


def test_nothing_to_go_by_is_no_language() -> None:
    # The library itself would say Afrikaans.
    assert language_of("x") is None
    assert Router([pack("afrikaans", "af")]).choose("x") is None


def test_words_two_packs_share_go_by_language_then_by_order() -> None:
    assert Router([FINNISH, SWAHILI]).choose("kuu") is Router([FINNISH]).choose("kuu")
    later = pack("later", "und", words="kuu")
    assert Router([later, SWAHILI]).choose("kuu") in {later, SWAHILI}


def test_a_language_by_another_code_of_the_library() -> None:
    mandarin, norwegian = pack("mandarin", "cmn"), pack("norwegian", "nb")
    assert Router([norwegian, mandarin]).choose("红色汽车") is mandarin
    assert Router([norwegian]).choose("jeg vil ikke spise det, sa hun") is norwegian


def test_words_are_folded_and_bare() -> None:
    assert words_of("«Straße», ﬁsh & CAT-fish! 12 ½") == ["strasse", "fish", "cat-fish"]
    assert words_of("काली बिल्ली") == ["काली", "बिल्ली"]


def test_own_words_leave_english_and_unspaced_scripts_out() -> None:
    foreign = ["Musta kissa", "radio", "แมวดำ", "黒猫", "កណ្ដុរ", "кот"]
    assert own_words(foreign, ["Radio", "cat"]) == ["kissa", "musta", "кот"]


@pytest.fixture(scope="module")
def routed(
    encoder: Encoder, model: Path, made: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> RoutedEncoder:
    store = PackStore(tmp_path_factory.mktemp("packs"), model, EXACT)
    for folder in made.values():
        store.install(folder)
    return RoutedEncoder(encoder, [store.load(folder) for folder in store.folders()])


TEXTS = st.sampled_from(
    ["musta kissa", "แมวดำ", "a black cat", "valkoinen koira", "黒猫", "🐈", ""]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS | st.text(max_size=20), min_size=1, max_size=12))
def test_a_mixed_batch_is_encoded_as_its_members_alone(
    routed: RoutedEncoder, texts: list[str]
) -> None:
    together = routed.encode_texts(texts)
    assert together.shape == (len(texts), routed.dim)
    assert together.dtype == np.float32
    for text, vector in zip(texts, together, strict=True):
        assert np.abs(routed.encode_texts([text])[0] - vector).max() < 1e-5


class Curved:
    """A tower that is calibrated: its curves hold the texts' lengths."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        return np.eye(1, self.dim, dtype=np.float32).repeat(len(texts), axis=0)

    def encode_questions(self, texts: Sequence[str]) -> Encoded:
        curves = np.array([[len(text), -1] for text in texts], np.float32)
        return Encoded(self.encode_texts(texts), curves)


@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_only_questions_to_calibrated_towers_have_curves(
    encoder: Encoder, texts: list[str]
) -> None:
    finnish = Pack("finnish", "r", ("fi",), FINNISH.words, Curved(encoder.dim))
    router, routed = Router([finnish]), RoutedEncoder(encoder, [finnish])
    encoded = routed.encode_questions(texts)
    with_curves = [len(text) if router.choose(text) else np.nan for text in texts]
    assert np.array_equal(encoded.vectors, routed.encode_texts(texts))
    if np.isnan(with_curves).all():
        assert encoded.curves is None
    else:
        assert encoded.curves is not None
        assert np.array_equal(
            encoded.curves[:, 0], np.array(with_curves, np.float32), equal_nan=True
        )


def test_each_question_gets_its_towers_vector(routed: RoutedEncoder, encoder: Encoder) -> None:
    texts = ["a black cat", "musta kissa", "黒猫", "แมวดำ"]
    changed = np.abs(routed.encode_texts(texts) - encoder.encode_texts(texts)).max(axis=1) > 1e-3
    assert changed.tolist() == [False, True, False, True]


def test_pictures_are_the_bases_own_to_the_bit(routed: RoutedEncoder, encoder: Encoder) -> None:
    pictures = [Image.new("RGB", (20, 30), colour) for colour in ("red", "black")]
    assert (routed.encode_images(pictures) == encoder.encode_images(pictures)).all()
    assert (routed.revision, routed.dim) == (encoder.revision, encoder.dim)
    assert routed.text_revision != encoder.text_revision
    assert list(routed.languages) == ["fi", "th"]
