"""The embedded Postgres' share of the memory."""

from __future__ import annotations

import pytest

from db.memory import memory_bytes, postgres_memory

_MB = 1 << 20


@pytest.mark.parametrize(
    ("available_mb", "share_mb"), [(512, 128), (2048, 256), (24_000, 3000), (512_000, 4096)]
)
def test_postgres_takes_an_eighth_within_reason(available_mb: int, share_mb: int) -> None:
    settings = postgres_memory(available_mb * _MB)
    assert settings["shared_buffers"] == settings["maintenance_work_mem"] == f"{share_mb}MB"
    assert int(settings["effective_cache_size"].removesuffix("MB")) >= 2 * share_mb


def test_a_machine_knows_its_memory() -> None:
    assert 256 * _MB < memory_bytes() < 2**50
