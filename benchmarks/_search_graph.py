"""What was in the place of the inverted lists before (ADR 12): pgvector's HNSW graph."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from db import nearest

M, EF_CONSTRUCTION, EF_SEARCH = 16, 200, 400
NAME = f"pgvector HNSW, m {M}, ef {EF_SEARCH}"
_SCAN = f"""
SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true),
       set_config('hnsw.ef_search', '{EF_SEARCH}', true), %s::text, %s::text,
       set_config('hnsw.max_scan_tuples', '200000', true)
"""


def build_graph(url: str, space_id: int, collection_id: int, dim: int) -> tuple[float, int, int]:
    """Put a graph in the place of a collection's lists; returns seconds, how many, and bytes."""
    with psycopg.connect(url, autocommit=True) as connection:
        lists = connection.execute(
            "SELECT indexrelname FROM pg_stat_user_indexes WHERE indexrelname ~ '^embeddings_ivf_'"
        ).fetchall()
        for (name,) in lists:
            connection.execute(f"DROP INDEX {name}")
        began = time.perf_counter()
        connection.execute(
            "CREATE INDEX embeddings_graph ON embeddings"
            f" USING hnsw ((embedding::halfvec({dim})) halfvec_cosine_ops)"
            f" WITH (m = {M}, ef_construction = {EF_CONSTRUCTION})"
            f" WHERE space_id = {space_id} AND collection_id = {collection_id}"
        )
        build_s = time.perf_counter() - began
        ((size,),) = connection.execute("SELECT pg_relation_size('embeddings_graph')").fetchall()
    return build_s, 1, int(size)


@contextmanager
def searched_by_graph() -> Iterator[None]:
    """Have index scans take the settings of a graph."""
    usual = nearest.INDEX_SCAN
    nearest.INDEX_SCAN = _SCAN
    try:
        yield
    finally:
        nearest.INDEX_SCAN = usual
