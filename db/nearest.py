"""The search for the nearest pictures: exact, or by a collection's own index (ADR 12)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pgvector import HalfVector
from psycopg import sql

from db.collections import collection_version
from db.indexes import INDEX_FROM, lists_for
from db.pool import Database, scope
from db.records import FoundRecords, MatchRecord
from db.selections import Selection

MAX_FRAMES = 3
"""Vectors an animated picture has at most."""
PROBES, SCANNED, MEETS = 48, 10_000, 2_000
"""An index scan reads at least so many lists, the nearest ones; so many that they are likely to
hold so many pictures, and so many of the selection. With fewer, whole answers are lost now and
then (ADR 12)."""
FOUND_BY_ID = 7
"""An exact scan of a selection takes as long a picture as an index scan for so many."""
SPARE_ROWS = 20
"""Rows an index scan gives besides one a picture; animated pictures have several."""
SCAN_PART, SCAN_AT_LEAST, SCAN_AT_MOST = 2, 20_000, 200_000
"""An index scan gives up after computing as many distances as this part (1/n) of the collection,
within bounds: by then an exact scan of the selection would have been done."""
STATEMENTS_KEPT = 1000

COLUMNS = sql.SQL(
    "i.caption, i.width, i.height, i.media_type, encode(i.sha256, 'hex'),"
    " i.uploader_id, i.uploader_name, i.created_at, i.source_path, source.channel, source.message"
)

VERSION = sql.SQL("(SELECT version FROM collections WHERE id = {collection})")
"""The last column of a search: as of the same moment as the rows."""

# Adding 0 keeps an index out of it. Sorted by rows first, and only the nearest ones grouped by
# picture: grouping all of them takes longer than their distances.
_EXACT = sql.SQL(
    """
    {among}
    SELECT i.id, 1 - m.distance, {columns}, {version} FROM (
      SELECT image_id, min(distance) AS distance FROM (
        SELECT e.image_id, (e.embedding::halfvec({dim}) <=> {query}) + 0 AS distance
        FROM embeddings e {narrowed}
        WHERE e.space_id = {space} AND e.collection_id = {collection} {left_out}
        ORDER BY 2, 1 LIMIT %(reach)s
      ) frames GROUP BY 1 ORDER BY 2, 1 LIMIT %(limit)s OFFSET %(offset)s
    ) m JOIN images i ON i.id = m.image_id {source}
    ORDER BY m.distance, i.id
    """
)
_AMONG = sql.SQL(
    "WITH among AS MATERIALIZED (SELECT i.id FROM images i WHERE i.collection_id = {collection}"
    " AND i.status = 'ready' AND {condition})"
)

# The index gives rows of some lists after those of others, and several frames of a picture:
# sorted again outside.
_INDEXED = sql.SQL(
    """
    WITH near AS MATERIALIZED (
      SELECT e.image_id, e.embedding::halfvec({dim}) <=> {query} AS distance
      FROM embeddings e {narrowed}
      WHERE e.space_id = {space} AND e.collection_id = {collection} {left_out}
      ORDER BY e.embedding::halfvec({dim}) <=> {query} LIMIT {reach}
    )
    SELECT i.id, 1 - m.distance, {columns}, {version}, (SELECT count(*) FROM near) FROM (
      SELECT image_id, min(distance) AS distance FROM near
      GROUP BY 1 ORDER BY 2, 1 LIMIT %(limit)s
    ) m JOIN images i ON i.id = m.image_id {source}
    ORDER BY m.distance, i.id
    """
)
_JOINED = sql.SQL(
    "JOIN images i ON i.id = e.image_id AND i.collection_id = {collection} AND {condition}"
)

INDEX_SCAN = """
SELECT set_config('ivfflat.iterative_scan', 'relaxed_order', true),
       set_config('ivfflat.probes', %s, true), set_config('ivfflat.max_probes', %s, true)
