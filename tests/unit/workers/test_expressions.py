"""Texts are cut into what a tower was taught, and nothing of them is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.encoders.expressions import SPACE, Expressions, Kind

TAUGHT = [
    *("▁hot▁dog", "▁dog", "▁mustard", "▁car", "▁erdő", "▁white▁house", "▁house"),
    *("กบ", "สีเขียว", "กล้วย", "นก", "ลิง", "猫", "黒猫", "ソファ", "🐈‍⬛", "🐕"),
]


@pytest.fixture(scope="module")
def expressions() -> Expressions:
    return Expressions.of(TAUGHT)


def _cut(expressions: Expressions, text: str) -> list[tuple[str, str]]:
    return [(part.text, part.kind.name.lower()) for part in expressions.cut(text)]


@pytest.mark.parametrize("text", TAUGHT)
def test_an_expression_stays_whole(expressions: Expressions, text: str) -> None:
    assert _cut(expressions, text) == [(text, "known")]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("▁a▁hot▁dog▁with▁mustard", "▁a? ▁hot▁dog ▁with? ▁mustard"),
        ("▁hot▁hot▁dog", "▁hot? ▁hot▁dog"),
        ("▁the▁white▁house▁dog", "▁the? ▁white▁house ▁dog"),
        ("▁ház▁az▁erdőben", "▁ház? ▁az? ▁erdőben? ▁erdő~"),
        ("▁carbohydrates", "▁"),  # a car is less than half of them
        ("▁erdőben", "▁erdő~"),
        ("▁rusty", "▁"),
        ("กบสีเขียวตัวเล็ก", "กบ สีเขียว ตัวเล็ก?"),
        # Not "bird" out of the end of one word and the beginning of the next.
        ("ลิงกินกล้วย", "ลิง กิน? กล้วย"),
        ("ソファで寝ている黒猫", "ソファ で寝ている? 黒猫"),
        ("猫car", "猫 ▁car"),
        ("▁car🐈‍⬛🐕", "▁car 🐈‍⬛ 🐕"),
    ],
)
def test_what_is_known_is_found_in_what_is_not(
    expressions: Expressions, text: str, parts: str
) -> None:
    kinds = {"?": "unknown", "~": "stem"}
    wanted = [(part.rstrip("?~"), kinds.get(part[-1], "known")) for part in parts.split()]
    assert _cut(expressions, text) == [
        (text, "whole"),
        *(part for part in wanted if part[0] != "▁"),
    ]


def test_nothing_asked_is_one_part(expressions: Expressions) -> None:
    assert _cut(expressions, "") == [("", "whole")]


LETTERS = st.sampled_from("abcกขค猫犬かな🐕 ")


@given(st.text(LETTERS, max_size=30), st.sets(st.text(LETTERS, min_size=1, max_size=5)))
def test_nothing_is_lost_or_comes_twice(text: str, taught: set[str]) -> None:
    taught.add("x")
    expressions = Expressions.of(one.replace(" ", SPACE) for one in taught)
    cut = expressions.cut(text.replace(" ", SPACE))
    kept = [part.text for part in cut if part.kind in (Kind.KNOWN, Kind.UNKNOWN)] or [cut[0].text]
    assert "".join(kept).replace(SPACE, "") == text.replace(" ", "")


@given(st.sets(st.text(), min_size=1))
def test_what_was_taught_is_held(taught: set[str]) -> None:
    assert Expressions.of(taught).hold(list(taught)).all()
