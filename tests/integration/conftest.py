"""Postgres and Redis alone, without a bot: a migrated template database, cloned for each test."""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from redis.asyncio import Redis

from db.embedded import DATABASE, EmbeddedPaths, EmbeddedPostgres, EmbeddedRedis
from db.ingest import IngestStore
from db.migrate import migrate
from db.pool import Database
from tests.stack import START_TIMEOUT_S, STOP_TIMEOUT_S, kill_family, new_data_dir, wait_for

_TEMPLATE = "migrated"
_numbers = itertools.count(1)


class PostgresServer:
    """A running server that makes databases."""

    def __init__(self, embedded: EmbeddedPostgres) -> None:
        self._embedded = embedded

    def url(self, name: str) -> str:
        """Return the address of one of its databases."""
        return self._embedded.url.replace(f"/{DATABASE}?", f"/{name}?", 1)

    def admin(self) -> psycopg.Connection[tuple[object, ...]]:
        """Connect as superuser to a database that no test uses."""
        return psycopg.connect(self.url("postgres"), autocommit=True)

    def new_database(self, template: str = "template1") -> str:
        """Make a database and return its address."""
        name = f"test_{next(_numbers)}"
        with self.admin() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)


@contextmanager
def running(
    command: list[str], is_ready: Callable[[], bool], log: Path, end: signal.Signals
) -> Iterator[None]:
    """Run a server for as long as the block; ``end`` makes it end without tidying up."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def ready() -> bool:
        assert process.poll() is None, f"it ended: {log.read_text('utf-8', 'replace')}"
        return is_ready()

    try:
        wait_for(ready, START_TIMEOUT_S, lambda: log.read_text("utf-8", "replace"))
        yield
    finally:
        try:
            process.send_signal(end)
            process.wait(STOP_TIMEOUT_S)
        finally:
            kill_family(process)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A Postgres with a migrated template database."""
    paths = EmbeddedPaths(new_data_dir())
    paths.make()
    postgres = EmbeddedPostgres(paths)
    postgres.initialise()
    with running(postgres.command(), postgres.is_ready, paths.data_dir / "log", signal.SIGQUIT):
        made = PostgresServer(postgres)
        with made.admin() as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        migrate(made.url(_TEMPLATE))
        yield made
    shutil.rmtree(paths.data_dir, ignore_errors=True)


@pytest.fixture
def empty_database(server: PostgresServer) -> str:
    """The address of a database with nothing in it."""
    return server.new_database()


@pytest.fixture
def database_url(server: PostgresServer) -> str:
    """The address of a migrated database."""
    return server.new_database(_TEMPLATE)


@pytest.fixture(scope="module")
def module_database_url(server: PostgresServer) -> str:
    """The address of a migrated database that the tests of a module share."""
    return server.new_database(_TEMPLATE)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The bot's pool."""
    pool = Database(database_url)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
def store(database_url: str) -> Iterator[IngestStore]:
    """A worker's pool."""
    pool = IngestStore(database_url)
    yield pool
    pool.close()


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A superuser's connection, for looking behind the scenes; each statement commits."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def redis_server() -> Iterator[EmbeddedRedis]:
    """A Redis in a folder with an awkward name."""
    base = new_data_dir()
    paths = EmbeddedPaths(base / "a b%20?c")
    paths.make()
    embedded = EmbeddedRedis(paths)
    with running(embedded.command(), embedded.is_ready, base / "log", signal.SIGKILL):
        yield embedded
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
async def redis(redis_server: EmbeddedRedis) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    async with Redis.from_url(redis_server.url) as client:
        await client.flushall()
        yield client
