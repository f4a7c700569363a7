"""Memory: the real service with both chat front-ends, over many questions.

``python -m bot run`` with Discord, Telegram and the web chat, talking to the fake platforms of the
tests: Discord behind TLS, a proxy between. People ask on both at once, half of them each; every
other question was asked before. All processes are measured before the first question and fifty
times on the way. The text worker is measured with an encoder of real size too, whose weights are
random.

    python -m benchmarks.memory [--short]
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks import _questions, interactions, messages
from benchmarks._processes import BOT, Usage, memory_of, workers
from benchmarks._report import Bar, Plot, Report, Table, main
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_tls import discord_behind_tls
from tests.acceptance.telegram_chats import Person
from tests.acceptance.telegram_server import TelegramServer, telegram_server
from tests.stack import Stack, new_data_dir

ASKERS = 16
"""On each of the two platforms."""
PICTURES = 3
"""In an answer: the fakes share the machine, and larger answers would take hours."""
OFTEN_ASKED = 200
SAMPLES = 50
BOT_MIB = 150
GROWTH_MIB = 3
"""Over the second half of all questions; a line through noise is not level."""
UNLIMITED = "1000000/second"


@dataclass
class Course:
    """What was measured on the way, by the number of questions answered so far."""

    at: list[int] = field(default_factory=list)
    usage: list[dict[str, Usage]] = field(default_factory=list)

    def add(self, answered: int, usage: dict[str, Usage]) -> None:
        """Note a measurement."""
        self.at.append(answered)
        self.usage.append(usage)

    def rss(self, name: str) -> list[float]:
        """Return a process's resident memory over time, in MiB."""
        return [usage[name].rss for usage in self.usage]

    def growth(self, name: str) -> float:
        """Return by how much a process has grown over the second half, in MiB, by a line."""
        half = next(n for n, at in enumerate(self.at) if at >= self.at[-1] / 2)
        at, rss = self.at[half:], self.rss(name)[half:]
        slope, _ = np.polyfit(at, rss, 1)
        return float(slope) * (at[-1] - at[0])


class Crowd:
    """People on both platforms, who take their questions from one list."""

    def __init__(self, discord: DiscordServer, telegram: TelegramServer) -> None:
        self.discord = discord
        self.telegram = telegram
        self.guild = discord.new_guild("Benchmark")
        self.members = [DiscordPerson(discord, f"Person {n}", self.guild) for n in range(ASKERS)]
        self.friends = [Person(messages.FIRST_PERSON + n, f"Person {n}") for n in range(ASKERS)]
        self._often = _questions.some(OFTEN_ASKED)
        self._numbers = count()
        self.answered = 0

    async def ask(self, total: int) -> None:
        """Ask so many questions more, half of them on each platform."""
        halves = [iter(range(total // 2)) for _ in range(2)]
        await asyncio.gather(
            *(self._on_discord(person, halves[0]) for person in self.members),
            *(self._on_telegram(person, halves[1]) for person in self.friends),
        )

    def _next(self) -> str:
        """Return what is asked next: something new, or something asked before."""
        number = next(self._numbers)
        if number % 2:
            return self._often[number // 2 % OFTEN_ASKED]
        (text,) = _questions.some(1, OFTEN_ASKED + number // 2)
        return text

    async def _on_discord(self, person: DiscordPerson, numbers: Iterator[int]) -> None:
        for _ in numbers:
            answer = await (await person.slash("search", query=self._next())).answer()
            assert len(answer.files) == PICTURES, answer.content
            # The fake would keep it all.
            del self.discord.messages[answer.id]
            answer.files = ()
            self.answered += 1

    async def _on_telegram(self, person: Person, numbers: Iterator[int]) -> None:
        chat = self.telegram.world.private(person)
        for _ in numbers:
            await self.telegram.world.send(person, chat, self._next())
            answers = await chat.next(PICTURES + 1)
            assert answers[0].album, answers[0].text
            chat.messages.clear()
            self.answered += 1


@asynccontextmanager
async def service(folder: Path) -> AsyncIterator[tuple[Stack, Crowd]]:
    """Run the service with both platforms for as long as the block."""
    async with (
        discord_behind_tls(folder) as (discord, environment),
        telegram_server() as telegram,
    ):
        stack = Stack(new_data_dir(), samples=False)
        stack.environment |= environment | {
            "TELEGRAM_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_MESSAGES_A_SECOND": "0",
            "PAGE_SIZE": str(PICTURES),
            "LIMIT_PER_PERSON": UNLIMITED,
            "LIMIT_PER_COLLECTION": UNLIMITED,
        }
        try:
            crowd = Crowd(discord, telegram)
            await asyncio.to_thread(stack.start)
            await interactions.fill(stack, f"discord:guild:{crowd.guild.id}")
            await messages.fill(stack, [person.id for person in crowd.friends])
            yield stack, crowd
        finally:
            await asyncio.to_thread(stack.kill_everything)
            shutil.rmtree(stack.data_dir, ignore_errors=True)


async def measure(total: int) -> Course:
    """Measure the service while so many questions are asked."""
    course = Course()
    with tempfile.TemporaryDirectory() as folder:
        async with service(Path(folder)) as (stack, crowd):
            course.add(0, memory_of(stack))
            await crowd.ask(1000)
            course.add(crowd.answered, memory_of(stack))
            step = (total - 1000) // SAMPLES
            for _ in range(SAMPLES):
                await crowd.ask(step)
                course.add(crowd.answered, memory_of(stack))
    return course


def run(is_short: bool) -> Report:
    """Measure, and compare with what was wanted."""
    course = asyncio.run(measure(5_000 if is_short else 100_000))
    return Report(
        title="Memory",
        tables=[_table(course)],
        bars=list(_bars(course)),
        plots=[_plot(course)],
    )


def _bars(course: Course) -> Iterator[Bar]:
    last = course.usage[-1]
    most = max(course.rss(BOT))
    what = "bot with Discord, Telegram and the web chat, at most"
    yield Bar(what, f"<= {BOT_MIB} MiB", f"{most:.0f} MiB", most <= BOT_MIB)
    for name in (BOT, *workers(last)):
        grown = course.growth(name)
        span = course.at[-1] - course.at[-1] // 2
        what = f"growth of the {name} over the last {span:,} questions".replace(",", " ")
        yield Bar(what, f"<= {GROWTH_MIB} MiB", f"{grown:+.1f} MiB", grown <= GROWTH_MIB)


def _table(course: Course) -> Table:
    chosen = (0, 1, -1)
    columns = [f"{course.at[n]:,} questions".replace(",", " ") for n in chosen]
    rows: list[tuple[str, ...]] = []
    for name in course.usage[-1]:
        usage = [course.usage[n][name] for n in chosen]
        rows.append((name, *(f"{one.rss:.0f} ({one.pss:.0f})" for one in usage)))
    return Table("RSS (PSS) in MiB after", ("process", *columns), tuple(rows))


def _plot(course: Course) -> Plot:
    def line(name: str) -> Sequence[tuple[float, float]]:
        return [(at, round(rss, 1)) for at, rss in zip(course.at, course.rss(name), strict=True)]

    names = (BOT, *workers(course.usage[-1]))
    return Plot("Memory", "questions", "RSS, MiB", {name: line(name) for name in names})


if __name__ == "__main__":
    main("memory", run)
