"""Nearest-neighbour search over the vectors of one collection: one round trip each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgvector import HalfVector
from psycopg import sql

from db.pool import Database, scope
from db.records import MatchRecord
from db.selections import EVERYTHING, Selection
from db.vectors import from_halfvec, to_halfvec

EXACT_BELOW = 20_000
"""Collections up to this many pictures are scanned exactly, larger ones by their HNSW index.

At 384 dimensions a scan reads about 0.8 kB a picture; exact answers are always right and the
planner needs no luck. To be replaced by a measured crossing (benchmarks/search.py)."""

MAX_FRAMES = 3
"""Vectors an animated picture has at most."""

_COLUMNS = sql.SQL(
    "i.caption, i.width, i.height, i.media_type, encode(i.sha256, 'hex'),"
    " i.uploader_id, i.uploader_name, i.created_at, i.source_path, source.channel, source.message"
)

_EXACT = sql.SQL(
    """
    SELECT i.id, 1 - m.distance, {columns} FROM (
      SELECT e.image_id, min(e.embedding::halfvec({dim}) <=> {query}) AS distance
      FROM embeddings e {narrowed}
      WHERE e.space_id = {space} AND e.collection_id = {collection}
        AND e.image_id <> ALL(%(hidden)s)
      GROUP BY e.image_id ORDER BY distance, e.image_id LIMIT %(limit)s OFFSET %(offset)s
    ) m JOIN images i ON i.id = m.image_id {source}
    ORDER BY m.distance, i.id
    """
)

# The index gives rows in relaxed order and several frames of a picture: sorted again outside.
_INDEXED = sql.SQL(
    """
    WITH near AS MATERIALIZED (
      SELECT e.image_id, e.embedding::halfvec({dim}) <=> {query} AS distance
      FROM embeddings e {narrowed}
      WHERE e.space_id = {space} AND e.collection_id = {collection}
      ORDER BY e.embedding::halfvec({dim}) <=> {query} LIMIT %(reach)s
    )
    SELECT i.id, 1 - m.distance, {columns} FROM (
      SELECT image_id, min(distance) AS distance FROM near WHERE image_id <> ALL(%(hidden)s)
      GROUP BY image_id ORDER BY distance, image_id LIMIT %(limit)s OFFSET %(offset)s
    ) m JOIN images i ON i.id = m.image_id {source}
    ORDER BY m.distance, i.id
    """
)

_NEWEST = sql.SQL(
    """
    SELECT i.id, 0::float8, {columns} FROM (
      SELECT * FROM images i
      WHERE i.collection_id = {collection} AND i.status = 'ready'
        AND i.id <> ALL(%(hidden)s) AND {condition}
      ORDER BY i.id DESC LIMIT %(limit)s OFFSET %(offset)s
    ) i {source}
    ORDER BY i.id DESC
    """
)

_COUNT = sql.SQL(
    """
    SELECT count(*) FROM images i
    WHERE i.collection_id = {collection} AND i.status = 'ready'
      AND i.id <> ALL(%(hidden)s) AND {condition}
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

_PARAMETER = sql.SQL("%(vector)s")
_OWN_VECTOR = sql.SQL(
    "(SELECT embedding::halfvec({dim}) FROM embeddings WHERE space_id = {space}"
    " AND image_id = %(itself)s ORDER BY frame LIMIT 1)"
)


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Where a search looks."""

    collection_id: int
    image_count: int
    space_id: int
    dim: int


async def search(
    database: Database,
    where: SearchScope,
    vector: bytes,
    among: Selection = EVERYTHING,
    *,
    offset: int,
    limit: int,
) -> list[MatchRecord]:
    """Return the pictures nearest to a vector by cosine distance, best first.

    ``vector`` is ``where.dim`` little-endian float16 values; raises ValueError on another
    dimension.
    """
    if len(vector) != 2 * where.dim:
        raise ValueError(f"the space has {where.dim} dimensions, the vector {len(vector) // 2}")
    nearest = _Nearest(where, among, to_halfvec(vector), None, offset, limit)
    return await nearest.run(database)


async def neighbours(
    database: Database,
    where: SearchScope,
    image_id: int,
    among: Selection = EVERYTHING,
    *,
    offset: int,
    limit: int,
) -> list[MatchRecord]:
    """Return the pictures nearest to a stored one, itself left out."""
    others = replace(among, hidden=(*among.hidden, image_id))
    return await _Nearest(where, others, None, image_id, offset, limit).run(database)


async def newest(
    database: Database,
    collection_id: int,
    among: Selection = EVERYTHING,
    *,
    offset: int,
    limit: int,
) -> list[MatchRecord]:
    """Return findable pictures, those added last first."""
    statement = _NEWEST.format(
        columns=_COLUMNS,
        collection=sql.Literal(collection_id),
        condition=among.condition("i"),
        source=among.source("i"),
    )
    values = {**among.values, "limit": limit, "offset": offset}
    return [MatchRecord(*row) for row in await _rows(database, collection_id, statement, values)]


async def count(database: Database, collection_id: int, among: Selection = EVERYTHING) -> int:
    """Return how many findable pictures a selection has."""
    statement = _COUNT.format(collection=sql.Literal(collection_id), condition=among.condition("i"))
    ((number,),) = await _rows(database, collection_id, statement, among.values)
    return int(number)


async def sources(database: Database, collection_id: int) -> frozenset[str]:
    """Return the channels that pictures of a collection come from."""
    values = {"collection": collection_id}
    rows = await _rows(database, collection_id, sql.SQL(_SOURCES), values)
    return frozenset(row[0] for row in rows)


async def vector_of(database: Database, where: SearchScope, image_id: int) -> bytes | None:
    """Return the vector of a stored picture's first frame, little-endian float16."""
    statement = sql.SQL("SELECT {}").format(
        _OWN_VECTOR.format(dim=sql.Literal(where.dim), space=sql.Literal(where.space_id))
    )
    ((vector,),) = await _rows(database, where.collection_id, statement, {"itself": image_id})
    return None if vector is None else from_halfvec(vector)


