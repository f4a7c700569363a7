"""What the terminal shows of a change of encoder while the service runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import timedelta

from redis.exceptions import RedisError

from bot.app import App
from bot.terminal.console import errors, progress_bar
from db import changes
from db.errors import DatabaseError
from db.records import SpaceOverview
from workers import contract

LOOK_EVERY_S = 1.0
RECENT = timedelta(minutes=1)


async def follow_change(app: App) -> None:
    """Show every change of encoder, for ever."""
    told: set[str] = set()
    while True:
        try:
            for line in await _to_tell(app):
                if line not in told:
                    told.add(line)
                    errors.print(line, style="yellow", markup=False, soft_wrap=True)
            if await changes.on_its_way(app.database):
                await show_change(app)
        except DatabaseError:
            pass  # who asks is told
        await asyncio.sleep(LOOK_EVERY_S)


async def show_change(app: App) -> SpaceOverview | None:
    """Show how far the space on its way is until there is none; returns the live one then.

    Raises DatabaseError.
    """
    coming = on_its_way(await changes.spaces(app.database))
    if coming is None:
        return None
    errors.print(
        f"The new encoder, {coming.name}, is being prepared; until then the former one answers.",
        style="dim",
        markup=False,
    )
    with progress_bar() as bar:
        task = bar.add_task(f"Preparing {coming.name}", total=coming.total)
        while coming is not None:
            bar.update(task, completed=coming.done, total=coming.total)
            await asyncio.sleep(LOOK_EVERY_S)
            coming = on_its_way(await changes.spaces(app.database))
    live = next((one for one in await changes.spaces(app.database) if one.state == "live"), None)
    if live is not None:
        errors.print(f"{live.name} answers from now on.", markup=False)
    return live


def on_its_way(spaces: list[SpaceOverview]) -> SpaceOverview | None:
    """Return the space that is being built, or is about to be live."""
    return next((space for space in spaces if space.state in {"building", "ready"}), None)


async def troubles(app: App) -> list[str]:
    """Return what keeps workers from holding the encoder that is wanted."""
    found: dict[str, None] = {}
    with contextlib.suppress(RedisError, OSError, ValueError, KeyError):
        ids = await app.redis.smembers(contract.WORKERS)
        for each in await app.redis.mget(contract.worker_keys(ids)) if ids else ():
            if each and (trouble := json.loads(each).get("trouble")):
                found[str(trouble)] = None
    return list(found)


async def _to_tell(app: App) -> list[str]:
    lines = [f"The new encoder cannot be used: {trouble}" for trouble in await troubles(app)]
    for note in await changes.notes(app.database, RECENT):
        lines.append(f"{note}. All pictures are being encoded anew; few are found now.")
    return lines
