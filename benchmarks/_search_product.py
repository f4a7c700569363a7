"""The product's own search, measured: the bot's pool and role, block by block."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import psycopg
from numpy.typing import NDArray

from benchmarks._search_data import Vectors
from benchmarks._search_postgres import size_bytes
from benchmarks._search_timing import Timed, timed
from benchmarks._search_truth import Mask, Recall, Truth
from bot.core.search import BLOCK_SIZE
from db import nearest
from db.embeddings import SearchScope, count, search
from db.indexes import INDEX_FROM, ensure_indexes
from db.ingest import IngestStore
from db.pool import Database
from db.selections import EVERYTHING, Selection

Rows = NDArray[np.int64]

SELECTIONS = {
    "tag of 10 %": Selection(tag="some"),
    "tag of 1 %": Selection(tag="rare"),
    "uploader of 5 %": Selection(uploader_id="u:7"),
    "10 of 20 channels": Selection(sees=frozenset(f"channel:{n}" for n in range(10))),
    "1 of 20 channels": Selection(sees=frozenset({"channel:3"})),
}


def selection_masks(total: int) -> dict[str, Mask]:
    """Return which rows each of SELECTIONS has, by the rule that filled the database."""
    number = np.arange(1, total + 1, dtype=np.int64) * 2654435761 % 4294967291
    channel = number // 2000 % 20
    masks = (number % 10 == 0, number % 100 == 0, number // 100 % 20 == 6, channel < 10)
    return dict(zip(SELECTIONS, (*masks, channel == 3), strict=True))


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of the filled database."""

    where: SearchScope
    rows: Rows
    """Its pictures' ids less one, ascending."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a series of questions went."""

    timed: Timed[Rows]
    recall: Recall
    full: float
    """Share of the blocks that were as full as they could be."""


def collections_of(url: str, owners: Rows, dim: int) -> dict[int, Collection]:
    """Return the collections of a filled database by their ids."""
    order = np.argsort(owners, kind="stable")
    numbers, starts = np.unique(owners[order], return_index=True)
    rows = np.split(order, starts[1:])
    with psycopg.connect(url) as connection:
        live = connection.execute("SELECT id FROM spaces WHERE live").fetchone()
    space = int(live[0]) if live else 0
    return {
        int(number): Collection(SearchScope(int(number), len(own), space, dim), own)
        for number, own in zip(numbers, rows, strict=True)
    }


def build(url: str, above: int = INDEX_FROM) -> tuple[float, int, int]:
    """Build the indexes as the worker does; returns seconds, how many, and bytes."""
    store = IngestStore(url)
    began = time.perf_counter()
    names = ensure_indexes(store, above=above)
    build_s = time.perf_counter() - began
    store.close()
    with psycopg.connect(url) as connection:
        known = connection.execute(
            "SELECT indexrelname FROM pg_stat_user_indexes WHERE indexrelname LIKE '%ivf%'"
        ).fetchall()
    return build_s if names else float("nan"), len(known), size_bytes(url, [n for (n,) in known])


async def ask(
    database: Database,
    truth: Truth,
    questions: Vectors,
    places: Sequence[Collection],
    *,
    among: Selection = EVERYTHING,
    mask: Mask | None = None,
    times: int,
    crowd: bool = True,
) -> Asked:
    """Ask ``times`` questions, each in the collection of its place, and compare with the truth."""

    # The core has counted before, or knows the number from the question before.
    totals = {
        place.where.collection_id: int(mask[place.rows].sum()) if mask is not None else 0
        for place in places
    }

    async def one(n: int) -> Rows:
        vector = questions[n % len(questions)].tobytes()
        place = places[n % len(places)]
        total = len(place.rows) if mask is None else totals[place.where.collection_id]
        found = await search(database, place.where, vector, among, total=total, limit=BLOCK_SIZE)
        return np.array([match.image_id for match in found.matches], np.int64) - 1

    done = await timed(one, times, crowd=crowd)
    recalls, full = [], 0
    for n, answer in enumerate(done.answers):
        rows = places[n % len(places)].rows
        if mask is not None:
            rows = rows[mask[rows]]
        recalls.append(truth.recall(n % len(questions), answer, rows))
        full += len(answer) == len(np.unique(answer)) == min(BLOCK_SIZE, len(rows))
    return Asked(done, Recall(tuple(recalls)), full / times)


async def warm(database: Database, questions: Vectors, places: Sequence[Collection]) -> None:
    """Ask other questions, so that what a server at work has in its buffers is in them."""
    for n, question in enumerate(questions):
        place = places[n % len(places)]
        await search(database, place.where, question.tobytes(), limit=BLOCK_SIZE)


@contextmanager
def index_from(count: int) -> Iterator[None]:
    """Have collections of more pictures than this searched by index, whatever is usual."""
    usual = nearest.INDEX_FROM
    nearest.INDEX_FROM = count
    try:
        yield
    finally:
        nearest.INDEX_FROM = usual


async def counted_ms(database: Database, place: Collection, among: Selection) -> float:
    """Return the median time of counting a selection, in ms."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        await count(database, place.where.collection_id, among)
        times.append((time.perf_counter() - began) * 1000)
    return float(np.median(times))


def delete(url: str, place: Collection, rows: Rows) -> tuple[Collection, float]:
    """Delete pictures, without a vacuum; returns what is left, and the seconds it took."""
    began = time.perf_counter()
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE embeddings SET (autovacuum_enabled = off)")
        connection.execute("DELETE FROM images WHERE id = ANY(%s)", ((rows + 1).tolist(),))
    left = np.setdiff1d(place.rows, rows)
    where = replace(place.where, image_count=len(left))
    return Collection(where, left), time.perf_counter() - began