@dataclass(frozen=True, slots=True)
class _Nearest:
    """One search for the nearest pictures."""

    where: SearchScope
    among: Selection
    vector: HalfVector | None
    """None for the vector of the picture ``itself``."""
    itself: int | None
    offset: int
    limit: int

    async def run(self, database: Database) -> list[MatchRecord]:
        indexed = self.where.image_count > EXACT_BELOW
        rows = await self._rows(database, indexed=indexed)
        if rows and rows[0][1] is None:
            return []  # the picture whose neighbours were wanted is gone
        wanted = self.limit
        itself = self.itself is not None
        # How many of the hidden pictures are still there, nobody knows.
        if not self.among.narrows and len(self.among.hidden) == itself:
            wanted = min(wanted, self.where.image_count - itself - self.offset)
        if indexed and len(rows) < wanted:
            # The index gave up before the page was full: a rare tenant in a large table, or a
            # selection that few pictures meet.
            rows = await self._rows(database, indexed=False)
        return [MatchRecord(*row) for row in rows]

    async def _rows(self, database: Database, *, indexed: bool) -> list[Any]:
        reach = (self.offset + self.limit + 1 + len(self.among.hidden)) * MAX_FRAMES
        values = {
            **self.among.values,
            "vector": self.vector,
            "itself": self.itself,
            "limit": self.limit,
            "offset": self.offset,
            "reach": reach,
        }
        tuning: tuple[str, ...] = ()
        if indexed:
            tuning = (
                "SET LOCAL hnsw.iterative_scan = relaxed_order",
                f"SET LOCAL hnsw.ef_search = {min(1000, max(100, reach))}",
            )
        statement = self._statement(_INDEXED if indexed else _EXACT)
        return await _rows(database, self.where.collection_id, statement, values, tuning)

    def _statement(self, template: sql.SQL) -> sql.Composed:
        # Literals, not parameters: only then does the planner see that the partial index applies.
        names: dict[str, sql.Composable] = {
            "dim": sql.Literal(self.where.dim),
            "space": sql.Literal(self.where.space_id),
            "collection": sql.Literal(self.where.collection_id),
        }
        narrowed: sql.Composable = sql.SQL("")
        if self.among.narrows:
            narrowed = sql.SQL("JOIN images i ON i.id = e.image_id AND {}").format(
                self.among.condition("i")
            )
        query = _PARAMETER if self.vector is not None else _OWN_VECTOR.format(**names)
        source = self.among.source("i")
        return template.format(
            columns=_COLUMNS, query=query, narrowed=narrowed, source=source, **names
        )


async def _rows(
    database: Database,
    collection_id: int,
    statement: sql.Composed | sql.SQL,
    values: Mapping[str, Any],
    tuning: Sequence[str] = (),
) -> list[Any]:
    """Run one query of one collection in one round trip."""

    async def read() -> list[Any]:
        async with database.pipeline() as connection:
            await connection.execute(*scope(collection_id))
            for setting in tuning:
                await connection.execute(sql.SQL(setting))
            cursor = await connection.execute(statement, values)
        rows: list[Any] = await cursor.fetchall()
        return rows

    return await database.retry(read)
