"""Messages on Telegram: two transports of a bare bot, and Babelpix beside them.

All are real processes on the real python-telegram-bot, talking to the fake Bot API server of the
tests, with the same number of people writing at once. Counted is the processor time of the bot's
process alone: messages of people answered in a second of one core, the median of some rounds. The
bare bots echo a text, or send a photo, or an album of five, by upload or by the ids of its files.

    python -m benchmarks.messages [--short]
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from itertools import count

from benchmarks._message_bots import AGAIN, ALBUM, PHOTO, PICTURES
from benchmarks._report import Report, Table, main
from benchmarks.interactions import EMOJI, Bot
from bot.app import App, opened
from bot.core.messages import Person as CorePerson
from bot.core.messages import Upload
from samples.emoji import render
from tests.acceptance.telegram_chats import Person
from tests.acceptance.telegram_server import TelegramServer, telegram_server
from tests.stack import Stack, new_data_dir

ASKERS = 32
IN_A_CHAT = 7
"""Pictures in each private chat with Babelpix; a few more than an answer shows."""
FIRST_PERSON = 7_000_000
BABELPIX_MESSAGES = PICTURES + 1
"""An answer of Babelpix: the album, and a text with the buttons, which albums cannot have."""


@asynccontextmanager
async def running(kind: str, *more: str) -> AsyncIterator[tuple[Bot, TelegramServer]]:
    """Run one of the bots, and a server for it, for as long as the block."""
    async with telegram_server() as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks._message_bots", kind, server.url, *more),
            stdin=PIPE,
            stdout=PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        try:
            yield Bot(process), server
        finally:
            process.stdin.close()
            await process.wait()


class Crowd:
    """People who write to a bot, each in a chat of their own."""

    def __init__(self, bot: Bot, server: TelegramServer) -> None:
        self._bot = bot
        self._world = server.world
        self.people = [Person(FIRST_PERSON + n, f"Person {n}") for n in range(ASKERS)]

    async def understood(self, text: str) -> bool:
        """Write a text twice; tells whether an album was the second answer."""
        person = self.people[0]
        chat = self._world.private(person)
        for expected in (PICTURES, 1):
            await self._world.send(person, chat, text)
            (answer, *_) = await chat.next(expected)
        if not answer.album:
            return False
        await chat.next(PICTURES - 1)
        return True

    async def rate(self, total: int, text: Callable[[], str], answers: int) -> tuple[float, float]:
        """Return (messages a processor second of the bot, a second of the clock)."""
        numbers = iter(range(total))

        async def write(person: Person) -> None:
            chat = self._world.private(person)
            for _number in numbers:
                await self._world.send(person, chat, text())
                sent = await chat.next(answers)
                assert answers == 1 or sent[0].album

        began, spent = time.perf_counter(), await self._bot.spent_s()
        await asyncio.gather(*(write(person) for person in self.people))
        spent = await self._bot.spent_s() - spent
        return total / spent, total / (time.perf_counter() - began)


class Figures:
    """What has been measured so far."""

    def __init__(self, counts: tuple[int, int], rounds: int) -> None:
        self._texts, self._albums = counts
        self._rounds = rounds
        self.cores: dict[str, float] = {}
        self._rows: list[tuple[str, str, str]] = []

    async def add(self, name: str, crowd: Crowd, text: Callable[[], str], answers: int = 1) -> None:
        """Warm up, measure, and note the median."""
        total = self._texts if answers == 1 else self._albums
        await crowd.rate(2 * ASKERS, text, answers)
        rates = [await crowd.rate(total, text, answers) for _round in range(self._rounds)]
        core, clock = (statistics.median(one) for one in zip(*rates, strict=True))
        self.cores[name] = core
        self._rows.append((name, f"{core:.0f}", f"{clock:.0f}"))

    def compare(self, name: str, first: str, second: str) -> None:
        """Note how many times faster the first is, if both could be measured."""
        if first in self.cores and second in self.cores:
            self._rows.append((name, f"{self.cores[first] / self.cores[second]:.2f}", ""))

    def table(self) -> Table:
        """Return what was noted."""
        title = f"Messages answered, {ASKERS} people writing at once"
        columns = ("what", "a second of one core", "a second of the clock")
        return Table(title, columns, tuple(self._rows))


async def measure(stack: Stack, figures: Figures) -> None:
    """Measure all bots, one after the other."""
    for transport in ("httpx", "aiohttp"):
        async with running(transport) as (bot, server):
            crowd = Crowd(bot, server)
            await figures.add(f"{transport}, text", crowd, lambda: "black cat")
            await figures.add(f"{transport}, {PHOTO}", crowd, lambda: PHOTO)
            await figures.add(f"{transport}, {ALBUM}", crowd, lambda: ALBUM, PICTURES)
            if await crowd.understood(AGAIN):
                await figures.add(f"{transport}, {AGAIN}", crowd, lambda: AGAIN, PICTURES)
    await fill(stack, [FIRST_PERSON + n for n in range(ASKERS)])
    async with running("babelpix", str(stack.data_dir)) as (bot, server):
        crowd, numbers, stamp = Crowd(bot, server), count(), time.time_ns()
        answers = BABELPIX_MESSAGES
        await figures.add("Babelpix, cached", crowd, lambda: "black cat", answers)
        await figures.add(
            "Babelpix, new question", crowd, lambda: f"{stamp} {next(numbers)}", answers
        )
    for what in ("text", PHOTO, ALBUM, AGAIN):
        figures.compare(f"{what}: aiohttp / httpx", f"aiohttp, {what}", f"httpx, {what}")
    for what in (ALBUM, AGAIN):
        figures.compare(f"Babelpix, cached / {what}", "Babelpix, cached", f"aiohttp, {what}")


async def fill(stack: Stack, chats: Sequence[int]) -> None:
    """Put some pictures into each chat's collection."""
    uploads = []
    for emoji in EMOJI[:IN_A_CHAT]:
        written = BytesIO()
        render(emoji).save(written, "PNG")
        uploads.append(Upload(written.getvalue(), f"{emoji}.png", emoji))
    async with opened(App(stack.settings, stack.urls)) as app:
        for chat in chats:
            collection = f"telegram:chat:{chat}"
            person = CorePerson(f"telegram:{chat}", "Person", is_admin=True)
            added = await app.library.add(collection, person, uploads)
            ids = [one.image_id for one in added if one.image_id is not None]
            async for image in app.library.watch(collection, ids):
                assert image.status == "ready"


def run(is_short: bool) -> Report:
    """Measure all."""
    figures = Figures((400, 150) if is_short else (2000, 600), 2 if is_short else 3)
    stack = Stack(new_data_dir(), samples=False)
    try:
        stack.start()
        asyncio.run(measure(stack, figures))
    finally:
        stack.kill_everything()
        shutil.rmtree(stack.data_dir, ignore_errors=True)
    return Report("Messages on Telegram", [figures.table()])


if __name__ == "__main__":
    main("messages", run)
