"""Brings the schema up to date: Alembic, with a lock, timeouts and checksums (ADR 0002)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from db.errors import DatabaseUnavailableError, MigrationError

SCRIPTS = Path(__file__).parent.parent / "migrations"
MIN_PGVECTOR = (0, 8, 4)
"""Older releases lose rows of filtered searches or corrupt HNSW graphs."""

_LOCK = 0x6261_6265_6C70_6978
"""Advisory lock of whoever migrates ("babelpix" in ASCII)."""
_TIMEOUTS = "SET lock_timeout = '60s'; SET statement_timeout = '30min'"
_CHECKSUMS = """
CREATE TABLE IF NOT EXISTS schema_checksums (
  revision text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step and whether this database has taken it."""

    revision: str
    title: str
    applied: bool


def migrate(database_url: str) -> list[Migration]:
    """Take every outstanding step, each in a transaction of its own; returns those taken.

    Two at once wait for each other. Raises MigrationError, DatabaseUnavailableError.
    """
    with _connection(database_url) as connection:
        _check_server(connection)
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
        connection.exec_driver_sql("SET lock_timeout = '10s'")
        connection.exec_driver_sql(_CHECKSUMS)
        connection.commit()
        before = [step for step in _history(connection) if not step.applied]
        connection.commit()

        def record(step: Any, **_: Any) -> None:
            connection.exec_driver_sql(
                "INSERT INTO schema_checksums (revision, checksum) VALUES (%s, %s)",
                (step.up_revision_id, _checksum(Path(step.up_revision.path))),
            )

        config = _config()
        config.attributes.update(connection=connection, on_version_apply=record)
        command.upgrade(config, "head")
        connection.commit()
        return before


def status(database_url: str) -> list[Migration]:
    """Return all steps in order; raises as :func:`migrate` does."""
    with _connection(database_url) as connection:
        return _history(connection)


@contextmanager
def _connection(database_url: str) -> Iterator[Connection]:
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(database_url, connect_timeout=10),
        poolclass=NullPool,
    )
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(_TIMEOUTS)
            connection.commit()
            yield connection
    except DBAPIError as error:
        cause = error.orig
        if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:
            raise DatabaseUnavailableError(f"cannot reach the database: {cause}") from None
        raise MigrationError(f"the database refused a migration: {cause}") from error
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _history(connection: Connection) -> list[Migration]:
    """List all steps; raises MigrationError when an applied one was changed or is unknown."""
    known: dict[str, str] = {}
    exists = "SELECT to_regclass('schema_checksums') IS NOT NULL"
    if connection.exec_driver_sql(exists).scalar_one():
        rows = connection.exec_driver_sql("SELECT revision, checksum FROM schema_checksums")
        known = {row.revision: row.checksum for row in rows}
    steps = list(ScriptDirectory.from_config(_config()).walk_revisions())[::-1]
    for step in steps:
        if step.revision in known and known[step.revision] != _checksum(Path(step.path)):
            raise MigrationError(
                f"migration {step.revision} was changed after it was applied here; "
                "migrations are never edited, add a new one instead"
            )
    if unknown := known.keys() - {step.revision for step in steps}:
        raise MigrationError(
            f"the database has been migrated by a newer Babelpix ({', '.join(sorted(unknown))})"
        )
    return [Migration(step.revision, step.doc or "", step.revision in known) for step in steps]


def _check_server(connection: Connection) -> None:
    version = connection.exec_driver_sql(
        "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"
    ).scalar()
    if version is None:
        raise MigrationError("the database server has no pgvector extension")
    if tuple(int(part) for part in version.split(".")[:3]) < MIN_PGVECTOR:
        wanted = ".".join(map(str, MIN_PGVECTOR))
        raise MigrationError(f"pgvector {version} is too old, {wanted} or newer is needed")
    connection.commit()


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