"""
_PARAMETER = sql.SQL("%(vector)s")
OWN_VECTOR = sql.SQL(
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


@dataclass(frozen=True, slots=True)
class Nearest:
    """One search for the nearest pictures."""

    where: SearchScope
    among: Selection
    vector: HalfVector | None
    """None for the vector of the picture ``itself``."""
    itself: int | None
    total: int | None
    """How many pictures the selection has, if that is known."""
    left: int | None
    """How many of them are not hidden."""
    offset: int | None
    """None where any order will do."""
    limit: int

    async def run(self, database: Database) -> FoundRecords:
        """Return the pictures, best first."""
        rows: list[Any] | None = None
        if self.offset is None and self._is_large:
            rows = await self._by_index(database)
        if rows is None:
            rows = await self._rows(database, None)
        if rows and rows[0][1] is None:
            rows = []  # the picture whose neighbours were wanted is gone
        return await found_records(database, self.where.collection_id, rows)

    @property
    def _selected(self) -> int:
        """How many pictures the selection has, as far as is known."""
        if self.among.narrows and self.total is not None:
            return self.total
        return self.where.image_count

    @property
    def _is_large(self) -> bool:
        """Whether an index is sooner done than a scan of all that is wanted."""
        return self._selected > INDEX_FROM and self._selected * FOUND_BY_ID > self._scanned

    @property
    def _scanned(self) -> float:
        """How many pictures an index scan looks at before it gives what it has found."""
        count = self.where.image_count
        return min(count, max(SCANNED, count * MEETS / max(1, self._selected)))

    @property
    def _probes(self) -> tuple[str, str]:
        """How many lists an index scan reads at first, and at most."""
        count = self.where.image_count
        lists_a_picture = lists_for(count) / max(1, count)
        first = max(PROBES, math.ceil(self._scanned * lists_a_picture))
        at_most = min(max(count // SCAN_PART, SCAN_AT_LEAST), SCAN_AT_MOST)
        return str(first), str(max(first, math.ceil(at_most * lists_a_picture)))

    async def _by_index(self, database: Database) -> list[Any] | None:
        """Return what the index finds, None if it gave up before the end of its scan."""
        for reach in (self.limit + SPARE_ROWS, self.limit * MAX_FRAMES):
            rows = await self._rows(database, reach)
            found = rows[0][-1] if rows else 0
            is_gone = bool(rows) and rows[0][1] is None
            enough = self.limit if self.left is None else min(self.limit, self.left)
            if found < reach and len(rows) != self.left and not is_gone:
                return None
            if len(rows) >= enough or is_gone:
                return [row[:-1] for row in rows]
        return None

    async def _rows(self, database: Database, reach: int | None) -> list[Any]:
        """Run the search by index, taking ``reach`` rows of it, or exactly."""
        where = self.where
        values = {
            **self.among.values,
            "vector": self.vector,
            "itself": self.itself,
            "offset": self.offset or 0,
            "limit": self.limit,
            "reach": ((self.offset or 0) + self.limit) * MAX_FRAMES,
        }
        statement = _statement(
            (where.dim, where.space_id, where.collection_id),
            self.among.shape,
            reach=reach,
            of_picture=self.itself is not None,
        )
        settings = () if reach is None else self._probes
        return await read(database, where.collection_id, statement, values, settings)


@lru_cache(STATEMENTS_KEPT)
def _statement(
    where: tuple[int, int, int], shape: Selection, *, reach: int | None, of_picture: bool
) -> str:
    """Write a search down; ``reach`` is how many rows of the index it takes, if of an index.

    Literals, not parameters, where the planner has to know them: for the partial index to apply,
    and for a plan that is kept to be as good as one made anew.
    """
    names: dict[str, sql.Composable] = {
        "dim": sql.Literal(where[0]),
        "space": sql.Literal(where[1]),
        "collection": sql.Literal(where[2]),
    }
    among = narrowed = sql.Composed([])
    if shape.narrows:
        names["condition"] = shape.condition("i")
        if reach is None:
            among = _AMONG.format(**names)
            narrowed = sql.Composed([sql.SQL("JOIN among ON among.id = e.image_id")])
        else:
            narrowed = _JOINED.format(**names)
    statement = (_EXACT if reach is None else _INDEXED).format(
        **names,
        columns=COLUMNS,
        version=VERSION.format(**names),
        query=OWN_VECTOR.format(**names) if of_picture else _PARAMETER,
        among=among,
        narrowed=narrowed,
        left_out=shape.left_out("e", "image_id"),
        source=shape.source("i"),
        reach=sql.Literal(reach),
    )
    return statement.as_string(None)


async def read(
    database: Database,
    collection_id: int,
    statement: str | sql.SQL | sql.Composed,
    values: Mapping[str, Any],
    index_scan: tuple[str, ...] = (),
) -> list[Any]:
    """Run one query of one collection in one round trip."""

    async def once() -> list[Any]:
        async with database.pipeline() as connection:
            await connection.execute(*scope(collection_id))
            if index_scan:
                await connection.execute(INDEX_SCAN, index_scan)
            cursor = await connection.execute(statement, values)
        rows: list[Any] = await cursor.fetchall()
        return rows

    return await database.retry(once)


async def found_records(
    database: Database, collection_id: int, rows: Sequence[Any]
) -> FoundRecords:
    """Return rows that end with the collection's version as records.

    Where nothing was found, the version is read afterwards: one that is still the asker's own was
    that of the search, too.
    """
    if not rows:
        return FoundRecords([], await collection_version(database, collection_id))
    return FoundRecords([MatchRecord(*row[:-1]) for row in rows], rows[0][-1])
