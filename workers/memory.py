"""The memory of a worker process."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress


def give_back_memory() -> None:
    """Return to the system what loading a tower took and left; glibc keeps it otherwise."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):  # another C library, another system
        ctypes.CDLL(None).malloc_trim(0)
