"""A curve for the questions of an encoder that brings none, measured by the pictures themselves.

What does not belong to a question lies at cosines that differ by model, language and question, but
not by much around a mean: they are measured with questions about anything (``background.txt``) and
a sample of the pictures. How far above that chance a cosine lies, in standard deviations, is what
a match is told by (as scores are normalised by cohorts in speaker verification, "z-norm").
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import numpy as np
from redis import Redis
from redis.exceptions import RedisError

from db.calibration import pictures_to_measure, sample_vectors, save_questions_curve
from db.errors import DatabaseError
from db.ingest import IngestStore
from workers.encoders.base import Encoder, Vectors

BACKGROUND = Path(__file__).parent / "encoders" / "background.txt"
LEAST_PICTURES = 50
GROWTH = 10
"""It is measured anew when there are so many times as many pictures."""
SAMPLE = 2000
HALF_AT = 4.0
"""Standard deviations above chance where relevance is one half. Of two thousand unrelated pictures
the best lies at about 3.5, and one in sixteen questions has one above 4: there a single match
begins to stand out of a few thousand others."""
STEEPNESS = 2.0
"""How fast relevance rises with a standard deviation: 0.12 at 3, 0.88 at 5."""
BATCH = 8
"""Background questions of one forward pass: somebody may be waiting behind it."""
CLAIMED_S = 600

logger = logging.getLogger(__name__)


@cache
def background() -> tuple[str, ...]:
    """Return the bundled questions."""
    lines = BACKGROUND.read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def fitted(questions: Vectors, pictures: Vectors) -> tuple[float, float] | None:
    """Return the curve by unrelated questions and pictures; None where all cosines are alike.

    The mean is that of the questions' means. The variance is that within a question and that
    between their means: of a question that is asked, its own mean is not known.
    """
    cosines = questions @ pictures.T
    means = cosines.mean(axis=1)
    deviation = float(np.sqrt(cosines.var(axis=1).mean() + means.var()))
    if not np.isfinite(deviation) or deviation < 1e-6:
        return None
    slope = STEEPNESS / deviation
    return slope, -slope * float(means.mean()) - STEEPNESS * HALF_AT


class Calibrator:
    """Measures a space when it is due; one worker at a time. For one thread."""

    def __init__(self, encoder: Encoder, store: IngestStore, redis: Redis, space_id: int) -> None:
        self._encoder = encoder
        self._store = store
        self._redis = redis
        self._space_id = space_id

    def look(self) -> bool:
        """Measure if there is reason to; tells whether there was. Never raises what passes."""
        try:
            pictures = pictures_to_measure(
                self._store, self._space_id, least=LEAST_PICTURES, growth=GROWTH
            )
            return pictures is not None and self._measure_alone(pictures)
        except (DatabaseError, RedisError, OSError) as error:
            logger.info("calibration_postponed", extra={"reason": str(error)})
            return False

    def _measure_alone(self, pictures: int) -> bool:
        claim = f"calibrating:{self._space_id}"
        if not self._redis.set(claim, "1", nx=True, ex=CLAIMED_S):
            return False
        try:
            return self._measure(pictures)
        finally:
            self._redis.delete(claim)

    def _measure(self, pictures: int) -> bool:
        rows = sample_vectors(self._store, self._space_id, SAMPLE, pictures)
        if len(rows) < LEAST_PICTURES:  # those that are ready may be of the space before
            return False
        sample = np.stack([np.frombuffer(row, "<f2").astype(np.float32) for row in rows])
        texts = background()
        parts = [
            self._encoder.encode_texts(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)
        ]
        curve = fitted(np.concatenate(parts), sample)
        if curve is None:
            logger.warning("space_cannot_be_calibrated", extra={"pictures": len(rows)})
            return False
        save_questions_curve(self._store, self._space_id, curve, pictures)
        logger.info("space_calibrated", extra={"pictures": len(rows), "curve": curve})
        return True


def measures(encoder: Encoder) -> bool:
    """Tell whether an encoder needs to be measured: its questions come without curves."""
    return encoder.encode_questions(["a picture"]).curves is None
