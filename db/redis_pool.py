"""Connections to the Redis that keeps what may be lost."""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis


def forgetful_pool(url: str) -> BlockingConnectionPool:
    """Return connections for what may be lost.

    A crowd waits for a connection instead of being refused one. A Redis that is gone is noticed at
    once: nothing is tried again, since whoever asks does without.
    """
    return BlockingConnectionPool.from_url(
        url, max_connections=64, timeout=8, socket_timeout=2, socket_connect_timeout=2
    )


def forgetful_client(url: str) -> Redis:
    """Return a client for what may be lost."""
    return Redis.from_pool(forgetful_pool(url))
