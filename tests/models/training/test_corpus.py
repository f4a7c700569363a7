"""Phrases denote what people say they do, and held-out pairs stay out."""

import numpy as np
import pytest

from workers.training import compositions, dictionaries
from workers.training.annotations import Annotation
from workers.training.chance import seeded
from workers.training.corpus import CorpusBuilder, add_annotations, hash_pair, held_out
from workers.training.material import typo

ANNOTATIONS = [
    Annotation("en", 0, "black cat", True),
    Annotation("en", 0, "cat", False),
    Annotation("en", 1, "cat", True),
    Annotation("de", 0, "schwarze Katze", True),
    Annotation("de", 1, "Katze", True),
    Annotation("nb", 1, "katt", True),
]


def test_a_name_counts_more_than_a_keyword() -> None:
    builder = CorpusBuilder()
    add_annotations(builder, ANNOTATIONS)
    corpus = builder.build()
    row = corpus.phrases.index("cat")
    places = slice(corpus.starts[row], corpus.starts[row + 1])
    shares = dict(zip(corpus.rows[places].tolist(), corpus.shares[places].tolist(), strict=True))
    assert shares[1] > 5 * shares[0]
    assert sum(shares.values()) == pytest.approx(1)


def test_shares_always_sum_to_one() -> None:
    builder = CorpusBuilder()
    add_annotations(builder, ANNOTATIONS)
    builder.add_vector("feline", 3, 1.0)
    corpus = builder.build()
    sums = np.add.reduceat(np.append(corpus.shares, 0), corpus.starts[:-1])
    counts = np.diff(corpus.starts)
    assert np.allclose(sums[counts > 0], 1)
    assert corpus.vector[corpus.phrases.index("feline")] == 3
    assert counts[corpus.phrases.index("feline")] == 0


def test_held_out_is_by_pair_and_of_the_right_size() -> None:
    pairs = [(locale, row) for locale in ("en", "de", "th") for row in range(2000)]
    share = np.mean([hash_pair(locale, row) < 0.05 for locale, row in pairs])
    assert 0.04 < share < 0.06
    name = Annotation("en", 7, "a", True)
    keyword = Annotation("en", 7, "b", False)
    assert held_out(name, 0.5) == held_out(keyword, 0.5)
    assert not held_out(name, 0.0)


def test_compositions_denote_what_has_both_words() -> None:
    annotations = [
        Annotation("en", row, word, False)
        for row in range(300)
        for word in ("thing", f"number {row}")
    ]
    found = list(compositions.compose(annotations, pairs=20, asked=20, seed=1))
    assert len(found) == 40
    for phrase, shares in found[:20]:
        assert len(shares) == 1
        assert f"number {next(iter(shares))}" in phrase


def test_templates_have_their_place() -> None:
    ways = compositions.templates()
    assert len(ways) >= 40
    assert all("{}" in way for found in ways.values() for way in found)


def test_typos_change_one_place() -> None:
    draw = seeded("typos")
    made = {typo("butterfly", draw) for _ in range(50)}
    assert len(made) > 8
    assert all(abs(len(word) - 9) <= 1 for word in made)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("anga /aŋa/ <n>\n\nsky", ["sky"]),
        ("a\n1. look at, observe\n2. be careful", ["look at", "observe", "be careful"]),
        ("a\nto run <v>; sprint [sport]\n see: {b}", ["run", "sprint"]),
        ("a\nfish\na long definition of what a fish is", ["fish"]),
        ('a\n      "only an example"', []),
    ],
)
def test_translations(entry: str, expected: list[str]) -> None:
    assert dictionaries.translations(entry) == expected
