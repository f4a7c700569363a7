"""``python -m bot index``: pictures from this machine's disk into the collection."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import Progress, TaskID

from bot.app import LOCAL_COLLECTION, App, connected
from bot.core.errors import CoreError
from bot.core.messages import Upload
from bot.core.photographs import COMMAND
from bot.core.sentences import REFUSALS, SENTENCES
from bot.core.sniff import media_type
from bot.core.texts import Texts, texts_for
from bot.settings import BotSettings
from bot.terminal.console import errors, local_person, progress_bar, terminal_language, warm_up

CHUNK = 16
MAX_CHUNKS_UNDER_WAY = 4
"""Bounds memory and leaves the worker room for questions."""
_SNIFF_BYTES = 4096


@dataclass(slots=True)
class Tally:
    """What has become of the files so far."""

    added: int = 0
    known: int = 0
    unfinished: int = 0
    photographs: bool = False
    """Whether a picture that is new looks like one, to an encoder that does not know them."""
    failures: list[tuple[Path, str]] = field(default_factory=list)
    """(file, reason in the person's language)"""


async def index(settings: BotSettings, paths: Sequence[Path]) -> int:
    """Add pictures; returns the exit code: 0 when no file failed."""
    if missing := [path for path in paths if not path.exists()]:
        for path in missing:
            errors.print(f"{path}: there is no such file or folder", style="red", markup=False)
        return 2
    async with connected(settings, "index", lambda line: errors.print(line, style="dim")) as app:
        tally = Tally()
        if not await warm_up(app):
            return 1
        try:
            await Indexing(app, tally).run(paths)
        except CoreError as error:
            texts = texts_for(terminal_language())
            errors.print(texts.say(REFUSALS["unavailable"]), style="red", markup=False)
            errors.print(f"({error.code}) Run the same command again to go on.", style="dim")
            return 1
        except asyncio.CancelledError:
            errors.print("Interrupted. Run the same command again to go on.", style="yellow")
            raise
        finally:
            _report(tally)
    return 1 if tally.failures else 0


class Indexing:
    """One run over files and folders."""

    def __init__(self, app: App, tally: Tally) -> None:
        self._library = app.library
        self._conversation = app.conversation
        self._limit = int(app.settings.max_upload_mb * 2**20)
        self._tally = tally
        self._person = local_person()
        self._texts: Texts = texts_for(terminal_language())
        self._room = asyncio.Semaphore(MAX_CHUNKS_UNDER_WAY)
        self._done = 0
        self._started = time.monotonic()

    async def run(self, paths: Sequence[Path]) -> None:
        """Add everything found under the paths; raises CoreErrors of a service that is down."""
        with progress_bar(rate=True) as bar:
            task = bar.add_task("Looking for pictures", total=None, rate="")
            files = await asyncio.to_thread(lambda: list(picture_files(paths)))
            bar.update(task, description="Adding pictures", total=len(files))
            async with asyncio.TaskGroup() as group:
                for at in range(0, len(files), CHUNK):
                    await self._room.acquire()
                    group.create_task(self._chunk(files[at : at + CHUNK], bar, task))

    async def _chunk(self, files: Sequence[Path], bar: Progress, task: TaskID) -> None:
        try:
            uploads, origin = [], []
            for file in files:
                upload = await asyncio.to_thread(self._read, file)
                if upload is None:
                    self._advance(bar, task)
                else:
                    uploads.append(upload)
                    origin.append(file)
            added = await self._library.add(LOCAL_COLLECTION, self._person, uploads)
            if not self._tally.photographs:
                new = [up.content for up, item in zip(uploads, added, strict=True) if item.is_new]
                self._tally.photographs = await self._conversation.are_unknown_photographs(
                    LOCAL_COLLECTION, new
                )
            waiting: dict[int, Path] = {}
            for file, item in zip(origin, added, strict=True):
                if item.image_id is not None and item.is_new and item.image_id not in waiting:
                    waiting[item.image_id] = file
                    continue
                if item.refusal is not None:
                    self._fail(file, item.refusal)
                else:
                    self._tally.known += 1
                self._advance(bar, task)
            self._tally.unfinished += len(waiting)
            async for image in self._library.watch(LOCAL_COLLECTION, list(waiting)):
                self._tally.unfinished -= 1
                if image.status == "failed":
                    self._fail(waiting[image.image_id], image.error or "crashed")
                else:
                    self._tally.added += 1
                self._advance(bar, task)
        finally:
            self._room.release()

    def _read(self, file: Path) -> Upload | None:
        try:
            if file.stat().st_size > self._limit:
                self._fail(file, "too_large")
                return None
            content = file.read_bytes()
        except OSError as error:
            self._tally.failures.append((file, error.strerror or type(error).__name__))
            return None
        caption = " ".join(file.stem.replace("_", " ").split())
        return Upload(content, file.name, caption, source_path=str(file.absolute()))

    def _fail(self, file: Path, reason: str) -> None:
        sentence = self._texts.say(REFUSALS.get(reason, REFUSALS["not_a_picture"]))
        self._tally.failures.append((file, sentence))

    def _advance(self, bar: Progress, task: TaskID) -> None:
        self._done += 1
        rate = self._done / max(time.monotonic() - self._started, 1e-3)
        bar.update(task, advance=1, rate=f"{rate:.0f}/s")


def picture_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files named, and every picture below the folders named, each once, in order.

    Below folders, hidden files and files that are plainly no pictures are passed over.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        found = _below(path) if path.is_dir() else iter([path])
        for file in found:
            try:
                status = file.stat()
            except OSError:
                yield file  # reading it will say what is wrong
                continue
            key = (status.st_dev, status.st_ino)
            if key not in seen:
                seen.add(key)
                yield file


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(parent, name)
            if not name.startswith(".") and _may_be_picture(file):
                yield file


def _may_be_picture(file: Path) -> bool:
    """Tell by the first bytes or the name; what claims to be a picture is worth a report."""
    if file.suffix.lower() in {".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".bmp", ".tiff"}:
        return True
    try:
        with file.open("rb") as stream:
            kind = media_type(stream.read(_SNIFF_BYTES))
    except OSError:
        return False
    return kind is not None and kind.startswith("image/")


def _report(tally: Tally) -> None:
    parts = [f"{tally.added} added", f"{tally.known} there already"]
    if tally.unfinished:
        parts.append(f"{tally.unfinished} stored, findable in a little while")
    if tally.failures:
        parts.append(f"{len(tally.failures)} refused")
    if tally.photographs:
        hint = texts_for(terminal_language()).say(SENTENCES["photographs"], command=COMMAND)
        errors.print(hint, style="yellow", markup=False, soft_wrap=True)
    errors.print(", ".join(parts) + ".")
    for file, reason in tally.failures:
        errors.print(f"  {file}: {reason}", style="red", markup=False, soft_wrap=True)
