"""Try versions that are not the locked ones: what breaks, and by which package.

python scripts/canary.py newest   the newest versions within the ranges of pyproject.toml
python scripts/canary.py lowest   the lowest of what pyproject.toml names itself

Makes an environment of its own below build/canary, runs every check and test there, and goes back
to locked versions, half of the moved packages at a time, until it knows which one each failure
hangs on. Prints a table and writes it to build/canary/<resolution>.md; exits with 1 when anything
broke. torch stays as it is locked: its builds differ by machine (see scripts/setup.sh).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lock import ROOT, TORCH, WITH_CUDA, LockError, lock_files, pins, uv
from rich.console import Console
from rich.table import Table

CHECKS = {
    "lint": ["-m", "ruff", "check", "."],
    "formatting": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy", "bot", "db", "workers", "samples", "telemetry"],
    "imports": ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
    "translations": ["scripts/catalogues.py", "check"],
}
EXTRAS = ("dev", "train")
MOST = "20"
"""Failed tests after which the others are not waited for: mend these first."""
TESTS_TAKE_AT_MOST_S = 1800
console = Console(width=120)


@dataclass(frozen=True)
class Failure:
    """One check or test that fails, with the first line of its complaint."""

    name: str
    complaint: str


class Environment:
    """A virtual environment whose packages can be moved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "venv" / "bin" / "python"
        self.installed: dict[str, str] = {}

    def make(self) -> None:
        """Make it anew, with torch and the project itself."""
        venv.create(self.folder / "venv", clear=True, with_pip=True)
        torch = pins(*lock_files().values())[TORCH]
        self._pip("--no-deps", f"{TORCH}=={torch}")

    def move_to(self, versions: dict[str, str]) -> None:
        """Install these versions where others are."""
        moved = [f"{n}=={v}" for n, v in versions.items() if self.installed.get(n) != v]
        if moved:
            self._pip("--no-deps", *moved)
        if not self.installed:
            self._pip("--no-deps", "--no-build-isolation", "-e", ".")
        self.installed = dict(versions)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run its Python in the project; what does not end by itself is ended, and has failed."""
        command = ["timeout", str(TESTS_TAKE_AT_MOST_S), str(self.python), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    def _pip(self, *arguments: str) -> None:
        result = self.run("-m", "pip", "install", "--quiet", *arguments)
        if result.returncode:
            raise LockError(result.stderr.strip()[-2000:])


def resolved(lowest: bool, held: dict[str, str], folder: Path) -> dict[str, str]:
    """Return versions within the ranges, some of them held; LockError where there are none."""
    constraints = folder / "held.txt"
    torch = pins(*lock_files().values())[TORCH]
    lines = [f"{name}=={version}\n" for name, version in {**held, TORCH: torch}.items()]
    constraints.write_text("".join(lines), "utf-8")
    text = uv(
        *("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url"),
        *("--resolution", "lowest-direct" if lowest else "highest"),
        *("--constraint", str(constraints), "pyproject.toml"),
        *(word for extra in EXTRAS for word in ("--extra", extra)),
    )
    return {n: v for n, v in pins(text).items() if not WITH_CUDA.fullmatch(n)}


def failures(environment: Environment, only: Iterable[str] = ()) -> list[Failure]:
    """Run every check and test, or only those named; return what fails."""
    names = list(only)
    found = []
    for name, command in CHECKS.items():
        if not names or name in names:
            result = environment.run(*command)
            if result.returncode:
                found.append(Failure(name, _last_line(result.stdout + result.stderr)))
    tests = [name for name in names if name not in CHECKS]
    if tests or not names:
        found += _failed_tests(environment, tests)
    return found


def _failed_tests(environment: Environment, tests: list[str]) -> list[Failure]:
    report = environment.folder / "tests.xml"
    report.unlink(missing_ok=True)
    result = environment.run(
        *("-m", "pytest", "-q", "--numprocesses", "3", "--dist", "loadfile", "--maxfail", MOST),
        *(f"--junitxml={report}", "-o", "junit_family=xunit1"),
        *tests,
    )
    if not report.exists():
        return [Failure("the tests as a whole", _last_line(result.stdout + result.stderr))]
    found = []
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest wrote it
        flaw = case.find("failure")
        flaw = flaw if flaw is not None else case.find("error")
        if flaw is not None:
            where = f"{case.get('file')}::{case.get('name')}" if case.get("file") else None
            name = where or str(case.get("name"))
            found.append(Failure(name, (flaw.get("message") or "").split("\n")[0]))
    return found


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def culprits(moved: list[str], works: Callable[[list[str]], bool]) -> list[str]:
    """Return the packages that, locked, make what is broken work again; none when none do.

    Halves the moved packages as long as one half alone does it; where it takes packages of both,
    all that are left are named.
    """
    if not moved or not works(moved):
        return []
    while len(moved) > 1:
        middle = len(moved) // 2
        for half in (moved[:middle], moved[middle:]):
            if works(half):
                moved = half
                break
        else:
            break
    return moved


def explain(
    environment: Environment, lowest: bool, tried: dict[str, str], found: list[Failure]
) -> dict[str, list[str]]:
    """Return the packages that each failure hangs on."""
    locked = pins(*lock_files().values())
    moved = [n for n, v in tried.items() if n in locked and locked[n] != v]

    def still_broken(held: list[str], names: list[str]) -> set[str]:
        try:
            versions = resolved(lowest, {n: locked[n] for n in held}, environment.folder)
            environment.move_to(versions)
        except LockError:
            return set(names)  # these do not go together: no answer
        return {failure.name for failure in failures(environment, names)}

    left = [failure.name for failure in found]
    by: dict[str, list[str]] = {}
    while left:
        first = left[0]

        def works(held: list[str], name: str = first) -> bool:
            return not still_broken(held, [name])

        guilty = culprits(moved, works)
        mended = set(left) - still_broken(guilty, left) if guilty else set()
        for name in {first, *mended}:
            by[name] = guilty
        left = [name for name in left if name not in by]
    return by


def main() -> int:
    """Try, then tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("resolution", choices=["newest", "lowest"])
    name = parser.parse_args().resolution
    lowest = name == "lowest"
    environment = Environment(ROOT / "build" / "canary" / name)
    environment.folder.mkdir(parents=True, exist_ok=True)
    locked = pins(*lock_files().values())
    try:
        tried = resolved(lowest, {}, environment.folder)
        moved = [n for n, v in sorted(tried.items()) if locked.get(n) != v]
        console.print(f"{len(moved)} of {len(tried)} packages differ from the lock.")
        if not moved:
            return 0
        with console.status("Making the environment …"):
            environment.make()
            environment.move_to(tried)
    except LockError as error:
        console.print(str(error), markup=False)
        return 1
    found = failures(environment)
    by = explain(environment, lowest, tried, found)
    table = Table("what broke", "by", "its complaint", title=f"The {name} versions")
    lines = [f"# The {name} versions\n", "| package | locked | tried |", "|---|---|---|"]
    lines += [f"| {n} | {locked.get(n, '–')} | {tried[n]} |" for n in moved]
    lines += ["\n| what broke | by | its complaint |", "|---|---|---|"]
    for failure in found:
        guilty = ", ".join(f"{n} {locked[n]} → {tried[n]}" for n in by[failure.name])
        row = failure.name, guilty or "fails with locked versions as well", failure.complaint[:200]
        table.add_row(*row)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    report = environment.folder.parent / f"{name}.md"
    report.write_text("\n".join(lines) + "\n", "utf-8")
    console.print(table if found else "Everything works with them.")
    console.print(f"The whole table: {report.relative_to(ROOT)}", highlight=False)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
