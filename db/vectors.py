"""Vectors between the wire (little-endian float16 bytes) and Postgres' halfvec."""

from __future__ import annotations

import numpy as np
from pgvector import HalfVector


def to_halfvec(vector: bytes) -> HalfVector:
    """Wrap float16 bytes of any length for a query parameter; raises ValueError if not finite."""
    values = np.frombuffer(vector, dtype="<f2")
    if not np.isfinite(values).all():
        raise ValueError("a vector holds values that are not finite")
    return HalfVector(values)


def from_halfvec(vector: HalfVector) -> bytes:
    """Return the float16 bytes of a vector that came out of the database."""
    return np.asarray(vector.to_numpy(), dtype="<f2").tobytes()
