"""Vectors between the wire (little-endian float16 bytes) and Postgres' halfvec.

Without NumPy, which would take 11 MiB of a bot that computes nothing.
"""

from __future__ import annotations

import math
import struct

from pgvector import HalfVector

_HEADER_BYTES = 4
"""Of halfvec's own binary form, which is big-endian: the dimension and two unused bytes."""


def to_halfvec(vector: bytes) -> HalfVector:
    """Wrap float16 bytes of any even length for a query parameter; ValueError if not finite."""
    dim, rest = divmod(len(vector), 2)
    if rest:
        raise ValueError("a vector ends in the middle of a number")
    values = struct.unpack(f"<{dim}e", vector)
    # No sum of so many float16 overflows: it is finite if all of them are.
    if not math.isfinite(sum(values)):
        raise ValueError("a vector holds values that are not finite")
    return HalfVector.from_binary(struct.pack(f">HH{dim}e", dim, 0, *values))


def from_halfvec(vector: HalfVector) -> bytes:
    """Return the float16 bytes of a vector that came out of the database."""
    dim = vector.dimensions()
    values = struct.unpack_from(f">{dim}e", vector.to_binary(), _HEADER_BYTES)
    return struct.pack(f"<{dim}e", *values)
