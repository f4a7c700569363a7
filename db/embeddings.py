"""Nearest-neighbour search over the vectors of one collection: one round trip each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgvector import HalfVector
from psycopg import sql

from db.pool import Database, scope
from db.records import MatchRecord
from db.vectors import to_halfvec

EXACT_BELOW = 20_000
"""Collections up to this many pictures are scanned exactly, larger ones by their HNSW index.

At 384 dimensions a scan reads about 0.8 kB a picture; exact answers are always right and the
planner needs no luck. To be replaced by a measured crossing (benchmarks/search.py)."""

MAX_FRAMES = 3
"""Vectors an animated picture has at most."""

_COLUMNS = sql.SQL(
    "i.id, 1 - m.distance, i.caption, i.width, i.height, i.media_type, encode(i.sha256, 'hex'),"
    " i.uploader_id, i.uploader_name, i.created_at, i.source_path"
)

_EXACT = sql.SQL(
    """
    SELECT {columns} FROM (
      SELECT image_id, min(embedding::halfvec({dim}) <=> {query}) AS distance
      FROM embeddings
      WHERE space_id = {space} AND collection_id = {collection} AND image_id <> %(but)s
      GROUP BY image_id ORDER BY distance, image_id LIMIT %(limit)s OFFSET %(offset)s
    ) m JOIN images i ON i.id = m.image_id
    ORDER BY m.distance, i.id
    """
)

# The index gives rows in relaxed order and several frames of a picture: sorted again outside.
_INDEXED = sql.SQL(
    """
    WITH near AS MATERIALIZED (
      SELECT image_id, embedding::halfvec({dim}) <=> {query} AS distance
      FROM embeddings
      WHERE space_id = {space} AND collection_id = {collection}
      ORDER BY embedding::halfvec({dim}) <=> {query} LIMIT %(reach)s
    )
    SELECT {columns} FROM (
      SELECT image_id, min(distance) AS distance FROM near WHERE image_id <> %(but)s
      GROUP BY image_id ORDER BY distance, image_id LIMIT %(limit)s OFFSET %(offset)s
    ) m JOIN images i ON i.id = m.image_id
    ORDER BY m.distance, i.id
    """
)

_PARAMETER = sql.SQL("%(vector)s")
_OWN_VECTOR = sql.SQL(
    "(SELECT embedding::halfvec({dim}) FROM embeddings WHERE space_id = {space}"
    " AND image_id = %(but)s ORDER BY frame LIMIT 1)"
)
_NO_IMAGE = 0
"""No picture has this id: identities begin at 1."""


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Where a search looks."""

    collection_id: int
    image_count: int
    space_id: int
    dim: int


async def search(
    database: Database, where: SearchScope, vector: bytes, *, offset: int, limit: int
) -> list[MatchRecord]:
    """Return the pictures nearest to a vector by cosine distance, best first.

    ``vector`` is ``where.dim`` little-endian float16 values; raises ValueError on another
    dimension.
    """
    if len(vector) != 2 * where.dim:
        raise ValueError(f"the space has {where.dim} dimensions, the vector {len(vector) // 2}")
    return await _run(database, where, to_halfvec(vector), _NO_IMAGE, offset, limit)


async def neighbours(
    database: Database, where: SearchScope, image_id: int, *, offset: int, limit: int
) -> list[MatchRecord]:
    """Return the pictures nearest to a stored one, itself left out."""
    return await _run(database, where, None, image_id, offset, limit)


async def _run(  # noqa: PLR0917
    database: Database,
    where: SearchScope,
    vector: HalfVector | None,
    image_id: int,
    offset: int,
    limit: int,
) -> list[MatchRecord]:
    indexed = where.image_count > EXACT_BELOW
    # Literals, not parameters: only then does the planner see that the partial index applies.
    names: dict[str, sql.Composable] = {
        "dim": sql.Literal(where.dim),
        "space": sql.Literal(where.space_id),
        "collection": sql.Literal(where.collection_id),
    }
    query = _PARAMETER if vector is not None else _OWN_VECTOR.format(**names)
    template = _INDEXED if indexed else _EXACT
    statement = template.format(columns=_COLUMNS, query=query, **names)
    reach = (offset + limit + 1) * MAX_FRAMES
    values = {
        "vector": vector,
        "but": image_id,
        "limit": limit,
        "offset": offset,
        "reach": reach,
    }

    async def read() -> list[Any]:
        async with database.pipeline() as connection:
            await connection.execute(*scope(where.collection_id))
            if indexed:
                await connection.execute("SET LOCAL hnsw.iterative_scan = relaxed_order")
                await connection.execute(f"SET LOCAL hnsw.ef_search = {min(1000, max(100, reach))}")
            cursor = await connection.execute(statement, values)
        return await cursor.fetchall()

    rows = await database.retry(read)
    if rows and rows[0][1] is None:
        return []  # the picture whose neighbours were wanted is gone
    others = where.image_count - (vector is None)
    if indexed and len(rows) < min(limit, others - offset):
        # The index gave up before the page was full: a rare tenant in a large table.
        few = SearchScope(where.collection_id, 0, where.space_id, where.dim)
        return await _run(database, few, vector, image_id, offset, limit)
    return [MatchRecord(*row) for row in rows]
