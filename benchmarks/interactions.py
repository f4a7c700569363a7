"""Interactions on Discord: Babelpix beside a bare discord.py bot that echoes.

Both are real processes on the real discord.py, talking to the fake Discord of the tests, with the
same number of people asking at once. Counted is the processor time of the bot's process alone, so
that neither the fake nor other work on the machine is in it: interactions a second of one core.

    python -m benchmarks.interactions [--short]
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

from benchmarks._report import Report, Table, main
from bot.app import App, opened
from bot.core.messages import Person, Upload
from samples.emoji import render
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild
from tests.stack import Stack, new_data_dir

ASKERS = 32
PICTURES = 5
EMOJI = "🐈🐕🐎🐘🦁🐍🐢🐙🦋🐝🌹🌻🌳🍎🍌🍕🍔🎂🍺☕🚗🚒🚀🚲🏠🏰⛺🌙🌈🔥💧🎸🎹⚽🏀🎁📷💡📚🔑💔👑👻"


class Bot:
    """One of the bots, in a process of its own."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def spent_s(self) -> float:
        """Return the processor time it has used."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        return float(await self._process.stdout.readline())


@asynccontextmanager
async def running(kind: str, server: DiscordServer, *more: str) -> AsyncIterator[Bot]:
    """Run one of the bots for as long as the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks._interaction_bots", kind),
        *(server.url, server.cdn_url, server.gateway.url, *more),
        stdin=PIPE,
        stdout=PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    try:
        yield Bot(process)
    finally:
        process.stdin.close()
        await process.wait()


async def rate(  # noqa: PLR0917
    bot: Bot,
    server: DiscordServer,
    guild: Guild,
    total: int,
    query: Callable[[int], str],
    pictures: int = 0,
) -> tuple[float, float]:
    """Return (interactions a processor second of the bot, a second of the clock)."""
    options: dict[str, Any] = {"count": pictures} if pictures else {}
    numbers = iter(range(total))

    async def ask(person: DiscordPerson) -> None:
        for n in numbers:
            answer = await (await person.slash("search", query=query(n), **options)).answer()
            assert answer.content
            assert len(answer.files) == pictures
            del server.messages[answer.id]

    people = [DiscordPerson(server, f"Person {n}", guild) for n in range(ASKERS)]
    began, spent = time.perf_counter(), await bot.spent_s()
    await asyncio.gather(*(ask(person) for person in people))
    return total / (await bot.spent_s() - spent), total / (time.perf_counter() - began)


async def measure(stack: Stack, count: int) -> Table:
    """Measure both bots, one after the other, twice."""
    rows: list[tuple[str, str, str]] = []
    cores: dict[str, float] = {}

    async def add(name: str, bot: Bot, query: Callable[[int], str], pictures: int = 0) -> None:
        await rate(bot, server, guild, ASKERS, query, pictures)
        cores[name], clock = await rate(bot, server, guild, count, query, pictures)
        rows.append((name, f"{cores[name]:.0f}", f"{clock:.0f}"))

    server = DiscordServer()
    await server.start()
    guild = server.new_guild("Benchmark")
    await fill(stack, f"discord:guild:{guild.id}")
    try:
        async with running("echo", server) as bot:
            await add("echo, text", bot, lambda _: "black cat")
            await add(f"echo, {PICTURES} pictures", bot, lambda _: "black cat", pictures=PICTURES)
        server.commands.clear()
        async with running("babelpix", server, str(stack.data_dir)) as bot:
            await add("Babelpix, cached", bot, lambda _: "black cat", pictures=PICTURES)
            stamp = time.time_ns()
            await add("Babelpix, new question", bot, lambda n: f"{stamp} {n}", pictures=PICTURES)
    finally:
        await server.stop()
    echoed = cores[f"echo, {PICTURES} pictures"]
    for name in ("Babelpix, cached", "Babelpix, new question"):
        rows.append((f"{name} / echo with pictures", f"{cores[name] / echoed:.2f}", ""))
    columns = ("what", "a second of one core", "a second of the clock")
    return Table(f"Answers, {ASKERS} people asking at once", columns, tuple(rows))


async def fill(stack: Stack, collection: str) -> None:
    """Put some pictures into the server's collection."""
    async with opened(App(stack.settings, stack.urls)) as app:
        uploads = []
        for emoji in EMOJI:
            written = BytesIO()
            render(emoji).save(written, "PNG")
            uploads.append(Upload(written.getvalue(), f"{emoji}.png", emoji))
        added = await app.library.add(collection, Person("benchmark", "Benchmark"), uploads)
        ids = [one.image_id for one in added if one.image_id is not None]
        async for image in app.library.watch(collection, ids):
            assert image.status == "ready"


def run(is_short: bool) -> Report:
    """Measure both."""
    stack = Stack(new_data_dir(), samples=False)
    try:
        stack.start()
        table = asyncio.run(measure(stack, 500 if is_short else 4000))
    finally:
        stack.kill_everything()
        shutil.rmtree(stack.data_dir, ignore_errors=True)
    return Report("Interactions on Discord", [table])


if __name__ == "__main__":
    main("interactions", run)
