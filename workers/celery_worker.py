"""A worker in little memory: ``python -m workers.celery_worker -Q … -c 4``.

As ``celery -A workers.celery_app worker -P threads``, without what that loads and no worker needs.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from celery.utils.nodenames import default_nodename, host_format

if TYPE_CHECKING:
    from types import ModuleType

# Celery's command line itself brings a shell, 8 MiB.
_DONE_WITHOUT = (
    "openvino.tools.ovc",  # converts towers, which a child does
    "rich",  # draws tracebacks of structlog on terminals
)
"""Who imports these gets along without them; 5 MiB each."""


def main() -> int:
    """Work until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m workers.celery_worker")
    parser.add_argument("--version", action="version", version=f"Babelpix {version('babelpix')}")
    parser.add_argument("-Q", "--queues", required=True, help="separated by commas")
    parser.add_argument("-c", "--concurrency", type=int, required=True, help="threads")
    parser.add_argument("-n", "--hostname", help="its name, NAME@HOST")
    options = parser.parse_args()
    # An import of what is None raises ImportError.
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules.update(dict.fromkeys(_DONE_WITHOUT))
    from workers.celery_app import app

    worker = app.Worker(
        hostname=host_format(default_nodename(options.hostname)),
        queues=options.queues.split(","),
        pool_cls="threads",
        concurrency=options.concurrency,
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
