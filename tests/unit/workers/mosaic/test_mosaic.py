"""The vectors of questions and pictures, joined of their parts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from workers.encoders.base import unit
from workers.encoders.efficientnet import CLASSES, FEATURES
from workers.encoders.models import BUNDLED
from workers.encoders.mosaic.asking import Asked
from workers.encoders.mosaic.colours import COLOURS, DIMENSION
from workers.encoders.mosaic.kinds import KINDS, shares
from workers.encoders.mosaic.numbers import Numbers
from workers.encoders.mosaic.pictures import LEAST, join
from workers.encoders.mosaic.questions import (
    FACTS,
    Ways,
    blended,
    bridge,
    curves,
    facts_of,
    question_vectors,
    traits_of,
    with_kinds,
)

NUMBERS = Numbers.read(BUNDLED / "mosaic")
CHANCE = np.random.default_rng(7)


def units(count: int, width: int) -> np.ndarray:
    return unit(CHANCE.normal(size=(count, width)).astype(np.float32))


def nothing_asked(count: int) -> Asked:
    return Asked(
        np.zeros((count, DIMENSION), np.float32),
        np.zeros((count, len(KINDS)), np.float32),
        [""] * count,
        np.zeros(count, np.bool_),
    )


def seen(count: int, *, photographs: bool) -> np.ndarray:
    """What the classifier says of pictures that the gate takes for photographs, or does not."""
    features = np.outer(np.ones(count), NUMBERS.gate) * (100 if photographs else -100)
    logits = CHANCE.normal(size=(count, CLASSES)) * 3
    return np.concatenate([features, logits], axis=1).astype(np.float32)


def test_a_vector_has_at_most_640_numbers_and_length_one() -> None:
    layout = NUMBERS.layout
    assert layout.dim <= 640
    drawn = units(5, layout.drawn)
    shares = CHANCE.random((5, DIMENSION)).astype(np.float32)
    vectors = join(drawn, seen(5, photographs=True), shares, NUMBERS)
    assert vectors.shape == (5, layout.dim)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_photograph_speaks_by_its_photograph_part_and_a_drawing_by_the_other() -> None:
    layout = NUMBERS.layout
    drawn = units(1, layout.drawn)
    nothing = np.zeros((1, DIMENSION), np.float32)
    for photographs in (True, False):
        (vector,) = join(drawn, seen(1, photographs=photographs), nothing, NUMBERS)
        by_drawing = np.linalg.norm(vector[layout.drawings])
        by_photograph = np.linalg.norm(vector[layout.photographs])
        assert (by_photograph > by_drawing) == photographs
        assert min(by_drawing, by_photograph) > 0.05  # neither is ever silent


def test_without_a_classifier_every_picture_is_a_drawing() -> None:
    layout = NUMBERS.layout
    (vector,) = join(units(1, layout.drawn), None, np.zeros((1, DIMENSION), np.float32), NUMBERS)
    assert not vector[layout.photographs].any()
    assert vector[layout.kinds][0] / vector[layout.kinds][1] == pytest.approx(
        ((1 - LEAST) / LEAST) ** 0.5, rel=1e-3
    )


def test_a_pictures_vector_does_not_depend_on_its_neighbours() -> None:
    layout = NUMBERS.layout
    drawn, found = units(4, layout.drawn), seen(4, photographs=True)
    shares = CHANCE.random((4, DIMENSION)).astype(np.float32)
    together = join(drawn, found, shares, NUMBERS)
    for row in range(4):
        own = slice(row, row + 1)
        alone = join(drawn[own], found[own], shares[own], NUMBERS)[0]
        assert np.abs(alone - together[row]).max() < 1e-5


def test_black_and_white_asks_for_no_colour_at_all() -> None:
    layout = NUMBERS.layout
    asked = nothing_asked(2)
    asked.colours[0, [COLOURS.index("black"), COLOURS.index("white")]] = 1
    asked.colours[1, COLOURS.index("black")] = 1
    vectors = question_vectors(units(2, layout.drawn), units(2, 512), asked, NUMBERS)
    assert np.flatnonzero(vectors[0, layout.colours]).tolist() == [len(COLOURS)]
    assert np.flatnonzero(vectors[1, layout.colours]).tolist() == [COLOURS.index("black")]


def _relevance(curve: np.ndarray, cosine: float) -> float:
    return float(1 / (1 + np.exp(-(curve[0] * cosine + curve[1]))))


def test_who_asks_for_a_kind_gets_it_first_and_no_better_than_without() -> None:
    layout = NUMBERS.layout
    asked = nothing_asked(1)
    asked.kinds[0, KINDS.index("photograph")] = 1
    plain = question_vectors(units(1, layout.drawn), units(1, 512), asked, NUMBERS)
    curve = np.asarray([[20.0, -8.0]], np.float32)
    vector, found = with_kinds(plain, curve, asked, NUMBERS)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    pictures = np.repeat(plain, 2, axis=0)
    for row, kind in enumerate(("drawing", "photograph")):
        pictures[row, layout.kinds] = 0
        pictures[row, layout.kinds.start + KINDS.index(kind)] = NUMBERS.of_kinds
    before = _relevance(curve[0], float(plain[0] @ plain[0]))
    drawing, photograph = (_relevance(found[0], float(vector[0] @ one)) for one in pictures)
    assert photograph == pytest.approx(before, abs=1e-4)
    assert drawing < photograph


def test_who_asks_for_a_kind_alone_gets_all_of_that_kind_and_no_other() -> None:
    layout = NUMBERS.layout
    asked = replace(nothing_asked(1), nothing_else=np.ones(1, np.bool_))
    asked.kinds[0, KINDS.index("drawing")] = 1
    plain = question_vectors(units(1, layout.drawn), units(1, 512), asked, NUMBERS)
    vectors, found = with_kinds(plain, np.zeros((1, 2), np.float32), asked, NUMBERS)
    shares_of_colours = np.full((20, DIMENSION), 0.3, np.float32)
    drawn, photographed = (
        join(units(20, layout.drawn), seen(20, photographs=one), shares_of_colours, NUMBERS)
        for one in (False, True)
    )
    assert all(_relevance(found[0], float(cosine)) > 0.5 for cosine in drawn @ vectors[0])
    assert all(_relevance(found[0], float(cosine)) < 0.06 for cosine in photographed @ vectors[0])


def test_kinds_are_shares_of_one_picture() -> None:
    gate = np.asarray([0.05, 0.95, 0.5], np.float32)
    logits = np.zeros((3, FEATURES + CLASSES), np.float32)
    logits[2, FEATURES + 916] = 30  # a page of the web
    found = shares(gate, logits)
    assert np.allclose((found**2).sum(axis=1), 1, atol=1e-5)
    assert found.argmax(axis=1).tolist() == [0, 1, 2]
    assert shares(gate, None)[:, 2].tolist() == [0, 0, 0]


def test_the_bridge_leads_from_a_drawing_to_its_name() -> None:
    found, cosine = bridge(NUMBERS.emoji[:50], NUMBERS)
    assert cosine == pytest.approx(1, abs=1e-2)
    nearest = (found @ unit(NUMBERS.names).T).argsort(axis=1)[:, -10:]
    assert sum(row in near for row, near in enumerate(nearest)) >= 35


def test_facts_blend_and_curve_have_their_shapes_and_are_finite() -> None:
    texts = ["a dog", "猫", "", "xyzzy", "🚗🚗", "собака und 猫 and कुत्ता"]
    drawn = units(len(texts), NUMBERS.layout.drawn)
    names, nearest = bridge(drawn, NUMBERS)
    ways = Ways(
        units(len(texts), 512),
        units(len(texts), 512),
        names,
        drawn,
        nearest,
        np.zeros((len(texts), 512), np.float32),
        np.zeros(len(texts), np.float32),
        np.zeros((len(texts), 2), np.float32),
    )
    facts = facts_of(texts, ways, NUMBERS)
    assert facts.shape == (len(texts), FACTS)
    mixed = blended(ways, facts, NUMBERS)
    assert np.allclose(np.linalg.norm(mixed, axis=1), 1, atol=1e-5)
    vectors = question_vectors(drawn, mixed, nothing_asked(len(texts)), NUMBERS)
    told = curves(*traits_of(vectors, mixed, ways, facts, NUMBERS), NUMBERS)
    assert told.shape == (len(texts), 2)
    assert np.isfinite(told).all()
    assert (told[:, 0] > 0).all()  # more alike is never less relevant


def test_numbers_are_read_as_they_were_written(tmp_path: Path) -> None:
    changed = replace(NUMBERS, of_photographs=0.5, similar=(9.0, -4.0))
    changed.save(tmp_path)
    again = Numbers.read(tmp_path)
    assert again.similar == (9.0, -4.0)
    assert again.of_photographs == 0.5
    assert np.array_equal(again.gate, NUMBERS.gate)
    assert np.abs(again.classes - NUMBERS.classes).max() < 1e-3


def test_the_gate_reads_as_many_features_as_the_classifier_gives() -> None:
    assert NUMBERS.gate.shape == (FEATURES,)
