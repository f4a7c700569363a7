"""Curves that encoders bring, and those that are measured for the others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.relevance import Curve
from tests.tiny import EXACT
from workers.calibration import HALF_AT, background, fitted, measures
from workers.encoders import calibration, models
from workers.encoders.base import EncoderError
from workers.encoders.calibration import Calibration, read_calibration

TEXTS = ["a black cat", "ein Hund"]


@pytest.fixture(scope="module")
def curved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model with curves."""
    folder = tmp_path_factory.mktemp("models") / "curved"
    shutil.copytree(models.BUNDLED / "mini", folder)
    curves = {"questions": [20, -10], "similar": [30.5, -20]}
    (folder / calibration.FILE).write_text(json.dumps(curves))
    return folder


def test_a_model_brings_its_curves(curved: Path) -> None:
    plain = models.load("mini", images=False, options=EXACT)
    encoder = models.load(str(curved), images=False, options=EXACT)
    encoded, without = (one.encode_questions(TEXTS) for one in (encoder, plain))
    assert encoded.curves is not None
    assert encoded.curves.tolist() == [[20, -10]] * 2
    assert np.array_equal(encoded.vectors, without.vectors)
    assert (encoder.similar, plain.similar) == ((30.5, -20), None)
    assert without.curves is None
    # Curves are kept with the vectors of questions, but do not change those of pictures.
    assert encoder.text_revision != plain.text_revision
    assert encoder.revision == plain.revision
    assert (measures(encoder), measures(plain)) == (False, True)


@pytest.mark.parametrize(
    "written",
    [
        *("", "[]", "1", '{"questions": 1}', '{"questions": [1]}', '{"similar": [1, 2, 3]}'),
        *('{"questions": [0, 1]}', '{"questions": [-1, 1]}', '{"questions": [NaN, 1]}'),
        *('{"questions": ["x", 1]}', '{"similar": [1, Infinity]}', '{"similar": null}'),
    ],
)
def test_a_damaged_calibration_is_named(tmp_path: Path, written: str) -> None:
    (tmp_path / calibration.FILE).write_text(written)
    with pytest.raises(EncoderError, match=calibration.FILE):
        read_calibration(tmp_path)


def test_without_the_file_there_is_none(tmp_path: Path) -> None:
    assert read_calibration(tmp_path) == Calibration()


# Measured


@given(st.integers(0, 2**32 - 1), st.floats(-0.3, 0.3))
def test_one_half_lies_so_many_deviations_above_chance(seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    # A number all share moves all cosines, as the cone does that such vectors lie in.
    questions = rng.normal(0, 0.2, (60, 24)).astype(np.float32)
    pictures = rng.normal(0, 0.2, (300, 24)).astype(np.float32)
    questions[:, 0], pictures[:, 0] = 1, shift
    curve = fitted(questions, pictures)
    assert curve is not None
    cosines = questions @ pictures.T
    spread = np.sqrt(cosines.var(axis=1).mean() + cosines.mean(axis=1).var())
    relevance = Curve(*curve).relevance
    assert relevance(float(cosines.mean() + HALF_AT * spread)) == pytest.approx(0.5, abs=0.01)
    assert relevance(float(cosines.mean())) < 0.001
    assert np.mean([relevance(float(one)) > 0.5 for one in cosines.ravel()[:2000]]) < 0.01


def test_where_all_cosines_are_alike_nothing_is_measured() -> None:
    same = np.full((9, 4), 0.5, np.float32)
    assert fitted(same, same) is None


def test_the_background_is_many_short_questions_in_many_scripts() -> None:
    questions = background()
    assert len(questions) == len(set(questions)) >= 120
    assert max(map(len, questions)) < 60
