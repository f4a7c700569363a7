"""Words that ask for colours and for kinds of pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.encoders.models import BUNDLED
from workers.encoders.mosaic.asking import Asking, AskingWords
from workers.encoders.mosaic.colours import COLOURS
from workers.encoders.mosaic.kinds import KINDS

ASKING = Asking.read(BUNDLED / "mosaic")


@pytest.mark.parametrize(
    ("text", "colours"),
    [
        ("blue car", ["blue"]),
        ("ein schwarzer Kater auf dem Sofa", ["black"]),
        ("黒猫", ["black"]),
        ("红色汽车", ["red"]),
        ("รถสีแดง", ["red"]),
        ("красная машина", ["red"]),
        ("czarnego kota", ["black"]),
        ("чёрно-белое фото", ["black", "white"]),
        ("a blackbird", []),
        ("a car", []),
        ("", []),
        ("🚗", []),
    ],
)
def test_words_ask_for_colours_in_their_forms(text: str, colours: list[str]) -> None:
    (asked,) = ASKING.asked([text]).colours
    assert [COLOURS[place] for place in np.flatnonzero(asked)] == colours


@pytest.mark.parametrize(
    ("text", "kinds", "things"),
    [
        ("photo of a cat", ["photograph"], "of a cat"),
        ("Zeichnung eines Hundes", ["drawing"], "eines Hundes"),
        ("猫のイラスト", ["drawing"], "猫の"),
        ("captura de pantalla del banco", ["screenshot"], "del banco"),
        ("ภาพถ่ายหน้าจอ", ["screenshot"], "ภาพถ่ายหน้าจอ"),
        ("t-shirt photo 👕", ["photograph"], "t-shirt 👕"),
        ("Screenshot", ["screenshot"], "Screenshot"),
        ("black and white photos", ["photograph"], "black and white photos"),
        ("чёрно-белое фото кошки", ["photograph"], "кошки"),
        ("a cat", [], "a cat"),
        ("  spaced   out ", [], "  spaced   out "),
        ("", [], ""),
    ],
)
def test_words_ask_for_kinds_and_the_rest_for_things(
    text: str, kinds: list[str], things: str
) -> None:
    asked = ASKING.asked([text])
    assert [KINDS[place] for place in np.flatnonzero(asked.kinds[0])] == kinds
    assert list(asked.things) == [things]
    assert asked.nothing_else.tolist() == [bool(kinds) and things == text]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_anything_may_be_asked(texts: list[str]) -> None:
    asked = ASKING.asked(texts)
    assert (asked.colours.shape[0], asked.kinds.shape) == (len(texts), (len(texts), len(KINDS)))
    for text, things, kinds in zip(texts, asked.things, asked.kinds, strict=True):
        assert things == text or kinds.any()
        assert bool(things) == bool(text)


def test_a_word_that_begins_like_two_asks_for_neither() -> None:
    words = AskingWords({"grenada": 0, "grenadine": 1}, {}, 2)
    assert not words.asked(["grenadxx"]).any()
    assert words.asked(["grenadas"]).tolist() == [[1, 0]]
