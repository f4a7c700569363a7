"""Keep the lock: every dependency at one version, with its hashes, in requirements/*.txt.

python scripts/lock.py write            resolve anew within the ranges, print what moved
python scripts/lock.py write --keep     only take up what pyproject.toml asks for, move nothing else
python scripts/lock.py check            1 when the lock does not fit pyproject.toml

docs/adr/0016-a-lock-that-pip-installs.md tells why it looks as it does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
RUNTIME = "runtime"
TORCH = "torch"
TOOLS = "tools"
PYTHONS = tuple(f"3.{minor}" for minor in range(11, 30))
PLATFORMS = ("x86_64-manylinux_2_35", "aarch64-manylinux_2_35", "aarch64-apple-darwin")
OLDEST_MACOS = "14.0"
# What comes with torch's CUDA build alone; machines without an NVIDIA GPU do without it.
WITH_CUDA = re.compile(r"torch|triton|nvidia-.*|cuda-.*")
PIN = re.compile(r"^([a-z0-9][a-z0-9-]*)==([^\s;\\]+)", re.MULTILINE)
Asked = dict[str, list[str]]
"""What pyproject.toml asks for: requirements by the name of the lock file that fulfils them."""
RENEW = "run `make lock` (or `make lock ARGS=--keep`, which moves nothing else)"


class LockError(Exception):
    """The packages cannot be resolved; the message is the resolver's."""


def project() -> Asked:
    """Return the tables of pyproject.toml that the lock depends on."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        read = tomllib.load(file)
    return {
        "python": [read["project"]["requires-python"]],
        "build": read["build-system"]["requires"],
        RUNTIME: read["project"]["dependencies"],
        **read["project"]["optional-dependencies"],
        TOOLS: read["dependency-groups"][TOOLS],
    }


def extras(asked: Asked) -> list[str]:
    """Return the names of the extras."""
    return [name for name in asked if name not in {"python", "build", RUNTIME, TOOLS}]


def fingerprint(asked: Asked) -> str:
    """Return what changes whenever the project asks for something else."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def pins(*texts: str) -> dict[str, str]:
    """Return the locked version of each package in lock files' texts."""
    return {name: version for text in texts for name, version in PIN.findall(text)}


def lock_files() -> dict[str, str]:
    """Return the texts of the lock's files by name: runtime, torch, and one for each extra."""
    return {file.stem: file.read_text("utf-8") for file in sorted(FOLDER.glob("*.txt"))}


def locked_pythons(asked: Asked) -> list[str]:
    """Return the Python versions the lock is for: 3.11, 3.12, …"""
    allowed = SpecifierSet(asked["python"][0])
    return [version for version in PYTHONS if allowed.contains(version)]


# Checking


def problems() -> Iterator[str]:
    """Yield what does not fit: what is asked for and not locked, or the other way round."""
    asked = project()
    files = lock_files()
    for name in (RUNTIME, TORCH, TOOLS, *extras(asked)):
        if name not in files:
            yield f"requirements/{name}.txt is missing"
    locked = pins(*files.values())
    named = False
    for group in (RUNTIME, TOOLS, *extras(asked)):
        for requirement in map(Requirement, asked[group]):
            version = locked.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                named = True
                yield f"pyproject.toml asks for {requirement}, the lock has {version or 'none'}"
    mark = fingerprint(asked)
    if not named and any(mark not in text for text in files.values()):
        yield "pyproject.toml asks for something else than when the lock was made"


def check() -> int:
    """Print what does not fit; 1 when there is anything."""
    found = list(problems())
    if found:
        print("\n".join(found), f"The lock does not fit: {RENEW}.", sep="\n", file=sys.stderr)
    return 1 if found else 0


# Writing


