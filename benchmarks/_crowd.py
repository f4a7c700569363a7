"""A crowd that asks the real service on both chat platforms at once."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from benchmarks import _questions, interactions, messages
from benchmarks._service import UNLIMITED
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
async def service(folder: Path, encoder: str) -> AsyncIterator[tuple[Stack, Crowd]]:
    """Run the service with both platforms for as long as the block."""
    async with (
        discord_behind_tls(folder) as (discord, environment),
        telegram_server() as telegram,
    ):
        stack = Stack(new_data_dir(), samples=False)
        stack.environment |= environment | {
            "ENCODER": encoder,
            # Every answer is full, whatever there is to find.
            "MIN_RELEVANCE": "0",
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
