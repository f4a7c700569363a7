"""``python -m bot run``: the whole service, until Ctrl-C."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Sequence

from bot.app import App, opened
from bot.core.photographs import COMMAND
from bot.frontends.base import Frontend, load
from bot.instance import InstanceInfo, InstanceLock
from bot.services import LocalServices
from bot.settings import BotSettings
from bot.terminal.change import follow_change
from bot.terminal.console import errors, output, prepare_samples, warm_up
from workers.choice import is_bundled
from workers.client import end_tasks

EXAMPLES = ("black cat", "Geburtstagskuchen", "花火")

logger = logging.getLogger(__name__)


async def run(settings: BotSettings, frontends: Sequence[str]) -> int:
    """Run services and front-ends until SIGINT or SIGTERM; returns the exit code."""
    embeds = settings.embeds_database or settings.embeds_redis
    lock = InstanceLock(settings.data_dir)
    if embeds:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not lock.acquire("run"):
            _say_busy(lock.holder())
            return 1
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()

    def stop() -> None:
        # The first signal ends everything in order, also while it is still starting.
        if not stopping.is_set() and main is not None:
            stopping.set()
            errors.print("\nStopping …", style="dim")
            main.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    services = LocalServices(settings)
    try:
        if not await _serve(settings, services, lock, frontends, stopping):
            return 1
    except asyncio.CancelledError:
        if not stopping.is_set():
            raise
        return 0
    finally:
        stopping.set()
        # Nothing may cancel the clean-up.
        await asyncio.shield(services.stop())
        lock.release()
    return 0


async def _serve(
    settings: BotSettings,
    services: LocalServices,
    lock: InstanceLock,
    names: Sequence[str],
    stopping: asyncio.Event,
) -> bool:
    """Serve until cancelled; False when there will be no worker to serve with."""
    began = time.monotonic()
    if settings.embeds_database or settings.embeds_redis:
        errors.print("Starting …", style="dim")
        await services.start()
    mine = services if services.children else None
    async with opened(App(settings, services.urls, mine)) as app:
        started: list[Frontend] = []
        work = asyncio.create_task(_work(app, lock, names, started, began), name="work")
        stop = asyncio.create_task(stopping.wait(), name="stop")
        try:
            # Not the cancellation alone: opening the app may have lost it, see end_tasks.
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_tasks([work, stop])
            await asyncio.gather(*(frontend.stop() for frontend in started))
        return work.result()


async def _work(
    app: App, lock: InstanceLock, names: Sequence[str], started: list[Frontend], began: float
) -> bool:
    for name in names:
        frontend = load(name)(app.conversation, app.frontend_options())
        line = await frontend.start()
        started.append(frontend)
        if name == "web":
            lock.publish(InstanceInfo(os.getpid(), "run", line))
        output.print(f"[bold]{name}[/bold]  {line}", soft_wrap=True)  # a link to copy
    if not await warm_up(app):
        return False
    errors.print(f"Warm after {time.monotonic() - began:.1f} s.", style="dim")
    await prepare_samples(app)
    _say_ready()
    if is_bundled(app.settings.encoder):
        hint = f"For people, places and anything else: `{COMMAND}` (1.5 GB)"
        errors.print(hint, soft_wrap=True)  # a command to copy
    await follow_change(app)
    return True


def _say_ready() -> None:
    questions = " · ".join(f"“{question}”" for question in EXAMPLES)
    output.print(f"Ready. Try asking: {questions}   (Ctrl-C ends it)")


def _say_busy(holder: InstanceInfo | None) -> None:
    if holder is None or holder.role != "run":
        errors.print("Another babelpix command is at work here; try again when it has ended.")
        return
    where = f" at {holder.address}" if holder.address else ""
    errors.print(f"Babelpix is running already{where} (process {holder.pid}).")
    errors.print("For a second one beside it, set another DATA_DIR and WEB_PORT.", style="dim")
