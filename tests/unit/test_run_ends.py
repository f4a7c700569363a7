"""``python -m bot run`` ends on the first signal, whatever a library makes of a cancellation."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.settings import BotSettings
from bot.terminal import run as running

ENDS_WITHIN_S = 20.0


class Services:
    """Services that only note that they were ended."""

    def __init__(self) -> None:
        self.children: dict[str, object] = {}
        self.urls = None
        self.ended = False

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        self.ended = True


@pytest.fixture
async def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[int, Callable[[], object]]:
    """What is called at which signal.

    A real one would be for the process of the tests, which may end of it; test_commands.py sends
    them to a process of its own.
    """
    found: dict[int, Callable[[], object]] = {}
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "add_signal_handler", found.__setitem__)
    monkeypatch.setattr(loop, "remove_signal_handler", found.pop)
    return found


async def interrupted(handlers: dict[int, Callable[[], object]]) -> None:
    """Be interrupted, and lose the cancellation, as asyncio.wait_for does before Python 3.12."""
    handlers[signal.SIGINT]()
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


async def ended(settings: BotSettings) -> int:
    # A time-out would cancel it once more, and thereby help it to end.
    task = asyncio.create_task(running.run(settings, []))
    done, _ = await asyncio.wait({task}, timeout=ENDS_WITHIN_S)
    task.cancel()
    assert done
    return await task


@pytest.mark.parametrize("while_it", ["opens", "warms up", "runs"])
async def test_it_ends_though_the_cancellation_was_lost(
    while_it: str,
    handlers: dict[int, Callable[[], object]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    services = Services()
    settings = BotSettings(_env_file=None, data_dir=tmp_path)

    @asynccontextmanager
    async def opened(app: object) -> AsyncIterator[object]:
        if while_it == "opens":
            await interrupted(handlers)
        yield app

    async def warm_up(_: object) -> bool:
        if while_it == "warms up":
            await interrupted(handlers)
        return True

    async def follow_change(_: object) -> None:
        if while_it == "runs":
            await interrupted(handlers)
        await asyncio.Event().wait()

    async def prepare_samples(_: object) -> None:
        pass

    monkeypatch.setattr(running, "LocalServices", lambda _: services)
    monkeypatch.setattr(running, "App", lambda *_: SimpleNamespace(settings=settings))
    for replacement in (opened, warm_up, follow_change, prepare_samples):
        monkeypatch.setattr(running, replacement.__name__, replacement)
    assert await ended(settings) == 0
    assert services.ended


@pytest.mark.usefixtures("handlers")
async def test_it_ends_when_the_worker_has_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    services = Services()
    settings = BotSettings(_env_file=None, data_dir=tmp_path)

    @asynccontextmanager
    async def opened(app: object) -> AsyncIterator[object]:
        yield app

    async def warm_up(_: object) -> bool:
        return False

    monkeypatch.setattr(running, "LocalServices", lambda _: services)
    monkeypatch.setattr(running, "App", lambda *_: SimpleNamespace(settings=settings))
    monkeypatch.setattr(running, "opened", opened)
    monkeypatch.setattr(running, "warm_up", warm_up)
    assert await ended(settings) == 1
    assert services.ended
