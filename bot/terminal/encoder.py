"""``python -m bot encoder``: another encoder, prepared behind the one that answers (ADR 18)."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from rich.table import Table

from bot.app import WARM_UP_TEXT, App, connected
from bot.settings import BotSettings
from bot.terminal.change import LOOK_EVERY_S, on_its_way, show_change, troubles
from bot.terminal.comparison import compare, in_words
from bot.terminal.console import errors, output, progress_bar, warm_up
from db import changes
from db.records import SpaceOverview
from workers.choice import choose_encoder, chosen_encoder
from workers.client import ClientError

HOLD_S = 15.0
"""For so long a complete space waits for this command; should it be killed, it goes live then."""
TAKEN_UP_WITHIN_S = 8.0
"""By then a worker that holds the encoder already would have said so."""
PATIENCE_S = 30.0


async def status(settings: BotSettings, *, as_json: bool) -> int:
    """List the spaces; returns the exit code."""
    async with connected(settings, "encoder", _say) as app:
        spaces = await changes.spaces(app.database)
    if as_json:
        output.print_json(json.dumps([_as_dict(space) for space in spaces]))
        return 0
    if not spaces:
        output.print("No encoder knows any pictures yet.")
        return 0
    table = Table(box=None, pad_edge=False)
    for column in ("encoder", "state", "pictures", "numbers", "since"):
        table.add_column(column, justify="right" if column in {"pictures", "numbers"} else "left")
    for space in spaces:
        table.add_row(
            space.name,
            space.state,
            f"{space.done} of {space.total}",
            str(space.dim),
            f"{space.since.astimezone():%Y-%m-%d %H:%M}",
        )
    output.print(table)
    for space in spaces:
        if space.note:
            errors.print(f"{space.name}: {space.note}", style="yellow", markup=False)
    return 0


async def use(settings: BotSettings, name: str) -> int:
    """Change to an encoder; returns the exit code."""
    if _is_given(settings):
        return 1
    former = chosen_encoder(settings.data_dir)
    if not await _choose(settings, name):
        return 1
    async with connected(settings, "encoder", _say) as app:
        return await _change(app, former)


async def back(settings: BotSettings) -> int:
    """Change to the encoder of before, or give a change under way up; returns the exit code."""
    if _is_given(settings):
        return 1
    former = chosen_encoder(settings.data_dir)
    async with connected(settings, "encoder", _say) as app:
        spaces = await changes.spaces(app.database)
        live = next((space for space in spaces if space.state == "live"), None)
        kept = [space for space in spaces if space.state == "kept"]
        if live is not None and on_its_way(spaces) is not None:
            target = live
        elif kept:
            target = kept[-1]
        else:
            errors.print("There is no encoder of before.", style="red")
            return 1
        if not await _choose(settings, target.source or target.name):
            return 1
        if target is live:
            errors.print(f"The change is given up; {live.name} goes on answering.")
            return 0
        return await _change(app, former)


async def _change(app: App, former: str) -> int:
    """See a change that was chosen through, in the terminal; returns the exit code."""
    if not await warm_up(app):
        choose_encoder(app.settings.data_dir, former)
        return 1
    wanted = chosen_encoder(app.settings.data_dir)
    before = next(s for s in await changes.spaces(app.database) if s.state == "live")
    if not await _taken_up(app, wanted, before):
        choose_encoder(app.settings.data_dir, former)
        return 1
    coming = await _prepared(app)
    if coming is not None:
        _say_compared(in_words(await compare(app, before, coming), [before.name, coming.name]))
        await changes.hold(app.database, coming.id, 0)
    live = await show_change(app) or next(
        space for space in await changes.spaces(app.database) if space.state == "live"
    )
    if live.id == before.id:
        errors.print(f"{live.name} answers already.", markup=False)
        return 0
    if coming is None:  # so few pictures that it was done before anybody could compare
        errors.print(f"{live.name} answers from now on.", markup=False)
        _say_compared(in_words(await compare(app, before, live), [before.name, live.name]))
    output.print("`python -m bot encoder back` goes back.", markup=False)
    return 0


async def _taken_up(app: App, wanted: str, before: SpaceOverview) -> bool:
    """Wait until workers have begun; False, with the reason told, when they cannot."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    told = False
    with errors.status(f"The workers load {Path(wanted).name} …"):
        while True:
            spaces = await changes.spaces(app.database)
            live = next((space for space in spaces if space.state == "live"), before)
            if on_its_way(spaces) is not None or live.id != before.id:
                return True
            is_same = wanted in {live.source, live.name}
            if is_same and loop.time() > began + TAKEN_UP_WITHIN_S:
                return True
            if reasons := await troubles(app):
                errors.print(
                    f"It cannot be used: {reasons[0]}", style="red", markup=False, soft_wrap=True
                )
                return False
            if not told and loop.time() > began + PATIENCE_S:
                told = True
                errors.print(
                    "Workers take it up from DATA_DIR/encoder, or have ENCODER set where they run.",
                    style="dim",
                )
            await asyncio.sleep(0.2)


async def _prepared(app: App) -> SpaceOverview | None:
    """Show how far it is until it is complete, and keep it from going live; None: it is."""
    coming = on_its_way(await changes.spaces(app.database))
    if coming is None:
        return None
    with progress_bar() as bar:
        task = bar.add_task(f"Preparing {coming.name}", total=coming.total)
        while coming is not None:
            await changes.hold(app.database, coming.id, HOLD_S)
            bar.update(task, completed=coming.done, total=coming.total)
            if coming.state == "ready" and await _is_served(app, coming):
                return coming
            await asyncio.sleep(LOOK_EVERY_S / 2)
            coming = on_its_way(await changes.spaces(app.database))
    return None


async def _is_served(app: App, space: SpaceOverview) -> bool:
    """Tell whether a worker encodes questions for a space already."""
    if space.text_revision is None:
        return False
    try:
        await app.client.encode_text(WARM_UP_TEXT, space.text_revision)
    except ClientError:
        return False
    return True


async def _choose(settings: BotSettings, name: str) -> bool:
    """Have the workers' own command fetch and check a model and keep the choice."""
    command = [sys.executable, "-m", "workers", "choose", "--", name]
    environment = {**os.environ, "DATA_DIR": str(settings.data_dir)}
    done = await asyncio.to_thread(subprocess.run, command, env=environment, check=False)
    return done.returncode == 0


def _is_given(settings: BotSettings) -> bool:
    if settings.encoder_is_given:
        errors.print(
            f"ENCODER={settings.encoder} is set, in the environment or .env, and wins over any"
            " choice: change it there and start again. The change itself goes the same way,"
            " without a pause.",
            style="red",
            markup=False,
            soft_wrap=True,
        )
    return settings.encoder_is_given


def _as_dict(space: SpaceOverview) -> dict[str, object]:
    return {
        "name": space.name,
        "state": space.state,
        "done": space.done,
        "total": space.total,
        "dim": space.dim,
        "since": space.since.isoformat(),
        "note": space.note,
    }


def _say(line: str) -> None:
    errors.print(line, style="dim")


def _say_compared(line: str) -> None:
    output.print(line, markup=False, soft_wrap=True)
