"""What the commands share: consoles, progress bars, the wait for the worker."""

from __future__ import annotations

import getpass
import locale
import os

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from bot.app import LOCAL_COLLECTION, App
from bot.core.errors import CoreError
from bot.core.messages import Person
from bot.samples import Samples

errors = Console(stderr=True, highlight=False)
output = Console(highlight=False)


def local_person() -> Person:
    """Return whoever sits at this machine: the admin of its collection."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "local"
    return Person("web:local", name, is_admin=True)


def terminal_language() -> str:
    """Return the language of the terminal as a BCP 47 tag."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            break
    else:
        value = locale.getlocale()[0] or "en"
    code = value.split(".")[0].replace("_", "-")
    return "en" if code in {"C", "POSIX", ""} else code


def progress_bar(*, rate: bool = False) -> Progress:
    """Return a progress bar on standard error: standard output is for answers."""
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
    ]
    if rate:
        columns.append(TextColumn("{task.fields[rate]}"))
    return Progress(*columns, TimeRemainingColumn(), console=errors, transient=False)


async def warm_up(app: App) -> bool:
    """Wait for a warm worker; False, with the reason told, when there will be none."""
    if await app.wait_until_ready(0.5):
        return True
    told = ""
    services = app.services
    with errors.status("The search is warming up …"):
        while not await app.wait_until_ready(0.5):
            if services is None:
                continue
            # In this order: what it has given up for is then among its last words.
            gave_up = services.worker_gave_up
            reason = services.why_no_worker()
            if reason and reason != told:
                told = reason
                errors.print(f"The worker cannot start: {reason}", style="red", markup=False)
            if gave_up:
                if not told:
                    errors.print("The worker cannot start; see its log.", style="red")
                return False
    return True


async def prepare_samples(app: App) -> None:
    """Add the sample collection the first time, with a progress bar."""
    samples = Samples(app.library, app.settings.data_dir)
    if not app.settings.samples or not app.settings.embeds_database or samples.are_added:
        return
    from samples.emoji import EmojiFontError

    try:
        with progress_bar() as bar:
            task = bar.add_task("Preparing the sample pictures", total=None)

            def show(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            await samples.add(LOCAL_COLLECTION, show)
    except EmojiFontError as error:
        errors.print(f"No sample pictures: {error}", style="yellow", markup=False)
    except CoreError as error:
        errors.print(
            f"The sample pictures are not complete ({error.code}); the next start goes on.",
            style="yellow",
        )