def uv(*arguments: str) -> str:
    """Run uv and return what it prints; LockError with its complaint."""
    result = subprocess.run(
        [sys.executable, "-m", "uv", *arguments],
        cwd=ROOT,
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise LockError(result.stderr.strip())
    return result.stdout


def resolve(sources: list[str], *options: str) -> str:
    """Return requirements for every locked Python and platform, with hashes."""
    lowest = locked_pythons(project())[0]
    return uv(
        *("pip", "compile", "--quiet", "--universal", "--python-version", lowest),
        *("--fork-strategy", "fewest", "--generate-hashes", "--annotation-style", "line"),
        *("--no-header", "--no-emit-index-url", *options, *sources),
    )


def write(*, keep: bool, exclude_newer: str | None) -> int:
    """Resolve everything at once, then write a file for each way to install."""
    asked = project()
    before = pins(*lock_files().values())
    with tempfile.TemporaryDirectory() as folder:
        files = _resolved(asked, Path(folder), before if keep else {}, exclude_newer)
    FOLDER.mkdir(exist_ok=True)
    header = f"# Made by `make lock` from pyproject.toml ({fingerprint(asked)}); do not edit.\n"
    for name, text in files.items():
        (FOLDER / f"{name}.txt").write_text(header + text, "utf-8")
    tell_moves(before, pins(*files.values()))
    tell_wheels(locked_pythons(asked))
    return 0


def _resolved(
    asked: Asked, folder: Path, kept: dict[str, str], exclude_newer: str | None
) -> dict[str, str]:
    """Return the lock files' texts by name; versions that are kept stay where they can."""
    project_file = "pyproject.toml"
    build = folder / "build.in"
    build.write_text("\n".join(asked["build"]), "utf-8")
    age = ["--exclude-newer", exclude_newer] if exclude_newer else []
    whole = folder / "whole.txt"
    whole.write_text("".join(f"{name}=={version}\n" for name, version in kept.items()), "utf-8")
    everyone = ["--all-extras", "--group", TOOLS]
    resolve([project_file, str(build), *everyone], *age, "--output-file", str(whole))

    def part(sources: list[str], leave_out: Iterable[str]) -> str:
        options = [word for name in leave_out for word in ("--no-emit-package", name)]
        text = resolve(sources, "--constraint", str(whole), *age, *options)
        # Files of this moment are no origin.
        text = text.replace(f"-r {build}", "babelpix (build)")
        return re.sub(rf"-c {re.escape(str(whole))}, |(?:, )?-c {re.escape(str(whole))}", "", text)

    cuda = [name for name in pins(whole.read_text("utf-8")) if WITH_CUDA.fullmatch(name)]
    runtime = part([project_file, str(build)], cuda)
    base = pins(runtime)
    files = {
        RUNTIME: runtime,
        TORCH: part([project_file], base),
        TOOLS: part(["--group", TOOLS], []),
    }
    for extra in extras(asked):
        files[extra] = part([project_file, "--extra", extra], [*base, *cuda])
    return files


def tell_moves(before: dict[str, str], now: dict[str, str]) -> None:
    """Print the packages that came, went, or changed their version."""
    moved = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    for name in moved:
        print(f"{name:28} {before.get(name, '–'):>18} → {now.get(name, '–')}")
    print(f"{len(moved)} of {len(now)} packages moved.")


def tell_wheels(pythons: list[str]) -> None:
    """Print, for each Python and platform, which package would have to be built."""
    files = [f"requirements/{name}.txt" for name in (RUNTIME, "dev", TORCH)]
    for platform in PLATFORMS:
        for python in pythons:
            try:
                uv(
                    *("pip", "install", "--dry-run", "--no-deps", "--only-binary", ":all:"),
                    *("--python-version", python, "--python-platform", platform),
                    *("--target", tempfile.gettempdir() + "/nothing"),
                    *(word for file in files for word in ("-r", file)),
                )
            except LockError as error:
                found = re.search(r"[Bb]ecause ([\w-]+)", str(error))
                wheels = f"no wheel of {found[1]}" if found else str(error)
            else:
                wheels = "all wheels there"
            print(f"Python {python} on {platform:24} {wheels}")


def main() -> int:
    """Run a command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["write", "check"])
    parser.add_argument("--keep", action="store_true", help="move only what has to move")
    parser.add_argument("--exclude-newer", metavar="WHEN", help="a date, or an age: '30 days'")
    arguments = parser.parse_args()
    if arguments.command == "check":
        return check()
    try:
        return write(keep=arguments.keep, exclude_newer=arguments.exclude_newer)
    except LockError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
