"""The worker at work keeps the indexes as the collections need them."""

from __future__ import annotations

import psycopg

from db.indexes import index_name
from tests.stack import Stack, wait_for


def test_the_sweep_drops_an_index_that_no_collection_needs(stack: Stack) -> None:
    name = index_name(0, 0, 1)
    with psycopg.connect(stack.urls.database, autocommit=True) as connection:
        connection.execute(f"CREATE INDEX {name} ON embeddings (frame) WHERE space_id = 0")

        def is_gone() -> bool:
            return connection.execute("SELECT to_regclass(%s)", (name,)).fetchone() == (None,)

        wait_for(is_gone, 60, stack.logs)
