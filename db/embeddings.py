"""Pictures of one collection by their vectors, by age, and their number: one round trip each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from psycopg import sql

from db.nearest import (
    COLUMNS,
    OWN_VECTOR,
    VERSION,
    Nearest,
    SearchScope,
    found_records,
    read,
)
from db.pool import Database
from db.records import FoundRecords
from db.selections import EVERYTHING, Selection
from db.vectors import from_halfvec, to_halfvec

__all__ = ["SearchScope", "count", "neighbours", "newest", "search", "sources", "vector_of"]

_NEWEST = sql.SQL(
    """
    SELECT i.id, 0::float8, {columns}, {version} FROM (
      SELECT * FROM images i
      WHERE i.collection_id = {collection} AND i.status = 'ready' AND {condition} {left_out}
      ORDER BY i.id DESC LIMIT %(limit)s OFFSET %(offset)s
    ) i {source}
    ORDER BY i.id DESC
    """
)

_COUNT = sql.SQL(
    """
    SELECT count(*) FROM images i
    WHERE i.collection_id = {collection} AND i.status = 'ready' AND {condition} {left_out}
    """
)

_SOURCES = """
WITH RECURSIVE found AS (
  (SELECT channel FROM image_sources WHERE collection_id = %(collection)s
   ORDER BY channel LIMIT 1)
  UNION ALL
  SELECT (SELECT s.channel FROM image_sources s WHERE s.collection_id = %(collection)s
          AND s.channel > found.channel ORDER BY s.channel LIMIT 1)
  FROM found WHERE found.channel IS NOT NULL
) SELECT channel FROM found WHERE channel IS NOT NULL
"""


async def search(
    database: Database,
    where: SearchScope,
    vector: bytes,
    among: Selection = EVERYTHING,
    *,
    total: int | None = None,
    shown: Sequence[int] = (),
    offset: int | None = None,
    limit: int,
) -> FoundRecords:
    """Return the pictures nearest to a vector by cosine distance, best first.

    ``shown`` are pictures of the selection that are left out: those of the pages before. Only so
    do the pages of a large collection add up, for an index scan has an order of its own. An
    ``offset``, be it 0, skips so many more and makes the search exact. ``total`` is how many
    pictures the selection has with those shown, if known; where they are few, no index is used.
    ``vector`` is ``where.dim`` little-endian float16 values; raises ValueError on another
    dimension.
    """
    if len(vector) != 2 * where.dim:
        raise ValueError(f"the space has {where.dim} dimensions, the vector {len(vector) // 2}")
    among, left = _left_out(where, among, shown, total)
    nearest = Nearest(where, among, to_halfvec(vector), None, total, left, offset, limit)
    return await nearest.run(database)


async def neighbours(
    database: Database,
    where: SearchScope,
    image_id: int,
    among: Selection = EVERYTHING,
    *,
    total: int | None = None,
    shown: Sequence[int] = (),
    offset: int | None = None,
    limit: int,
) -> FoundRecords:
    """Return the pictures nearest to a stored one, itself left out; see :func:`search`."""
    with_itself = None if total is None else total + 1
    among, left = _left_out(where, among, (*shown, image_id), with_itself)
    return await Nearest(where, among, None, image_id, total, left, offset, limit).run(database)


async def newest(
    database: Database,
    collection_id: int,
    among: Selection = EVERYTHING,
    *,
    offset: int,
    limit: int,
) -> FoundRecords:
    """Return findable pictures, those added last first."""
    collection = sql.Literal(collection_id)
    statement = _NEWEST.format(
        columns=COLUMNS,
        version=VERSION.format(collection=collection),
        collection=collection,
        condition=among.condition("i"),
        left_out=among.left_out("i", "id"),
        source=among.source("i"),
    )
    values = {**among.values, "limit": limit, "offset": offset}
    rows = await read(database, collection_id, statement, values)
    return await found_records(database, collection_id, rows)


async def count(database: Database, collection_id: int, among: Selection = EVERYTHING) -> int:
    """Return how many findable pictures a selection has."""
    statement = _COUNT.format(
        collection=sql.Literal(collection_id),
        condition=among.condition("i"),
        left_out=among.left_out("i", "id"),
    )
    ((number,),) = await read(database, collection_id, statement, among.values)
    return int(number)


async def sources(database: Database, collection_id: int) -> frozenset[str]:
    """Return the channels that pictures of a collection come from."""
    rows = await read(database, collection_id, _SOURCES, {"collection": collection_id})
    return frozenset(row[0] for row in rows)


async def vector_of(database: Database, where: SearchScope, image_id: int) -> bytes | None:
    """Return the vector of a stored picture's first frame, little-endian float16."""
    statement = sql.SQL("SELECT {}").format(
        OWN_VECTOR.format(dim=sql.Literal(where.dim), space=sql.Literal(where.space_id))
    )
    ((vector,),) = await read(database, where.collection_id, statement, {"itself": image_id})
    return None if vector is None else from_halfvec(vector)


def _left_out(
    where: SearchScope, among: Selection, shown: Sequence[int], total: int | None
) -> tuple[Selection, int | None]:
    """Hide what is shown already; returns also how many pictures are left, if that is known."""
    if total is None and not among.narrows and not among.hidden:
        total = where.image_count
    left = None if total is None else total - len(shown)
    return replace(among, hidden=(*among.hidden, *shown)), left
