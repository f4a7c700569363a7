"""The table of words: what is found of a text, and how much of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.encoders.mosaic.lookup import OF_STEMS, Lookup, Table, stems_of, table, unambiguous

MEANINGS = unambiguous(
    [
        ("Kühlschrank", 0),
        ("washing machine", 1),
        ("maszyna do pisania", 2),
        ("洗濯機", 1),
        ("ตู้เย็น", 0),
        ("masa", 3),
        ("perhonen", 1),
    ]
)
LOOKUP = Lookup(
    Table(*table(MEANINGS)), Table(*table(stems_of(MEANINGS))), np.eye(4, 512, dtype=np.float32)
)


@pytest.mark.parametrize(
    ("text", "meant", "share"),
    [
        ("kühlschrank", [0], 1),
        ("ein roter Kühlschrank", [0], 1 / 3),
        ("Washing Machine!", [1], 1),
        ("stara maszyna do pisania", [2], 3 / 4),
        ("白い洗濯機", [1], 3 / 5),
        ("ตู้เย็น", [0], 1),
        ("masalı", [3], 1),
        ("perhosia", [1], OF_STEMS),
        ("perho", [1], OF_STEMS),
        ("perh", [], 0),
        ("kühlschrank washing machine", [0, 1], 1),
        ("xyzzy", [], 0),
        ("", [], 0),
        ("🚗", [], 0),
    ],
)
def test_the_longest_expressions_are_found(text: str, meant: list[int], share: float) -> None:
    vectors, shares = LOOKUP.find([text])
    assert np.flatnonzero(vectors[0]).tolist() == meant
    assert shares[0] == pytest.approx(share)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8))
def test_anything_has_a_unit_vector_or_none_and_a_share(texts: list[str]) -> None:
    vectors, shares = LOOKUP.find(texts)
    for vector, share in zip(vectors, shares, strict=True):
        assert 0 <= share <= 1
        assert np.linalg.norm(vector) == pytest.approx(float(share > 0), abs=1e-5)


def test_an_expression_means_what_it_means_most_often() -> None:
    assert unambiguous([("Bank", 4), ("bank", 5), ("BANK", 5)]) == {"bank": 5}


def test_a_stem_that_words_of_two_meanings_share_means_nothing() -> None:
    stems = stems_of({"grenada": 0, "grenade": 1, "canhão": 2, "red car": 3, "洗濯機": 4})
    assert stems == {"grenada": 0, "grenade": 1, "canhã": 2, "canhão": 2}


def test_an_empty_table_knows_nothing() -> None:
    nothing = Table(*table({}))
    empty = Lookup(nothing, nothing, np.zeros((0, 512), np.float32))
    vectors, shares = empty.find(["anything"])
    assert not vectors.any()
    assert not shares.any()
