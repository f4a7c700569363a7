"""How much memory there is, and what the embedded Postgres may take of it."""

from __future__ import annotations

import os
from pathlib import Path

_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_SMALLEST_SHARE = 128 << 20
_LARGEST_SHARE = 4 << 30


def memory_bytes() -> int:
    """Return how much memory this machine has, or this container may use."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(machine, int(_CONTAINER_LIMIT.read_text("ascii")))
    except (OSError, ValueError):
        return machine  # no container, or one without a limit ("max")


def postgres_memory(available: int) -> dict[str, str]:
    """Return Postgres' share of so many bytes: little is taken before it is needed.

    An eighth for what is read again and again, which is a million vectors of 768 dimensions with
    their index on a machine with 32 GB. Another eighth at most while an index is built.
    """
    eighth = min(max(available // 8, _SMALLEST_SHARE), _LARGEST_SHARE) >> 20
    return {
        "shared_buffers": f"{eighth}MB",
        "effective_cache_size": f"{max(available // 2 >> 20, 2 * eighth)}MB",
        "maintenance_work_mem": f"{eighth}MB",
        # Of each of three: vacuums have little to remember here.
        "autovacuum_work_mem": "64MB",
    }
