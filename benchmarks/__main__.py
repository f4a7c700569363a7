"""``python -m benchmarks [--short] [--write] [names…]``: one benchmark after the other.

Each runs in a process of its own, so that none inherits another's memory or threads.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path


def names(folder: Path = Path(__file__).parent) -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(path.stem for path in folder.glob("[!_]*.py"))


def run_all(package: str, chosen: Sequence[str], options: Sequence[str]) -> list[str]:
    """Run benchmarks of a package, whatever becomes of each; returns those that failed."""
    failed = []
    for name in chosen:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", f"{package}.{name}", *options]
        if subprocess.run(command, check=False).returncode != 0:
            failed.append(name)
    return failed


def main() -> None:
    """Run the benchmarks named, or all; the exit status tells whether all of them ran."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--version", action="version", version=f"Babelpix {version('babelpix')}")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(names())}")
    parser.add_argument("--short", action="store_true", help="fewer and smaller measurements")
    parser.add_argument("--write", action="store_true", help="keep the results in docs/benchmarks")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.names) - set(names()))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(names())}")
    options = [f"--{name}" for name in ("short", "write") if getattr(chosen, name)]
    try:
        failed = run_all("benchmarks", chosen.names or names(), options)
    except KeyboardInterrupt:
        sys.exit(130)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
