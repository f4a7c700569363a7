"""The running service, shared by all tests that need one."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from bot.app import App, opened
from tests.stack import Stack, data_with_samples, running_stack

# What the person who runs the tests has set must not leak into them.
for _name in (
    *("DATABASE_URL", "REDIS_URL", "BLOB_URL", "WEB_HOST", "WEB_PASSWORD", "LOG_LEVEL"),
    *("DISCORD_TOKEN", "TELEGRAM_TOKEN", "TELEGRAM_API_URL", "PAGE_SIZE", "MAX_UPLOAD_MB"),
    *("MIN_RELEVANCE", "ENCODER"),
    *("DISCORD_PROXY", "TELEGRAM_PROXY", "LIMIT_PER_PERSON", "LIMIT_PER_COLLECTION"),
    *("TELEGRAM_WEBHOOK_URL", "TELEGRAM_WEBHOOK_LISTEN", "TELEGRAM_MESSAGES_A_SECOND"),
):
    os.environ.pop(_name, None)

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The service with the sample collection, started once; tests must leave it running."""
    begin_with = None
    if "PYTEST_XDIST_WORKER" in os.environ:
        # The samples are encoded once for all processes of this run, whose folders lie together.
        begin_with = data_with_samples(tmp_path_factory.getbasetemp().parent)
    with running_stack(samples=True, begin_with=begin_with) as running:
        yield running


@pytest.fixture
def fragile_stack() -> Iterator[Stack]:
    """A service of one's own, without samples, for tests that kill things."""
    with running_stack(samples=False) as running:
        yield running


@pytest.fixture
async def app(stack: Stack) -> AsyncIterator[App]:
    """The core in this process, connected to the running services."""
    async with opened(App(stack.settings, stack.urls)) as connected:
        yield connected


@pytest.fixture
def collection() -> str:
    """The key of a collection nobody else uses."""
    return f"test:{next(_numbers)}"


@pytest.fixture
def new_collection() -> Callable[[], str]:
    """Makes keys of collections nobody else uses."""
    return lambda: f"test:{next(_numbers)}"
