"""What the libraries report, without what it was about.

The token stands in every address that httpx logs, questions in what python-telegram-bot logs of
an update. Of their records only the constant part reaches the log, at no level any more.
"""

from __future__ import annotations

import logging
import traceback

LIBRARIES = ("telegram", "httpx", "httpcore")

logger = logging.getLogger(__name__)


class _Discreet(logging.Handler):
    """Passes on warnings and errors of a library without their arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        details = {"library": record.name, "said": record.msg if record.args else record.name}
        if error is not None:
            details["error"] = type(error).__name__
        logger.log(record.levelno, "telegram_library", extra=details)


def hush() -> None:
    """Let nothing of the libraries through but what a discreet log may hold."""
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.setLevel(logging.WARNING)
        library.propagate = False
        library.handlers[:] = [_Discreet(logging.WARNING)]


def where(error: BaseException) -> str:
    """Return an error's type and the lines it came by, without its message."""
    lines = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{lines}"
