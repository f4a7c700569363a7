"""The wait for a worker ends, whatever becomes of a cancellation on the way."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.app import App
from bot.core.messages import ServiceStatus
from bot.services import service_urls
from bot.settings import BotSettings
from bot.terminal import console

NOT_READY = ServiceStatus(ready=False, warming_up=True, image_count=0, pending_count=0)


@pytest.fixture
def app(tmp_path: Path) -> App:
    settings = BotSettings(_env_file=None, data_dir=tmp_path)
    return App(settings, service_urls(settings))


async def test_a_swallowed_cancellation_does_not_make_it_wait_for_ever(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def status(_collection: str) -> ServiceStatus:
        # As redis-py does, for which it is a connection that failed.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return NOT_READY

    monkeypatch.setattr(app.conversation, "status", status)
    began = time.monotonic()
    async with asyncio.timeout(5):
        assert not await app.wait_until_ready(0.05)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("reasons", [["no", "no"], ["killed", "no"], ["", ""]])
async def test_a_worker_that_gives_up_ends_the_wait_also_when_its_reason_is_known(
    app: App, monkeypatch: pytest.MonkeyPatch, reasons: list[str]
) -> None:
    deaths = iter([(False, reasons[0]), (True, reasons[1])])
    services = SimpleNamespace(worker_gave_up=False, reason="")

    async def wait_until_ready(_timeout_s: float) -> bool:
        services.worker_gave_up, services.reason = next(deaths, (True, reasons[1]))
        return False

    services.why_no_worker = lambda: services.reason or None
    monkeypatch.setattr(app, "wait_until_ready", wait_until_ready)
    monkeypatch.setattr(app, "services", services)
    async with asyncio.timeout(5):
        assert not await console.warm_up(app)
