"""Numbers that people can read at a glance."""

from __future__ import annotations

_STEPS = ("B", "kB", "MB", "GB", "TB")


def grouped(number: int) -> str:
    """Write a number with a small space between the thousands, as ISO 80000 has it."""
    return f"{number:,}".replace(",", "\u202f")


def size(size_bytes: int) -> str:
    """Write a size in the unit that suits it."""
    amount, step = float(size_bytes), 0
    while amount >= 999.5 and step < len(_STEPS) - 1:
        amount, step = amount / 1000, step + 1
    written = f"{amount:.1f}" if step > 1 and amount < 99.95 else f"{amount:.0f}"
    return f"{written}\u00a0{_STEPS[step]}"
