"""The bot's connections: pooled, unprivileged, and patient with a server that restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, TypeVar

import psycopg
from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection, sql
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db.errors import DatabaseError, DatabaseUnavailableError, SchemaMissingError

T = TypeVar("T")
Row = tuple[Any, ...]

ROLE = "babelpix_app"
"""Owns nothing and is under row-level security; made by the first migration."""
STATEMENT_TIMEOUT_MS = 8000
RETRY_FOR_S = 6.0
"""A read survives a restart of the server that takes no longer than this."""
_RETRY_PAUSE_S = 0.1
_OPTIONS = "-c jit=off -c max_parallel_workers_per_gather=0"
"""Compiling a plan or starting workers for it takes longer than most searches, and a crowd has all
cores at work already."""


class Database:
    """A pool of connections that act as the unprivileged role.

    Errors of the driver become :class:`db.errors.DatabaseError`.
    """

    def __init__(self, url: str, *, max_connections: int = 10) -> None:
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=max_connections,
            open=False,
            timeout=RETRY_FOR_S,
            reconnect_timeout=float("inf"),
            configure=_configure,
            kwargs={
                # A lone statement, and those of a pipeline, are a transaction without being told.
                "autocommit": True,
                "connect_timeout": 5,
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} {_OPTIONS}",
                "application_name": "babelpix-bot",
            },
        )

    async def open(self) -> None:
        """Begin to connect; does not wait for the server."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Let all connections go."""
        await self._pool.close(timeout=1)

    @asynccontextmanager
    async def transaction(
        self, collection_id: int | None = None
    ) -> AsyncIterator[AsyncConnection[Any]]:
        """Run one transaction, of one collection where its pictures are touched."""
        with translated_errors():
            async with self._pool.connection() as connection, connection.transaction():
                if collection_id is not None:
                    await connection.execute(*scope(collection_id))
                yield connection

    async def one(self, statement: LiteralString, values: Sequence[object]) -> Row | None:
        """Return the first row of a statement that reads; no transaction around it."""
        with translated_errors():
            async with self._pool.connection() as connection:
                cursor = await connection.execute(statement, values)
                return await cursor.fetchone()

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[AsyncConnection[Any]]:
        """Run one transaction whose statements travel together: one round trip.

        Results may be fetched only after the block, for the block's end makes the transaction.
        """
        with translated_errors():
            async with self._pool.connection() as connection, connection.pipeline():
                yield connection

    async def retry(self, read: Callable[[], Awaitable[T]]) -> T:
        """Repeat something that changes nothing until the server is back, for RETRY_FOR_S."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + RETRY_FOR_S
        while True:
            try:
                return await read()
            except DatabaseUnavailableError:
                if loop.time() + _RETRY_PAUSE_S > give_up:
                    raise
                # The other idle connections are as dead as this one: have them replaced.
                await self._pool.check()
                await asyncio.sleep(_RETRY_PAUSE_S)


def scope(collection_id: int) -> tuple[str, tuple[str]]:
    """Return the statement that names the collection row-level security lets through."""
    return "SELECT set_config('babelpix.collection_id', %s, true)", (str(collection_id),)


_NOT_MIGRATED = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidParameterValue,
)
"""What a schema that is not there, or is one of before, leads to."""


class translated_errors:  # noqa: N801 - reads as the statement it is
    """Turn the driver's errors into this package's."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
            raise DatabaseUnavailableError("the database is too slow") from error
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout):
            raise DatabaseUnavailableError("the database is not reachable") from error
        if isinstance(error, _NOT_MIGRATED):
            raise SchemaMissingError("the database is not migrated") from error
        if isinstance(error, psycopg.Error):
            raise DatabaseError(f"{type(error).__name__}: {error}") from error


async def _configure(connection: AsyncConnection[Any]) -> None:
    await register_vector_async(connection)
    await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(ROLE)))
