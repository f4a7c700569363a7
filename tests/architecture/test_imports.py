"""What import-linter cannot see: what is really loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "sqlalchemy", "alembic")


@pytest.mark.parametrize(
    "module",
    ["bot.app", "bot.terminal.run", "bot.terminal.ask", "bot.terminal.packs", "bot.__main__"],
)
def test_the_bot_never_loads_torch(module: str) -> None:
    code = f"import {module}, sys; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_bot_starts_without_what_few_starts_need() -> None:
    code = (
        "import bot.__main__, bot.terminal.run, sys;"
        "from bot.frontends.base import MODULES, load;"
        "[load(name) for name in MODULES];"
        "print(*[m for m in ('numpy', 'PIL', 'emoji') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_core_loads_the_standard_library_only() -> None:
    code = (
        "import bot.core.conversation, sys;"
        "print(*sorted({m.split('.')[0] for m in sys.modules} - sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.'); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) <= {"bot", "__main__"}
