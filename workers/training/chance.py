"""Chance that can be repeated: every draw of the data step comes from a named seed."""

import random


def seeded(name: str) -> random.Random:
    """Return a generator that gives the same numbers for the same name on every machine."""
    return random.Random(name)  # noqa: S311  nothing here is secret
