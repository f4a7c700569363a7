"""The product's own database for the benchmark: embedded server, real schema, filled in bulk."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from benchmarks._search_data import Vectors
from db.embedded import DATABASE, EmbeddedPaths, EmbeddedPostgres
from db.migrate import migrate
from tests.stack import wait_for

_ROW = np.dtype(
    [
        *[("fields", ">i2"), ("space_length", ">i4"), ("space", ">i2")],
        *[("image_length", ">i4"), ("image", ">i8"), ("frame_length", ">i4"), ("frame", ">i2")],
        *[("collection_length", ">i4"), ("collection", ">i8"), ("vector_length", ">i4")],
        *[("dim", ">i2"), ("unused", ">i2")],
    ]
)
_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL = b"\xff\xff"


@contextmanager
def running_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """Run the embedded server as the product does; what is in the folder stays."""
    paths = EmbeddedPaths(folder)
    paths.make()
    postgres = EmbeddedPostgres(paths)
    postgres.initialise()
    log = folder / "postgres.log"
    with log.open("wb") as output:
        process = subprocess.Popen(postgres.command(), stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_for(postgres.is_ready, 60, lambda: log.read_text("utf-8", "replace"))
            yield postgres
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def new_database(postgres: EmbeddedPostgres, name: str) -> tuple[str, bool]:
    """Return the address of a migrated database, and whether it was made just now."""
    url = postgres.url.replace(f"/{DATABASE}?", f"/{name}?", 1)
    admin = postgres.url.replace(f"/{DATABASE}?", "/postgres?", 1)
    with psycopg.connect(admin, autocommit=True) as connection:
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
        if known.fetchone() is not None:
            return url, False
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    migrate(url)
    return url, True


@contextmanager
def copied(postgres: EmbeddedPostgres, url: str) -> Iterator[str]:
    """Lend a copy of a database nobody is connected to; it is gone after the block."""
    name = str(conninfo_to_dict(url)["dbname"])
    admin = postgres.url.replace(f"/{DATABASE}?", "/postgres?", 1)
    copy = sql.Identifier(f"{name}_copy")
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(copy)
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(create.format(copy, sql.Identifier(name)))
        yield url.replace(f"/{name}?", f"/{name}_copy?", 1)
        connection.execute(drop)


def fill(
    url: str, space_id: int, chunks: Iterable[Vectors], owners: NDArray[np.int64], channels: int
) -> None:
    """Write pictures 1, 2, … with their vectors; picture n belongs to collection owners[n - 1].

    Of the pictures of a collection 1 % have the tag "rare", 10 % the tag "some", 1 in 20 is by
    "u:1", and each came from one of so many channels. Past the triggers, whose sums are made up
    for at the end.
    """
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute(
            "INSERT INTO collections (key) SELECT 'tenant:' || n FROM generate_series(1, %s) n",
            (int(owners.max()),),
        )
        connection.execute("CREATE TEMPORARY TABLE owners (id bigint, collection bigint)")
        with connection.cursor().copy("COPY owners FROM STDIN") as copy:
            for n, owner in enumerate(owners.tolist(), 1):
                copy.write_row((n, owner))
        # Multiplied by a large odd number: no correlation between the columns, always the same.
        connection.execute(
            "INSERT INTO images (id, collection_id, sha256, size_bytes, width, height, media_type,"
            " filename, caption, tags, uploader_id, uploader_name, status, confined)"
            " OVERRIDING SYSTEM VALUE SELECT o.id, o.collection, sha256(o.id::text::bytea), 40000,"
            " 640, 480, 'image/jpeg', 'picture.jpg', 'a picture that somebody has sent here',"
            " CASE WHEN h % 100 = 0 THEN '{rare,some}'::text[]"
            "      WHEN h % 10 = 0 THEN '{some}' ELSE '{}' END,"
            " 'u:' || (h / 100 % 20 + 1), 'Somebody', 'ready', true"
            " FROM (SELECT *, id * 2654435761 % 4294967291 AS h FROM owners) o ORDER BY o.id"
        )
        connection.execute(
            "INSERT INTO image_sources SELECT o.id, o.collection,"
            " 'channel:' || (o.id * 2654435761 %% 4294967291 / 2000 %% %s), o.id::text"
            " FROM owners o",
            (channels,),
        )
        with connection.cursor().copy("COPY embeddings FROM STDIN WITH (FORMAT binary)") as copy:
            copy.write(_HEAD)
            first = 1
            for chunk in chunks:
                ids = np.arange(first, first + len(chunk))
                copy.write(_rows(space_id, ids, owners[ids - 1], chunk))
                first += len(chunk)
            copy.write(_TAIL)
        connection.execute(
            "UPDATE collections c SET version = 1, ready_count = n FROM (SELECT collection_id,"
            " count(*) AS n FROM images GROUP BY 1) i WHERE i.collection_id = c.id"
        )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def _rows(
    space_id: int, ids: NDArray[np.int64], owners: NDArray[np.int64], vectors: Vectors
) -> bytes:
    """Return rows of ``embeddings`` in Postgres' binary format."""
    count, dim = vectors.shape
    rows = np.zeros(count, np.dtype([("head", _ROW), ("vector", ">f2", (dim,))]))
    head = rows["head"]
    head["fields"], head["space_length"], head["space"] = 5, 2, space_id
    head["image_length"], head["image"], head["frame_length"] = 8, ids, 2
    head["collection_length"], head["collection"] = 8, owners
    head["vector_length"], head["dim"] = 4 + 2 * dim, dim
    rows["vector"] = vectors
    return rows.tobytes()


def size_bytes(url: str, relations: Sequence[str]) -> int:
    """Return how much space tables (with their indexes) or indexes take."""
    with psycopg.connect(url) as connection:
        sizes = [
            connection.execute("SELECT pg_total_relation_size(%s::regclass)", (name,)).fetchone()
            for name in relations
        ]
    return sum(int(size[0]) for size in sizes if size)
