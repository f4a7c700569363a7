"""The sample collection: every emoji and some photographs, so that there is something to find."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core.library import Library
from bot.core.messages import Person, Upload

if TYPE_CHECKING:
    from samples.emoji import Glyph

SAMPLER = Person("babelpix:samples", "Babelpix samples", is_admin=True)
_CHUNK = 64


class Samples:
    """Adds the samples once per data folder; what somebody deleted stays deleted."""

    def __init__(self, library: Library, data_dir: Path) -> None:
        self._library = library
        self._done = data_dir / "samples.done"

    @property
    def are_added(self) -> bool:
        """Whether all samples were added before."""
        return self._done.exists()

    async def add(self, collection: str, progress: Callable[[int, int], None]) -> int:
        """Add every sample and wait until it can be found; returns how many there are.

        Interrupted, it goes on where it was. Raises samples.emoji.EmojiFontError, CoreErrors.
        """
        # What draws takes 10 MiB, and a bot whose samples are there never draws.
        from samples.emoji import glyphs

        drawn = await asyncio.to_thread(lambda: list(glyphs()))
        photographed = await asyncio.to_thread(_photographs)
        count = len(photographed) + len(drawn)
        added: set[int] = set()
        finished = duplicates = 0

        def report() -> None:
            progress(finished + duplicates, count)

        async def watch(image_ids: Sequence[int]) -> None:
            nonlocal finished
            async for _ in self._library.watch(collection, image_ids):
                finished += 1
                report()

        async def upload(uploads: list[Upload]) -> None:
            nonlocal added, duplicates
            items = await self._library.add(collection, SAMPLER, uploads)
            chunk = {item.image_id for item in items if item.image_id is not None} - added
            # Some flags are the same picture: Norway's is also Bouvet Island's.
            duplicates += len(items) - len(chunk)
            added |= chunk
            watching.append(asyncio.create_task(watch(sorted(chunk))))

        report()
        watching: list[asyncio.Task[None]] = []
        try:
            await upload(photographed)
            for at in range(0, len(drawn), _CHUNK):
                await upload(await asyncio.to_thread(_draw, drawn[at : at + _CHUNK]))
            await asyncio.gather(*watching)
        finally:
            for task in watching:
                task.cancel()
        if finished == len(added):
            await asyncio.to_thread(self._done.touch)
        return finished


def _photographs() -> list[Upload]:
    from samples.photographs import photographs

    return [Upload(one.content, one.name, one.caption) for one in photographs()]


def _draw(chunk: Sequence[Glyph]) -> list[Upload]:
    from samples.emoji import render

    uploads = []
    for glyph in chunk:
        file = io.BytesIO()
        # The least compression: a quarter of the time for a third more bytes of a tiny file.
        render(glyph.emoji).save(file, "PNG", compress_level=1)
        caption = f"{glyph.emoji} {glyph.name}"
        uploads.append(Upload(file.getvalue(), f"{glyph.slug}.png", caption))
    return uploads
