"""Turns the database's errors into the core's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.core.errors import UnavailableError
from db.errors import DatabaseError, DatabaseUnavailableError


@contextmanager
def core_errors() -> Iterator[None]:
    """Raise core errors for those of the database in the block."""
    try:
        yield
    except DatabaseUnavailableError as error:
        raise UnavailableError(part=str(error)) from error
    except DatabaseError as error:
        if error.retryable:
            raise UnavailableError(part=str(error)) from error
        raise
