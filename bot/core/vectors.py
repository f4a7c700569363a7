"""The little arithmetic on vectors that the core does itself."""

from __future__ import annotations

import math
import struct

from bot.core.ports import Vector


def between(one: Vector, other: Vector) -> Vector:
    """Return the unit vector half way between two of the same dimension."""
    layout = f"<{len(one) // 2}e"
    values = [
        a + b for a, b in zip(struct.unpack(layout, one), struct.unpack(layout, other), strict=True)
    ]
    length = math.sqrt(sum(value * value for value in values))
    if not length:
        return one  # opposite vectors: nothing lies between them
    return struct.pack(layout, *(value / length for value in values))
