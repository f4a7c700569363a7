"""Logging: structlog's rendering over the standard library's loggers.

Event names are static, details travel as ``extra``. No secret and no question is ever logged
above debug.
"""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog

MAX_LOG_BYTES = 5 * 2**20
_NOISY = ("PIL", "celery.app.trace", "celery.worker.strategy", "httpcore", "httpx", "psycopg.pool")


def configure_logging(level: str, file: Path | None = None) -> None:
    """Send all events to standard error, or to a file that is rotated, one line each."""
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        handler = RotatingFileHandler(file, maxBytes=MAX_LOG_BYTES, backupCount=1, encoding="utf-8")
    to_person = file is None and sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=False)
        if to_person
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.stdlib.ExtraAdder(),
                structlog.processors.format_exc_info,
                _logfmt_safe,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _logfmt_safe(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Turn keys with spaces, which logfmt refuses, into ones without."""
    return {str(key).replace(" ", "_"): value for key, value in event.items()}
