"""Everything that can go wrong with stored data. Driver errors never leave :mod:`db`."""

from __future__ import annotations


class DatabaseError(Exception):
    """The root of this package's errors."""

    retryable = False


class DatabaseUnavailableError(DatabaseError):
    """The server is not reachable or too slow."""

    retryable = True


class MigrationError(DatabaseError):
    """The schema cannot be brought up to date; the message is for the operator."""


class SchemaMissingError(DatabaseError):
    """The tables are not there (yet)."""

    retryable = True


class EmbeddedError(DatabaseError):
    """An embedded server cannot be started; the message is for the operator."""
