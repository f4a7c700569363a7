"""How much two encoders agree: the overlap of their best pictures for recent questions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bot.app import LOCAL_COLLECTION, App
from bot.core.errors import CoreError
from bot.core.questions import normalise
from db import embeddings
from db.collections import collection_state
from db.embeddings import SearchScope
from db.records import SpaceOverview
from workers.client import ClientError

BEST = 10
MOST_QUESTIONS = 50
SAMPLE_QUESTIONS = (
    *("black cat", "Geburtstagskuchen", "花火", "une maison au bord de la mer", "красная машина"),
    *("people laughing", "una montaña nevada", "طائر", "pizza", "서울의 밤"),
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What came of a comparison."""

    questions: int
    overlap: float
    """The mean part of the best pictures that both have, 0 to 1."""
    are_samples: bool
    """Nobody has asked anything lately: the questions are made up."""


async def compare(app: App, one: SpaceOverview, other: SpaceOverview) -> Agreement | None:
    """Ask both spaces the same; None where there is nothing to compare.

    Both have to be served by the workers. Raises DatabaseError.
    """
    asked = await app.questions.lately(MOST_QUESTIONS)
    questions = asked or [(LOCAL_COLLECTION, text) for text in SAMPLE_QUESTIONS]
    overlaps = []
    for collection, text in questions:
        try:
            first, second = await asyncio.gather(
                _best(app, collection, text, one), _best(app, collection, text, other)
            )
        except (ClientError, CoreError):
            continue
        if first and second:
            overlaps.append(len(first & second) / max(len(first), len(second)))
    if not overlaps:
        return None
    return Agreement(len(overlaps), sum(overlaps) / len(overlaps), not asked)


async def _best(app: App, collection: str, text: str, space: SpaceOverview) -> frozenset[int]:
    state = await collection_state(app.database, collection)
    if space.text_revision is None or not state.ready_count:
        return frozenset()
    row = await app.client.encode_text(normalise(text), space.text_revision)
    where = SearchScope(state.id, state.ready_count, space.id, space.dim)
    found = await embeddings.search(app.database, where, row.vector, offset=0, limit=BEST)
    return frozenset(match.image_id for match in found.matches)


def in_words(agreement: Agreement | None, names: Sequence[str]) -> str:
    """Put a comparison into a line."""
    if agreement is None:
        return "There was nothing to compare."
    kind = "sample questions" if agreement.are_samples else "recent questions"
    return (
        f"{' and '.join(names)} have {agreement.overlap:.0%} of their best {BEST} pictures in"
        f" common ({agreement.questions} {kind})."
    )
